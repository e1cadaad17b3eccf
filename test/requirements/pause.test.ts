/** Pause of one execution: B10, B11, B14. */
import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { defineEntryPoint, type EntryPointOptions } from '../../src/index.js'
import { begin } from '../harness/begin.js'
import { eventually, turns } from '../harness/eventually.js'
import { Flights } from '../harness/flights.js'
import { journal } from '../harness/journal.js'
import { approval, worker } from '../harness/programs.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { memoryPlace, places, type StorePlace } from '../harness/store-place.js'

async function running(
  options: Partial<EntryPointOptions<ReturnType<typeof worker>, 'work'>> = {},
  place: StorePlace = memoryPlace(),
) {
  const flights = new Flights()
  const clock = new SimulatedClock()
  const store = place.connect()
  const work = defineEntryPoint({ id: 'work', program: worker(flights), maxConcurrent: 1, ...options })
  const runtime = await begin({ store, clock, entryPoints: [work] })
  const execution = await runtime.trigger('work', { label: 'a' })
  const step = await flights.started('a.1')
  return { place, work, flights, clock, store, runtime, execution, step }
}

describe.each(places)('on %s', (_, place) => {
  test('B10: a pause at the boundary lets the step in flight finish, keeps its result, and starts no other', async () => {
    const { flights, store, execution, step } = await running({}, place())
    const paused = execution.pause({ reason: 'lunch', actor: 'ann' })
    await eventually('pausing', async () => (await store.load(execution.id))?.status === 'pausing')
    expect(step.signal.aborted).toBe(false)
    step.end('one')
    const answer = await paused
    expect(answer).toMatchObject({ status: 'paused' })
    const record = await execution.get()
    expect(record).toMatchObject({
      status: 'paused',
      value: 'second',
      context: { results: ['one'] },
      pause: { mode: 'boundary', reason: 'lunch', actor: 'ann' },
      revision: (answer as { revision: number }).revision,
    })
    expect(flights.of('a.2')).toEqual([])
    expect(await journal(store, execution.id)).toEqual(['accepted', 'started', 'pausing', 'paused'])
  })

  test('B10: a pause now aborts the step in flight, which runs again with the same key on resume', async () => {
    const { flights, execution, step } = await running({}, place())
    flights.heeds = true
    const paused = execution.pause({ mode: 'now' })
    await eventually('the signal', () => step.signal.aborted)
    step.fail()
    expect(await paused).toMatchObject({ status: 'paused' })
    expect(await execution.get()).toMatchObject({ status: 'paused', value: 'first', pause: { mode: 'now' }, error: null })
    expect(await execution.resume()).toMatchObject({ status: 'resumed' })
    ;(await flights.started('a.1', 2)).end('one')
    ;(await flights.started('a.2')).end('two')
    expect(await execution.result()).toEqual({ status: 'completed', output: { results: ['one', 'two'], notes: [] } })
  })

  test('B10: a second pause is a no-op with an answer of its own, and so is a second resume', async () => {
    const { store, execution, step } = await running({}, place())
    const first = execution.pause()
    step.end()
    const { revision } = (await first) as { revision: number }
    expect(await execution.pause()).toEqual({ status: 'already_paused', revision })
    expect((await store.load(execution.id))?.revision).toBe(revision)
    expect(await execution.resume()).toMatchObject({ status: 'resumed' })
    expect(await execution.resume()).toEqual({ status: 'already_running' })
    expect((await journal(store, execution.id)).filter((type) => type === 'paused')).toHaveLength(1)
  })

  test('B10: a paused execution with mail stays paused over a restart, however long ago it was stopped', async () => {
    const { place: shared, work, flights, clock, runtime, execution, step } = await running({ cancelTimeout: 1_000 }, place())
    const paused = execution.pause({ mode: 'now' })
    await eventually('the signal', () => step.signal.aborted)
    step.fail()
    await paused
    await execution.send({ type: 'NOTE', text: 'kept' })
    await runtime.stop()
    await clock.advance(60_000)
    const next = await begin({ store: shared.connect(), clock, entryPoints: [work] })
    await clock.advance(60_000, () => turns(5))
    expect(await next.execution(execution.id).get()).toMatchObject({ status: 'paused', pause: { mode: 'now' } })
    flights.free.add('a.2')
    await next.execution(execution.id).resume()
    ;(await flights.started('a.1', 2)).end()
    expect(await next.execution(execution.id).result()).toMatchObject({ output: { notes: ['kept'] } })
  })

  test('B10: a queued execution can be paused: it leaves the queue, and stands in it again when it is resumed', async () => {
    const { flights, runtime, execution, step } = await running({}, place())
    const queued = await runtime.trigger('work', { label: 'b' })
    expect(await queued.pause()).toMatchObject({ status: 'paused' })
    expect(await queued.get()).toMatchObject({ status: 'paused', startedAt: null })
    step.end()
    ;(await flights.started('a.2')).end()
    await execution.result()
    await turns()
    expect(flights.of('b.1')).toEqual([])
    expect(await queued.resume()).toMatchObject({ status: 'resumed' })
    await flights.started('b.1')
  })
})

describe('B10', () => {
  test('B10: a paused execution gives its slot back', async () => {
    const { flights, runtime, execution, step } = await running()
    await runtime.trigger('work', { label: 'b' })
    const paused = execution.pause()
    step.end()
    await paused
    await flights.started('b.1')
  })

  test('B10: a resumed execution without a free slot waits for one, ahead of those that never ran', async () => {
    const { flights, runtime, execution, step } = await running()
    const paused = execution.pause()
    step.end()
    await paused
    await runtime.trigger('work', { label: 'b' })
    await runtime.trigger('work', { label: 'c' })
    expect(await execution.resume()).toMatchObject({ status: 'resumed' })
    expect(await execution.get()).toMatchObject({ status: 'queued' })
    flights.free.add('b.2')
    ;(await flights.started('b.1')).end()
    await flights.started('a.2')
    expect(flights.of('c.1')).toEqual([])
  })

  test('B10: a pause with a time of its own answers pausing when that runs out, and goes on', async () => {
    const { clock, execution, step } = await running()
    const answer = execution.pause({ timeout: 100 })
    await turns()
    await clock.advance(100, () => turns())
    expect(await answer).toEqual({ status: 'pausing' })
    expect(await execution.get()).toMatchObject({ status: 'pausing' })
    step.end()
    await eventually('paused', async () => (await execution.get()).status === 'paused')
  })

  test('B10: a resume while it is still pausing at the boundary takes the pause back', async () => {
    const { flights, execution, step } = await running()
    void execution.pause({ timeout: 0 })
    await eventually('pausing', async () => (await execution.get()).status === 'pausing')
    expect(await execution.resume()).toMatchObject({ status: 'resumed' })
    step.end()
    flights.free.add('a.2')
    expect(await execution.result()).toMatchObject({ status: 'completed' })
  })

  test('B8: a step that does not heed a pause now is left behind after cancelTimeout, and its late result is dropped', async () => {
    const { flights, clock, store, execution, step } = await running({ cancelTimeout: 2_000 })
    const paused = execution.pause({ mode: 'now' })
    await eventually('the signal', () => step.signal.aborted)
    await clock.advance(2_000, () => turns())
    expect(await paused).toMatchObject({ status: 'paused' })
    const before = await store.load(execution.id)
    step.end('late')
    await turns()
    expect(await store.load(execution.id)).toEqual(before)
    await execution.resume()
    ;(await flights.started('a.1', 2)).end('fresh')
    ;(await flights.started('a.2')).end('two')
    expect(await execution.result()).toMatchObject({ output: { results: ['fresh', 'two'] } })
  })
})

describe('B11', () => {
  test('B11: a paused step is not done: resume enters the same step again, not the next', async () => {
    const { flights, execution, step } = await running()
    const paused = execution.pause({ mode: 'now' })
    await eventually('the signal', () => step.signal.aborted)
    step.end('a result that nobody asked for')
    await paused
    expect(await execution.get()).toMatchObject({ value: 'first', context: { results: [] } })
    await execution.resume()
    await flights.started('a.1', 2)
    expect(flights.of('a.2')).toEqual([])
  })

  test('B11: a pause that comes during the last step answers already_finished if the execution ends with it', async () => {
    const { flights, execution, step } = await running()
    step.end()
    const last = await flights.started('a.2')
    const paused = execution.pause()
    await turns()
    last.end()
    expect(await paused).toEqual({ status: 'already_finished', as: 'completed' })
    expect(await execution.result()).toMatchObject({ status: 'completed' })
  })

  test('B11: a pause that comes too late answers already_finished', async () => {
    const { flights, execution, step } = await running()
    flights.free.add('a.2')
    step.end()
    await execution.result()
    expect(await execution.pause()).toEqual({ status: 'already_finished', as: 'completed' })
    expect(await execution.get()).toMatchObject({ status: 'completed', pause: null })
  })
})

describe('B14: waiting for a person', () => {
  test('B14: it is a status of its own, without a result, and the answer moves it on exactly once', async () => {
    const store = memoryPlace().connect()
    const runtime = await begin({ store, entryPoints: [defineEntryPoint({ id: 'approval', program: approval })] })
    const execution = await runtime.trigger('approval')
    await eventually('it to wait', async () => (await execution.get()).status === 'waiting')
    expect(await execution.result({ timeout: 0 })).toEqual({ status: 'timeout' })
    expect(await execution.send({ type: 'APPROVE' })).toMatchObject({ status: 'delivered' })
    expect(await execution.result()).toEqual({ status: 'completed', output: { notes: [] } })
    expect((await journal(store, execution.id)).filter((type) => type === 'waiting')).toHaveLength(1)
  })

  test('B14: a waiting execution that is paused and resumed waits again, and loops nowhere', async () => {
    const store = memoryPlace().connect()
    const runtime = await begin({ store, entryPoints: [defineEntryPoint({ id: 'approval', program: approval })] })
    const execution = await runtime.trigger('approval')
    await execution.send({ type: 'NOTE', text: 'before' })
    expect(await execution.pause()).toMatchObject({ status: 'paused' })
    await execution.resume()
    await eventually('it to wait', async () => (await execution.get()).status === 'waiting')
    await execution.send({ type: 'APPROVE' })
    expect(await execution.result()).toMatchObject({ output: { notes: ['before'] } })
  })
})

describe('timers while paused', () => {
  const timed = (after: number) =>
    setup({ types: { events: {} as { type: 'NOTE' } } }).createMachine({
      id: 'timed',
      initial: 'armed',
      states: { armed: { after: { [after]: 'rung' } }, rung: { type: 'final' } },
    })

  async function half(pausedTimers: 'freeze' | 'run' | 'restart') {
    const clock = new SimulatedClock()
    const entry = defineEntryPoint({ id: 'timed', program: timed(1_000), pausedTimers })
    const runtime = await begin({ store: memoryPlace().connect(), clock, entryPoints: [entry] })
    const execution = await runtime.trigger('timed')
    await eventually('it to wait', async () => (await execution.get()).status === 'waiting')
    await clock.advance(600, () => turns())
    await execution.pause()
    await clock.advance(5_000, () => turns(5))
    expect(await execution.get()).toMatchObject({ status: 'paused' })
    await execution.resume()
    const after = async (ms: number) => {
      await clock.advance(ms, () => turns())
      await turns()
      return (await execution.get()).status
    }
    await turns()
    return { after }
  }

  test('B10: freeze: a timer keeps what was left of it', async () => {
    const { after } = await half('freeze')
    expect(await after(399)).toBe('waiting')
    expect(await after(1)).toBe('completed')
  })

  test('B10: run: a timer that fell due during the pause fires on resume', async () => {
    const { after } = await half('run')
    expect(await after(0)).toBe('completed')
  })

  test('B10: restart: a timer begins again', async () => {
    const { after } = await half('restart')
    expect(await after(999)).toBe('waiting')
    expect(await after(1)).toBe('completed')
  })
})
