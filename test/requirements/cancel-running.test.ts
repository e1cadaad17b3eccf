/** Cancel of executions that run, wait, are paused or have ended: B5, B6, B7, B8, B9. */
import { describe, expect, test } from 'vitest'
import { defineEntryPoint, type EntryPointOptions } from '../../src/index.js'
import { begin } from '../harness/begin.js'
import { eventually, turns } from '../harness/eventually.js'
import { Flights } from '../harness/flights.js'
import { ends, journal } from '../harness/journal.js'
import { approval, worker } from '../harness/programs.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { memoryPlace, places } from '../harness/store-place.js'

async function running(options: Partial<EntryPointOptions<ReturnType<typeof worker>, 'work'>> = {}) {
  const flights = new Flights()
  const clock = new SimulatedClock()
  const store = memoryPlace().connect()
  const work = defineEntryPoint({ id: 'work', program: worker(flights), maxConcurrent: 1, ...options })
  const runtime = await begin({ store, clock, entryPoints: [work] })
  const execution = await runtime.trigger('work', { label: 'a' })
  const step = await flights.started('a.1')
  return { flights, clock, store, runtime, execution, step }
}

describe('B5: a cancel is no pause and no failure', () => {
  test.each(places)(
    'B5: cancelled is a status, a result and an event of its own, with reason and actor (%s)',
    async (_, place) => {
      const flights = new Flights()
      flights.heeds = true
      const store = place().connect()
      const runtime = await begin({ store, entryPoints: [defineEntryPoint({ id: 'work', program: worker(flights) })] })
      const execution = await runtime.trigger('work', { label: 'a' })
      await flights.started('a.1')
      expect(await execution.cancel({ reason: 'enough', actor: 'bob' })).toEqual({ status: 'cancelled' })
      expect(await execution.get()).toMatchObject({
        status: 'cancelled',
        error: null,
        cancel: { reason: 'enough', actor: 'bob' },
      })
      expect(await execution.result()).toMatchObject({ status: 'cancelled', reason: 'enough', actor: 'bob' })
      expect(await journal(store, execution.id)).toEqual(['accepted', 'started', 'cancelling', 'cancelled'])
    },
  )

  test('B5: cancel, pause, failure, time limit and stop can be told apart by record, result and events', async () => {
    const { flights, clock, store, runtime, execution, step } = await running({ maxConcurrent: 10 })
    flights.heeds = true
    const start = async (label: string, options = {}) => {
      const handle = await runtime.trigger('work', { label }, options)
      await flights.started(`${label}.1`)
      return handle
    }
    const paused = await start('b')
    const failed = await start('c')
    const late = await start('d', { timeout: 1_000 })
    const stopped = await start('e')
    step.fail(new Error('a.1 failed'))
    expect(await execution.result()).toMatchObject({ status: 'failed', error: { message: 'a.1 failed' } })
    await paused.pause({ mode: 'now' })
    await failed.cancel()
    await clock.advance(1_000, () => turns())
    expect(await late.result()).toEqual({ status: 'timed_out', limit: 'timeout' })
    const last = async (id: string) => (await journal(store, id)).at(-1)
    const all = [execution, paused, failed, late, stopped]
    expect(await Promise.all(all.map(({ id }) => last(id)))).toEqual(['failed', 'paused', 'cancelled', 'timed_out', 'started'])
    await runtime.stop()
    await store.open()
    expect(await last(stopped.id)).toBe('started')
    expect(await store.load(stopped.id)).toMatchObject({ status: 'running', owner: null })
  })
})

describe('B6: after the end is decided', () => {
  test('B6: a cancel that comes while the end is being written is refused, and result, record and event agree', async () => {
    const flights = new Flights()
    const held: { until?: Promise<void> } = {}
    let letGo: () => void = () => undefined
    let reached = false
    const store = memoryPlace().connect((inner) => ({
      commit: async (batch) => {
        if (batch.some(({ status }) => status === 'completed')) {
          reached = true
          await held.until
        }
        return inner.commit(batch)
      },
    }))
    const runtime = await begin({ store, entryPoints: [defineEntryPoint({ id: 'work', program: worker(flights) })] })
    const execution = await runtime.trigger('work', { label: 'a' })
    held.until = new Promise((resolve) => (letGo = resolve))
    for (const label of ['a.1', 'a.2']) (await flights.started(label)).end()
    await eventually('the end to be on its way', () => reached)
    const answers = [execution.cancel(), execution.pause(), execution.resume(), execution.send({ type: 'NOTE', text: 'late' })]
    await turns()
    letGo()
    for (const answer of await Promise.all(answers)) expect(answer).toEqual({ status: 'already_finished', as: 'completed' })
    expect(await execution.result()).toMatchObject({ status: 'completed' })
    expect(await execution.get()).toMatchObject({ status: 'completed' })
    expect(await ends(store, execution.id)).toEqual(['completed'])
  })

  test('B6: every command to a finished execution answers how it ended', async () => {
    const { flights, execution, step } = await running()
    flights.free.add('a.2')
    step.end()
    await execution.result()
    const finished = { status: 'already_finished', as: 'completed' }
    expect(await execution.cancel()).toEqual(finished)
    expect(await execution.pause()).toEqual(finished)
    expect(await execution.resume()).toEqual(finished)
    expect(await execution.send({ type: 'NOTE', text: 'late' })).toEqual(finished)
  })

  test('B6: a cancel between the commit of the start and the first step ends with one terminal event', async () => {
    const flights = new Flights()
    flights.heeds = true
    const store = memoryPlace().connect()
    const runtime = await begin({ store, entryPoints: [defineEntryPoint({ id: 'work', program: worker(flights) })] })
    const started = await runtime.trigger('work', { label: 'a' })
    expect(await started.cancel()).toEqual({ status: 'cancelled' })
    expect(await ends(store, started.id)).toEqual(['cancelled'])
  })
})

describe('B7: what was done is kept', () => {
  test.each(places)(
    'B7: a second cancel, and a cancel after a step, lose nothing of context and revision (%s)',
    async (_, place) => {
      const flights = new Flights()
      const store = place().connect()
      const runtime = await begin({ store, entryPoints: [defineEntryPoint({ id: 'work', program: worker(flights) })] })
      const execution = await runtime.trigger('work', { label: 'a' })
      ;(await flights.started('a.1')).end('one')
      const second = await flights.started('a.2')
      await execution.send({ type: 'NOTE', text: 'kept' })
      const before = await store.load(execution.id)
      const first = execution.cancel()
      const again = execution.cancel()
      await eventually('the signal', () => second.signal.aborted)
      second.fail()
      await Promise.all([first, again])
      const record = await execution.get()
      expect(record).toMatchObject({ status: 'cancelled', context: { results: ['one'], notes: ['kept'] }, value: 'second' })
      expect((await store.load(execution.id))?.revision).toBeGreaterThan(before?.revision ?? Infinity)
    },
  )

  test('B7: a failure keeps the context of the last good commit and says what went wrong', async () => {
    const { flights, execution, step } = await running()
    step.end('one')
    ;(await flights.started('a.2')).fail(new TypeError('broken pipe'))
    expect(await execution.result()).toMatchObject({ status: 'failed', error: { name: 'TypeError', message: 'broken pipe' } })
    expect(await execution.get()).toMatchObject({ status: 'failed', context: { results: ['one'] }, error: { name: 'TypeError' } })
  })
})

describe('B8: work that does not heed its signal', () => {
  test('B8: a cancel with a time of its own answers cancelling, and the execution stays tracked', async () => {
    const { clock, execution, step } = await running()
    const answer = execution.cancel({ timeout: 100 })
    await eventually('the signal', () => step.signal.aborted)
    await clock.advance(100, () => turns())
    expect(await answer).toEqual({ status: 'cancelling' })
    expect(await execution.get()).toMatchObject({ status: 'cancelling' })
    expect(await execution.result({ timeout: 0 })).toEqual({ status: 'timeout' })
    step.end()
    expect(await execution.result()).toMatchObject({ status: 'cancelled' })
  })

  test('B8: the slot stays taken until the step is really gone', async () => {
    const { flights, runtime, execution, step } = await running()
    const next = await runtime.trigger('work', { label: 'b' })
    const cancelled = execution.cancel()
    await eventually('the signal', () => step.signal.aborted)
    await turns()
    expect(flights.of('b.1')).toEqual([])
    expect(await next.get()).toMatchObject({ status: 'queued' })
    step.end()
    expect(await cancelled).toEqual({ status: 'cancelled' })
    await flights.started('b.1')
  })

  test('B8: the slot is free once cancelTimeout has passed, and the late result is dropped', async () => {
    const { flights, clock, store, runtime, execution, step } = await running({ cancelTimeout: 5_000 })
    await runtime.trigger('work', { label: 'b' })
    const cancelled = execution.cancel()
    await eventually('the signal', () => step.signal.aborted)
    await clock.advance(4_999, () => turns())
    expect(flights.of('b.1')).toEqual([])
    await clock.advance(1, () => turns())
    expect(await cancelled).toEqual({ status: 'cancelled' })
    await flights.started('b.1')
    const before = await store.load(execution.id)
    step.end('too late')
    await turns()
    expect(await store.load(execution.id)).toEqual(before)
    expect(flights.of('a.2')).toEqual([])
    expect(await execution.result()).toMatchObject({ status: 'cancelled' })
    expect(await ends(store, execution.id)).toEqual(['cancelled'])
  })

  test('B8: a step that ends in success after the cancel does not complete the execution', async () => {
    const { flights, execution, step } = await running()
    flights.free.add('a.2')
    const cancelled = execution.cancel()
    await eventually('the signal', () => step.signal.aborted)
    step.end()
    expect(await cancelled).toEqual({ status: 'cancelled' })
    expect(await execution.get()).toMatchObject({ status: 'cancelled', context: { results: [] } })
    expect(flights.of('a.2')).toEqual([])
  })

  test('B8: the id of an execution that is being cancelled can not be taken again', async () => {
    const flights = new Flights()
    const runtime = await begin({
      store: memoryPlace().connect(),
      entryPoints: [defineEntryPoint({ id: 'work', program: worker(flights) })],
    })
    const execution = await runtime.trigger('work', { label: 'a' }, { id: 'mine' })
    const step = await flights.started('a.1')
    const cancelled = execution.cancel()
    await expect(runtime.trigger('work', { label: 'b' }, { id: 'mine' })).rejects.toMatchObject({ code: 'duplicate_execution' })
    await eventually('the signal', () => step.signal.aborted)
    expect(await execution.resume()).toEqual({ status: 'cancelling' })
    expect(await execution.pause({ timeout: 0 })).toEqual({ status: 'cancelling' })
    step.end()
    await cancelled
    expect(flights.all).toHaveLength(1)
  })
})

describe('B9: nothing is left behind', () => {
  test('B9: after failure, cancel and completion no execution and no slot stays in memory, and no event reaches the dead', async () => {
    const { flights, runtime, execution, step } = await running()
    step.fail()
    await execution.result()
    flights.heeds = true
    const cancelled = await runtime.trigger('work', { label: 'b' })
    await flights.started('b.1')
    await cancelled.cancel()
    for (const label of ['c.1', 'c.2']) flights.free.add(label)
    const completed = await runtime.trigger('work', { label: 'c' })
    await completed.result()
    for (const handle of [execution, cancelled, completed])
      expect(await handle.send({ type: 'NOTE', text: 'x' })).toMatchObject({ status: 'already_finished' })
    await runtime.drain()
  })
})

describe('cancel in every other status', () => {
  test('B5: a waiting execution is cancelled at once', async () => {
    const store = memoryPlace().connect()
    const runtime = await begin({ store, entryPoints: [defineEntryPoint({ id: 'approval', program: approval })] })
    const execution = await runtime.trigger('approval')
    await execution.send({ type: 'NOTE', text: 'one' })
    expect(await execution.cancel()).toEqual({ status: 'cancelled' })
    expect(await execution.get()).toMatchObject({ status: 'cancelled', context: { notes: ['one'] } })
    expect(await ends(store, execution.id)).toEqual(['cancelled'])
  })

  test.each(places)('B5: a paused execution is cancelled, also by another runtime (%s)', async (_, place) => {
    const shared = place()
    const flights = new Flights()
    const work = defineEntryPoint({ id: 'work', program: worker(flights) })
    const first = await begin({ store: shared.connect(), entryPoints: [work] })
    const store = shared.connect()
    const second = await begin({ store, entryPoints: [work] })
    const execution = await first.trigger('work', { label: 'a' })
    const step = await flights.started('a.1')
    const paused = execution.pause({ mode: 'now' })
    await eventually('the signal', () => step.signal.aborted)
    step.fail()
    expect(await paused).toMatchObject({ status: 'paused' })
    expect(await second.execution(execution.id).cancel()).toEqual({ status: 'cancelled' })
    expect(await execution.result()).toMatchObject({ status: 'cancelled' })
    expect(await ends(store, execution.id)).toEqual(['cancelled'])
  })

  test('B5: a cancel while pausing wins over the pause', async () => {
    const { store, execution, step } = await running()
    const paused = execution.pause()
    const cancelled = execution.cancel()
    await eventually('the signal', () => step.signal.aborted)
    step.end()
    expect(await cancelled).toEqual({ status: 'cancelled' })
    expect(await paused).toEqual({ status: 'already_finished', as: 'cancelled' })
    expect(await ends(store, execution.id)).toEqual(['cancelled'])
  })

  test('B5: a cancel during the back-off of a retry ends it, and no further attempt starts', async () => {
    const { flights, clock, store, execution, step } = await running({
      retry: { maxAttempts: 3, backoff: { initial: 60_000 } },
    })
    step.fail()
    await eventually('the back-off', async () => (await journal(store, execution.id)).includes('retrying'))
    expect(await execution.cancel()).toEqual({ status: 'cancelled' })
    await clock.advance(600_000, () => turns(5))
    expect(flights.all).toHaveLength(1)
    expect(await ends(store, execution.id)).toEqual(['cancelled'])
  })

  test('B63: a cancel hits its execution and no other, whatever session they share', async () => {
    const flights = new Flights()
    flights.heeds = true
    const program = worker(flights)
    const runtime = await begin({
      store: memoryPlace().connect(),
      entryPoints: [defineEntryPoint({ id: 'primary', program }), defineEntryPoint({ id: 'hook', program })],
    })
    const primary = await runtime.trigger('primary', { label: 'p' }, { sessionId: 'shared' })
    const hook = await runtime.trigger('hook', { label: 'h' }, { sessionId: 'shared' })
    const step = await flights.started('p.1')
    await flights.started('h.1')
    expect(hook.id).not.toBe(primary.id)
    await hook.cancel()
    expect(step.signal.aborted).toBe(false)
    expect(await primary.get()).toMatchObject({ status: 'running', sessionId: 'shared' })
    expect(await hook.get()).toMatchObject({ status: 'cancelled', sessionId: 'shared' })
  })

  test('B8: an unknown id is not_found, and an id that is none is refused', async () => {
    const { runtime } = await running()
    for (const command of ['cancel', 'pause', 'resume'] as const)
      expect(await runtime.execution('nobody')[command]()).toEqual({ status: 'not_found' })
    expect(() => runtime.execution('../../x')).toThrow(expect.objectContaining({ code: 'invalid_id' }))
  })
})
