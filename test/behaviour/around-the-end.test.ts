/** What is told of an execution whose end, pause or resume is in memory and not in the store yet. */
import { describe, expect, test } from 'vitest'
import { assign, fromPromise, setup } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { faultyStore } from '../../src/testing/store/faulty-store.js'
import { begin } from '../support/begin.js'
import { eventually } from '../support/eventually.js'
import { approval, worker } from '../support/programs.js'
import { places } from '../support/store-place.js'

const counter = setup({
  types: { context: {} as { got: number }, events: {} as { type: 'ADD' | 'END' | 'BOOM' | 'UNSEEN' | 'NEVER' } },
}).createMachine({
  id: 'counter',
  context: { got: 0 },
  initial: 'open',
  on: {
    ADD: { actions: assign({ got: ({ context }) => context.got + 1 }) },
    NEVER: { guard: () => false, actions: () => undefined },
  },
  states: {
    open: {
      on: {
        END: 'closed',
        BOOM: {
          actions: assign(() => {
            throw new Error('boom')
          }),
        },
      },
    },
    closed: { type: 'final' },
  },
})

describe.each(places)('on %s', (_, place) => {
  const open = async () => {
    const runtime = await begin({
      store: place().connect(),
      entryPoints: [defineEntryPoint({ id: 'counter', program: counter })],
    })
    const execution = await runtime.trigger('counter')
    await eventually('it to wait', async () => (await execution.get()).status === 'waiting')
    return execution
  }

  test.each([
    ['END', 'completed'],
    ['BOOM', 'failed'],
  ] as const)('an event in the turn in which %s ends the program is refused as already_finished', async (type, as) => {
    const execution = await open()
    const [end, late] = await Promise.all([execution.send({ type }), execution.send({ type: 'ADD' })])
    expect(end).toMatchObject({ status: 'delivered', taken: true })
    expect(late).toEqual({ status: 'already_finished', as })
    expect(await execution.get()).toMatchObject({ status: as, context: { got: 0 } })
  })

  test('an event, and each command, to one that has ended and whose last action still runs is refused as already_finished', async () => {
    let end: () => void = () => undefined
    const last = new Promise<void>((resolve) => (end = resolve))
    const program = setup({ actions: { last: () => last as never } }).createMachine({
      id: 'ending',
      initial: 'open',
      states: { open: { on: { END: { target: 'closed', actions: 'last' } } }, closed: { type: 'final' } },
    })
    const entryPoints = [defineEntryPoint({ id: 'ending', program })]
    const runtime = await begin({ store: place().connect(), entryPoints })
    const execution = await runtime.trigger('ending')
    await execution.send({ type: 'END' })
    await eventually('its end', async () => (await execution.get()).status === 'completed')
    const refused = { status: 'already_finished', as: 'completed' }
    expect(await execution.send({ type: 'END' })).toEqual(refused)
    expect(await execution.pause()).toEqual(refused)
    expect(await execution.resume()).toEqual(refused)
    expect(await execution.cancel()).toEqual(refused)
    end()
  })

  test('an event that a program had taken when it failed for good is not told as delivered', async () => {
    const execution = await open()
    const [early, end] = await Promise.all([execution.send({ type: 'ADD' }), execution.send({ type: 'BOOM' })])
    expect(end).toMatchObject({ status: 'delivered' })
    expect(early).toEqual({ status: 'already_finished', as: 'failed' })
    expect(await execution.get()).toMatchObject({ status: 'failed', context: { got: 0 } })
  })

  test('a send says whether the machine has a transition for the event', async () => {
    const execution = await open()
    expect(await execution.send({ type: 'ADD' })).toMatchObject({ status: 'delivered', taken: true })
    for (const type of ['UNSEEN', 'NEVER'] as const)
      expect(await execution.send({ type })).toMatchObject({ status: 'delivered', taken: false })
  })

  test('events of one client keep their order, through whichever runtime each is sent', async () => {
    const shared = place()
    const entryPoints = [defineEntryPoint({ id: 'approval', program: approval, passivateAfter: Infinity })] as const
    const owner = await begin({ store: shared.connect(), entryPoints, pollInterval: 20 })
    const other = await begin({ store: shared.connect(), entryPoints, pollInterval: 20 })
    const { id } = await owner.trigger('approval')
    const texts = Array.from({ length: 10 }, (_each, n) => String(n))
    for (const [n, text] of texts.entries())
      await (n % 2 ? owner : other).execution<typeof approval>(id).send({ type: 'NOTE', text })
    await owner.execution<typeof approval>(id).send({ type: 'APPROVE' })
    expect(await owner.execution(id).result()).toMatchObject({ output: { notes: texts } })
  })
})

describe('with a store that fails', () => {
  const work = (step: () => Promise<string>, more = {}) =>
    defineEntryPoint({ id: 'work', program: worker({ step: fromPromise(step) }), ...more })

  test('a resume that waits for another one is told what became of that', async () => {
    const store = faultyStore(memoryStore())
    const runtime = await begin({ store, entryPoints: [defineEntryPoint({ id: 'approval', program: approval })] })
    const execution = await runtime.trigger('approval')
    await execution.pause()
    // the batch, and the same commit alone
    store.inject({ kind: 'throw', call: 'commit', times: 2 })
    const answers = await Promise.allSettled([execution.resume(), execution.resume()])
    expect(answers.map((answer) => (answer.status === 'rejected' ? (answer.reason as { code: string }).code : answer))).toEqual([
      'store_failed',
      'store_failed',
    ])
    expect(await execution.get()).toMatchObject({ status: 'paused' })
    store.heal()
    expect(await execution.resume()).toMatchObject({ status: 'resumed' })
    expect(await execution.resume()).toEqual({ status: 'already_running' })
  })

  test('an event to one whose resume is not durable is queued, and delivered once', async () => {
    const store = faultyStore(memoryStore())
    let fail: (error: Error) => void = () => undefined
    const step = () => new Promise<string>((_resolve, reject) => (fail = reject))
    const retry = { maxAttempts: 2, onExhausted: 'pause', backoff: { initial: 60_000 } } as const
    const runtime = await begin({ store, entryPoints: [work(step, { retry })] })
    const execution = await runtime.trigger('work', { label: 'a' })
    await execution.pause({ timeout: 0 })
    store.inject({ kind: 'throw', call: 'commit', times: 2 })
    fail(new Error('broken'))
    await eventually('the commits to fail', () => store.failures === 2)
    await eventually('the pause', async () => (await execution.get()).status === 'paused')
    const [resumed, sent] = await Promise.all([execution.resume(), execution.send({ type: 'NOTE', text: 'x' })])
    expect([resumed.status, sent.status]).toEqual(['resumed', 'queued'])
    await eventually('the event', async () => JSON.stringify(await execution.get()).includes('"x"'))
    expect(await execution.resume()).toEqual({ status: 'already_running' })
  })

  test('a cancel in the turn of an end that can not be written is told so, and carried out when it is given again', async () => {
    const store = faultyStore(memoryStore())
    let end: (output: string) => void = () => undefined
    const runtime = await begin({ store, entryPoints: [work(() => new Promise((resolve) => (end = resolve)))] })
    const execution = await runtime.trigger('work', { label: 'a' })
    end('one')
    await eventually('the second step', async () => JSON.stringify(await execution.get()).includes('one'))
    store.inject({ kind: 'throw', call: 'commit', times: 2 })
    end('two')
    await expect(execution.cancel()).rejects.toMatchObject({ code: 'store_failed' })
    store.heal()
    expect(await execution.cancel()).toEqual({ status: 'cancelled' })
    expect(await execution.result()).toMatchObject({ status: 'cancelled' })
  })
})

test('a pause that a resume takes back before its steps are gone answers resumed', async () => {
  const program = worker({ step: fromPromise(() => new Promise<string>(() => undefined)) })
  const runtime = await begin({ store: memoryStore(), entryPoints: [defineEntryPoint({ id: 'work', program })] })
  const execution = await runtime.trigger('work', { label: 'a' })
  const paused = execution.pause()
  await eventually('it to pause', async () => (await execution.get()).status === 'pausing')
  const resumed = await execution.resume()
  expect(await paused).toEqual(resumed)
})

test('a pause that is pending when the runtime stops is told already_stopped', async () => {
  const program = worker({ step: fromPromise(() => new Promise<string>(() => undefined)) })
  const runtime = await begin({ store: memoryStore(), entryPoints: [defineEntryPoint({ id: 'work', program })] })
  const execution = await runtime.trigger('work', { label: 'a' })
  const paused = execution.pause().catch((error: unknown) => error)
  await eventually('it to pause', async () => (await execution.get()).status === 'pausing')
  await runtime.stop()
  expect(await paused).toMatchObject({ code: 'already_stopped' })
})

test('an event whose type can not be read is refused as invalid_event', async () => {
  const runtime = await begin({ store: memoryStore(), entryPoints: [defineEntryPoint({ id: 'approval', program: approval })] })
  const execution = await runtime.trigger('approval')
  const odd = {
    get type(): 'APPROVE' {
      throw new Error('no')
    },
  }
  await expect(execution.send(odd)).rejects.toMatchObject({ code: 'invalid_event' })
})
