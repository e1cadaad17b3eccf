/** Steps that must not run twice unasked, and whatever interrupts them: a kill, a deploy, a pause, a store that fails. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { setup } from 'xstate'
import { defineEntryPoint, fromStep, type EntryPointOptions, type ExecutionHandle, type OnRecovery } from '../../src/index.js'
import { createTestRuntime, faultyStore, type FaultyStore } from '../../src/testing/index.js'
import { memoryPlace, places } from '../support/store-place.js'

/** Waits for GO, then pays, which must not happen twice unasked, and then thanks. */
function paying(onRecovery: OnRecovery) {
  const unmocked = () => Promise.reject(new Error('to be mocked'))
  return setup({
    actors: { pay: fromStep<unknown>(unmocked, { onRecovery }), first: fromStep<unknown>(unmocked) },
  }).createMachine({
    id: 'paying',
    initial: 'ready',
    states: {
      ready: { on: { GO: 'paying', FIRST: 'first' } },
      first: { invoke: { id: 'first', src: 'first', onDone: 'paying', onError: 'failed' } },
      paying: {
        on: { LOOK: {} },
        invoke: {
          id: 'pay',
          src: 'pay',
          onDone: 'paid',
          onError: [
            { guard: ({ event }) => (event.error as { code?: string }).code === 'step_interrupted', target: 'asked' },
            { target: 'failed' },
          ],
        },
      },
      paid: { type: 'final' },
      asked: { type: 'final' },
      failed: { type: 'final' },
    },
  })
}

type Paying = ReturnType<typeof paying>

function payments(onRecovery: OnRecovery, place = memoryPlace(), options: Partial<EntryPointOptions<Paying, 'paying'>> = {}) {
  const stores: FaultyStore[] = []
  const open = () => {
    const store = faultyStore(place.open())
    stores.push(store)
    return store
  }
  const entryPoint = defineEntryPoint({ id: 'paying', program: paying(onRecovery), ...options })
  const world = createTestRuntime({ entryPoints: [entryPoint], store: open })
  onTestFinished(() => world.stop())
  const [pay, first] = [world.hold('pay'), world.hold('first')]
  const going = async (type: 'GO' | 'FIRST' = 'GO') => {
    const execution = await world.trigger('paying')
    await execution.send({ type })
    await world.settle()
    return execution
  }
  return { world, pay, first, going, stores }
}

type Payments = ReturnType<typeof payments>
type Execution = Pick<ExecutionHandle<Paying>, 'send' | 'pause' | 'resume' | 'get' | 'result'>

const interruptions: Readonly<Record<string, (of: Payments, execution: Execution) => Promise<unknown>>> = {
  'a kill': ({ world }) => (world.crash(), world.restart()),
  'a deploy': ({ world }) => world.redeploy(),
  'a pause now': async (_, execution) => {
    await execution.pause({ mode: 'now' })
    await execution.resume()
  },
  'a pause now, with a deploy before the resume': async ({ world }, execution) => {
    await execution.pause({ mode: 'now' })
    await world.redeploy()
    await execution.resume()
  },
  'a pause now, with a kill before the resume': async ({ world }, execution) => {
    await execution.pause({ mode: 'now' })
    world.crash()
    await world.restart()
    await execution.resume()
  },
  'a failure of the store': async ({ world, stores }, execution) => {
    for (const store of stores) store.inject({ kind: 'throw', call: 'commit' })
    await execution.send({ type: 'LOOK' }).catch(() => undefined)
    for (const store of stores) store.heal()
    await world.advance(10_000)
  },
}

describe.each(places)('on %s', (_, place) => {
  describe.each(Object.entries(interruptions))('a step that is in flight at %s', (_how, interrupt) => {
    test('runs again by default', async () => {
      const of = payments('rerun', place())
      const execution = await of.going()
      await interrupt(of, execution)
      await of.world.settle()
      expect(of.pay.calls).toHaveLength(2)
      of.pay.calls[1]!.resolve(undefined)
      await execution.result()
      expect(await execution.get()).toMatchObject({ value: 'paid' })
    })

    test('does not run again with fail, and ends with step_interrupted', async () => {
      const of = payments('fail', place())
      const execution = await of.going()
      await interrupt(of, execution)
      await execution.result()
      expect(of.pay.calls).toHaveLength(1)
      expect(await execution.get()).toMatchObject({ value: 'asked' })
    })

    test('does not run again with hold before a person resumes the execution', async () => {
      const of = payments('hold', place())
      const execution = await of.going()
      await interrupt(of, execution)
      await of.world.settle()
      expect(of.pay.calls).toHaveLength(1)
      const reason = expect.stringContaining('step_in_doubt') as string
      expect(await execution.get()).toMatchObject({ status: 'paused', pause: { reason } })
      await execution.resume()
      await of.world.settle()
      expect(of.pay.calls).toHaveLength(2)
      await interrupt(of, execution)
      await of.world.settle()
      expect(of.pay.calls).toHaveLength(2)
      expect(await execution.get()).toMatchObject({ status: 'paused', pause: { reason } })
      await execution.resume()
      await of.world.settle()
      of.pay.calls[2]!.resolve(undefined)
      await execution.result()
      expect(await execution.get()).toMatchObject({ value: 'paid' })
    })
  })
})

const guarded = ['fail', 'hold'] as const

describe.each(guarded)('a step with %s that was only held back', (onRecovery) => {
  const paid = async ({ world, pay }: Payments, execution: Execution) => {
    await world.settle()
    expect(pay.calls).toHaveLength(1)
    pay.calls[0]!.resolve(undefined)
    await execution.result()
    expect(await execution.get()).toMatchObject({ value: 'paid' })
  }

  test.each(['nothing', 'a deploy', 'a kill'])('by a pause at the boundary runs after %s and the resume', async (what) => {
    const of = payments(onRecovery)
    const execution = await of.going('FIRST')
    const pausing = execution.pause({ mode: 'boundary' })
    await of.world.settle()
    of.first.calls[0]!.resolve(undefined)
    await pausing
    if (what !== 'nothing') await interruptions[what]!(of, execution)
    await execution.resume()
    await paid(of, execution)
  })

  test.each(['nothing', 'a deploy', 'a kill'])('for want of a slot runs after %s', async (what) => {
    const of = payments(onRecovery, memoryPlace(), { maxConcurrent: 1 })
    const waiting = await of.world.trigger('paying')
    await of.world.settle()
    const busy = await of.going('FIRST')
    await waiting.send({ type: 'GO' })
    await of.world.settle()
    expect(of.pay.calls).toEqual([])
    if (what !== 'nothing') await interruptions[what]!(of, waiting)
    await of.world.settle()
    await busy.cancel()
    await of.world.settle()
    await paid(of, waiting)
  })

  test('by a stop that waits for another one runs after the next start', async () => {
    const of = payments(onRecovery)
    const execution = await of.going('FIRST')
    const deployed = of.world.redeploy()
    await deployed
    await of.world.settle()
    of.first.calls.at(-1)!.resolve(undefined)
    await paid(of, execution)
  })
})

test('one that has ended within a pause at the boundary is not in doubt', async () => {
  const of = payments('fail')
  const execution = await of.going()
  const pausing = execution.pause({ mode: 'boundary' })
  await of.world.settle()
  of.pay.calls[0]!.resolve(undefined)
  await pausing
  await execution.resume()
  await execution.result()
  expect(await execution.get()).toMatchObject({ value: 'paid' })
})

test('an attempt of the program that begins anew after its step has failed runs that step again', async () => {
  const step = fromStep<unknown>(() => Promise.reject(new Error('to be mocked')), { onRecovery: 'fail' })
  const program = setup({ actors: { step } }).createMachine({
    id: 'two',
    type: 'parallel',
    states: {
      a: {
        initial: 'on',
        states: { on: { invoke: { id: 'failing', src: 'step', input: 'failing', onDone: 'off' } }, off: { type: 'final' } },
      },
      b: {
        initial: 'on',
        states: {
          on: { invoke: { id: 'flying', src: 'step', input: 'flying', onDone: 'off', onError: 'asked' } },
          off: { type: 'final' },
          asked: { type: 'final' },
        },
      },
    },
  })
  const entryPoint = defineEntryPoint({ id: 'two', program, retry: { maxAttempts: 2 } })
  const world = createTestRuntime({ entryPoints: [entryPoint] })
  onTestFinished(() => world.stop())
  const held = world.hold('step')
  const execution = await world.trigger('two')
  await world.settle()
  held.calls.find(({ input }) => input === 'failing')!.reject(new Error('not yet'))
  await world.advance(60_000)
  expect(held.calls.map(({ input }) => input)).toEqual(['failing', 'flying', 'failing'])
  held.calls[2]!.resolve(undefined)
  await execution.result()
  expect(await execution.get()).toMatchObject({ value: { a: 'off', b: 'asked' } })
})

test('a fork runs what the execution that it was taken from had begun', async () => {
  const of = payments('fail')
  const execution = await of.going()
  await execution.pause({ mode: 'now' })
  await execution.fork()
  await of.world.settle()
  expect(of.pay.calls).toHaveLength(2)
})

test('while an execution makes good what it has done, one with hold ends with step_interrupted', async () => {
  const undo = fromStep<unknown>(() => Promise.reject(new Error('to be mocked')), { onRecovery: 'hold' })
  const program = setup({ actors: { undo } }).createMachine({
    id: 'undoing',
    initial: 'ready',
    context: { code: undefined as unknown },
    states: {
      ready: { on: { STOP: 'undoing' } },
      undoing: { invoke: { id: 'undo', src: 'undo', onDone: 'undone', onError: 'asked' } },
      undone: { type: 'final' },
      asked: { type: 'final' },
    },
  })
  const entryPoint = defineEntryPoint({ id: 'undoing', program, cancelEvent: { type: 'STOP' } })
  const world = createTestRuntime({ entryPoints: [entryPoint] })
  onTestFinished(() => world.stop())
  const held = world.hold('undo')
  const execution = await world.trigger('undoing')
  await world.settle()
  await execution.cancel({ timeout: 1 })
  await world.settle()
  await world.redeploy()
  await world.settle()
  expect(held.calls).toHaveLength(1)
  expect(await execution.get()).toMatchObject({ status: 'cancelled', value: 'asked' })
})
