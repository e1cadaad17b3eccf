/** Steps with retries and limits, retry of executions, forks: B7, B16, B23. */
import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { defineEntryPoint, fromStep, type EntryPointOptions, type StepArguments, type StepOptions } from '../../src/index.js'
import { begin } from '../harness/begin.js'
import { eventually, turns } from '../harness/eventually.js'
import { Flights } from '../harness/flights.js'
import { journal } from '../harness/journal.js'
import { worker } from '../harness/programs.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { memoryPlace, places } from '../harness/store-place.js'

interface Call {
  readonly attempt: number
  readonly key: string
  readonly signal: AbortSignal
  readonly at: number
}

function stepping(options: StepOptions, run: (args: StepArguments<unknown>, calls: Call[]) => Promise<unknown>) {
  const clock = new SimulatedClock()
  const calls: Call[] = []
  const step = fromStep((args) => {
    calls.push({ attempt: args.attempt, key: args.idempotencyKey, signal: args.signal, at: clock.now() })
    return run(args, calls)
  }, options)
  const program = setup({ actors: { step } }).createMachine({
    id: 'stepping',
    initial: 'working',
    states: {
      working: { invoke: { id: 'step', src: 'step', onDone: 'done', onError: 'failed' } },
      done: { type: 'final' },
      failed: { type: 'final' },
    },
  })
  const entry = defineEntryPoint({ id: 'stepping', program })
  const place = memoryPlace()
  const open = async () => {
    const store = place.connect()
    return { store, runtime: await begin({ store, clock, entryPoints: [entry], ids: steadyIds() }) }
  }
  return { clock, calls, open }
}

let made = 0
const steadyIds = () => ({ execution: () => `e${++made}`, key: () => `k${++made}`, random: () => 0.5 })

describe('fromStep', () => {
  test('B23: a step is tried again after its back-off, with the same key and the next attempt, and then fails with the last error', async () => {
    const { clock, calls, open } = stepping({ retry: { maxAttempts: 3, backoff: { initial: 1_000 } } }, async ({ attempt }) => {
      throw new Error(`attempt ${attempt}`)
    })
    const { runtime } = await open()
    const execution = await runtime.trigger('stepping')
    await eventually('the first', () => calls.length === 1)
    await turns()
    expect(calls).toHaveLength(1)
    await clock.advance(60_000, () => turns())
    await execution.result()
    expect(await execution.get()).toMatchObject({ value: 'failed' })
    expect(calls.map(({ attempt }) => attempt)).toEqual([1, 2, 3])
    expect(new Set(calls.map(({ key }) => key)).size).toBe(1)
    const [first, second, third] = calls.map(({ at }) => at) as [number, number, number]
    expect(third - second).toBeGreaterThan(second - first)
  })

  test('B23: retryIf decides by the error', async () => {
    const { calls, open } = stepping(
      { retry: { maxAttempts: 3, retryIf: (error) => String(error).includes('busy') } },
      async () => {
        throw new Error('no such card')
      },
    )
    const { runtime } = await open()
    await (await runtime.trigger('stepping')).result()
    expect(calls).toHaveLength(1)
  })

  test('B23: an attempt that takes longer than its timeout gets its signal and fails with step_timeout', async () => {
    const { clock, calls, open } = stepping(
      { timeout: 500, retry: { maxAttempts: 2, backoff: { initial: 10 } } },
      () => new Promise(() => undefined),
    )
    const { runtime } = await open()
    const execution = await runtime.trigger('stepping')
    await eventually('the first', () => calls.length === 1)
    await clock.advance(499, () => turns())
    expect(calls[0]?.signal.aborted).toBe(false)
    await clock.advance(1, () => turns())
    expect(calls[0]?.signal.aborted).toBe(true)
    await clock.advance(5_000, () => turns())
    await execution.result()
    expect(calls).toHaveLength(2)
    expect(await execution.get()).toMatchObject({ value: 'failed' })
  })

  test('B18: attempts go on counting after a crash', async () => {
    const { clock, calls, open } = stepping({ retry: { maxAttempts: 3, backoff: { initial: 1_000 } } }, ({ attempt }) =>
      attempt < 2 ? Promise.reject(new Error('busy')) : new Promise(() => undefined),
    )
    const { store, runtime } = await open()
    const { id } = await runtime.trigger('stepping')
    await eventually('the first', () => calls.length === 1)
    await turns()
    await clock.advance(5_000, () => turns())
    await eventually('the second', () => calls.length === 2)
    await eventually('its record', async () => (await store.load(id))?.state.includes('"attempt":2') ?? false)
    store.cut()
    await open()
    await eventually('the third call', () => calls.length === 3)
    expect(calls.map(({ attempt }) => attempt)).toEqual([1, 2, 2])
    expect(new Set(calls.map(({ key }) => key)).size).toBe(1)
  })

  test('B18: onRecovery fail ends a step that was in flight with step_interrupted', async () => {
    const { calls, open } = stepping({ onRecovery: 'fail' }, () => new Promise(() => undefined))
    const { store, runtime } = await open()
    const { id } = await runtime.trigger('stepping')
    await eventually('the first', () => calls.length === 1)
    store.cut()
    const next = await open()
    await next.runtime.execution(id).result()
    expect(calls).toHaveLength(1)
    expect(await next.runtime.execution(id).get()).toMatchObject({ status: 'completed', value: 'failed' })
  })

  test('B18: onRecovery hold pauses the execution with reason step_in_doubt, and a resume runs the step', async () => {
    const { calls, open } = stepping({ onRecovery: 'hold' }, (_, all) =>
      all.length > 1 ? Promise.resolve() : new Promise(() => undefined),
    )
    const { store, runtime } = await open()
    const { id } = await runtime.trigger('stepping')
    await eventually('the first', () => calls.length === 1)
    store.cut()
    const next = (await open()).runtime.execution(id)
    await eventually('the hold', async () => (await next.get()).status === 'paused')
    expect(await next.get()).toMatchObject({ pause: { reason: expect.stringContaining('step_in_doubt') } })
    expect(calls).toHaveLength(1)
    await next.resume()
    await next.result()
    expect(calls).toHaveLength(2)
    expect(await next.get()).toMatchObject({ value: 'done' })
  })

  test('B23: progress is published durably, and what can not be stored is refused', async () => {
    const { open } = stepping({}, async ({ progress }) => {
      progress({ done: 1, of: 2 })
      expect(() => progress({ call: () => 1 })).toThrow(expect.objectContaining({ code: 'not_storable' }))
    })
    const { store, runtime } = await open()
    const execution = await runtime.trigger('stepping')
    await execution.result()
    expect(await execution.get()).toMatchObject({ value: 'done' })
    const events = await store.events({ since: 0, execution: execution.id, limit: 50 })
    expect(events.find(({ type }) => type === 'execution.progress')?.data).toContain('"of":2')
  })
})

describe('retry of an execution', () => {
  type Options = Partial<EntryPointOptions<ReturnType<typeof worker>, 'work'>>

  async function working(options: Options, place = memoryPlace()) {
    const flights = new Flights()
    const clock = new SimulatedClock()
    const store = place.connect()
    const work = defineEntryPoint({ id: 'work', program: worker(flights), ...options })
    const runtime = await begin({ store, clock, entryPoints: [work] })
    const execution = await runtime.trigger('work', { label: 'a' })
    ;(await flights.started('a.1')).end('one')
    return { flights, clock, store, runtime, execution, failing: await flights.started('a.2') }
  }

  test.each(places)(
    'B7: it goes back to the last good commit: the failing step runs again, not the whole program (%s)',
    async (_, place) => {
      const { flights, clock, store, execution, failing } = await working(
        { retry: { maxAttempts: 2, backoff: { initial: 1_000 } } },
        place(),
      )
      failing.fail()
      await eventually('the back-off', async () => (await journal(store, execution.id)).includes('retrying'))
      expect(await execution.get()).toMatchObject({ status: 'waiting', attempt: 2, context: { results: ['one'] } })
      await clock.advance(60_000, () => turns())
      ;(await flights.started('a.2', 2)).end('two')
      expect(await execution.result()).toMatchObject({ status: 'completed', output: { results: ['one', 'two'] } })
      expect(flights.of('a.1')).toHaveLength(1)
    },
  )

  test('B7: onExhausted fail ends it with the last error', async () => {
    const { flights, clock, execution, failing } = await working({ retry: { maxAttempts: 2, backoff: { initial: 10 } } })
    failing.fail(new Error('first'))
    await turns()
    await clock.advance(5_000, () => turns())
    ;(await flights.started('a.2', 2)).fail(new Error('second'))
    expect(await execution.result()).toMatchObject({ status: 'failed', error: { message: 'second' } })
    expect(await execution.get()).toMatchObject({ attempt: 2, context: { results: ['one'] } })
  })

  test('B10: onExhausted pause keeps it for a person, who mends and resumes with fresh attempts', async () => {
    const { flights, execution, failing } = await working({ retry: { maxAttempts: 1, onExhausted: 'pause' } })
    failing.fail(new Error('broken'))
    await eventually('the pause', async () => (await execution.get()).status === 'paused')
    expect(await execution.get()).toMatchObject({ pause: { reason: 'retries_exhausted' }, error: { message: 'broken' } })
    const same = await execution.retry({ actor: 'ann' })
    expect(same.id).toBe(execution.id)
    ;(await flights.started('a.2', 2)).end('two')
    expect(await execution.result()).toMatchObject({ output: { results: ['one', 'two'] } })
  })

  test.each(places)(
    'B16: a retry of a failed one leaves it as it ended, and a fork of its last good commit runs (%s)',
    async (_, place) => {
      const { flights, execution, failing } = await working({}, place())
      failing.fail(new Error('broken'))
      await execution.result()
      const other = await execution.retry()
      expect(other.id).not.toBe(execution.id)
      ;(await flights.started('a.2', 2)).end('two')
      expect(await other.result()).toMatchObject({ status: 'completed', output: { results: ['one', 'two'] } })
      expect(await execution.result()).toMatchObject({ status: 'failed' })
      expect(flights.of('a.1')).toHaveLength(1)
    },
  )

  test.each(places)(
    'B16: a fork of a kept checkpoint goes on from there, and the original is what it was (%s)',
    async (_, place) => {
      const { flights, store, execution, failing } = await working({ checkpoints: 20 }, place())
      failing.end('two')
      await execution.result()
      const before = await store.load(execution.id)
      const kept = await store.checkpoints(execution.id)
      const second = kept.find(({ state }) => state.includes('"value":"second"'))
      const fork = await execution.fork({ revision: second?.revision ?? -1 })
      ;(await flights.started('a.2', 2)).end('another')
      expect(await fork.result()).toMatchObject({ output: { results: ['one', 'another'] } })
      expect(await store.load(execution.id)).toEqual(before)
      expect((await execution.fork({ idempotencyKey: 'f' })).id).toBe((await execution.fork({ idempotencyKey: 'f' })).id)
    },
  )

  test('B10: a pause during the back-off holds it, and a resume tries again', async () => {
    const { flights, clock, store, execution, failing } = await working({
      retry: { maxAttempts: 3, backoff: { initial: 1_000 } },
    })
    failing.fail()
    await eventually('the back-off', async () => (await journal(store, execution.id)).includes('retrying'))
    expect(await execution.pause()).toMatchObject({ status: 'paused' })
    await clock.advance(100_000, () => turns(5))
    expect(flights.of('a.2')).toHaveLength(1)
    await execution.resume()
    ;(await flights.started('a.2', 2)).end()
    expect(await execution.result()).toMatchObject({ status: 'completed' })
  })
})
