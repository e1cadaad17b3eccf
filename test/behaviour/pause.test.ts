/** Pause of one execution. */
import { describe, expect, test } from 'vitest'
import { fromPromise, setup } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import { createTestRuntime, type HoldOptions } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { turns } from '../support/eventually.js'
import { journal } from '../support/journal.js'
import { slowStore } from '../support/slow-store.js'
import { memoryPlace, places, type StorePlace } from '../support/store-place.js'
import { workshop, type WorkOptions } from '../support/workshop.js'

async function running(options: WorkOptions = {}, how: HoldOptions = {}, place: StorePlace = memoryPlace()) {
  const shop = workshop(options, { ...how, store: place.open })
  const execution = await shop.world.trigger('work', { label: 'a' })
  return { ...shop, execution, first: await shop.step.startedWith('a.1') }
}

const heeding = { heedsSignal: true }

describe.each(places)('on %s', (_, place) => {
  test('a pause at the boundary lets the step in flight finish, keeps its result, and starts no other', async () => {
    const { world, step, execution, first } = await running({}, {}, place())
    const paused = execution.pause({ reason: 'lunch', actor: 'ann' })
    await world.settle()
    expect(await execution.get()).toMatchObject({ status: 'pausing' })
    expect(first.signal.aborted).toBe(false)
    first.resolve('one')
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
    await world.settle()
    expect(step.callsWith('a.2')).toEqual([])
    expect(await journal(world.store, execution.id)).toEqual(['accepted', 'started', 'pausing', 'paused'])
  })

  test('a pause now aborts the step in flight, which runs again with the same key on resume', async () => {
    const { step, execution, first } = await running({}, heeding, place())
    expect(await execution.pause({ mode: 'now' })).toMatchObject({ status: 'paused' })
    expect(first.signal.aborted).toBe(true)
    expect(await execution.get()).toMatchObject({ status: 'paused', value: 'first', pause: { mode: 'now' }, error: null })
    expect(await execution.resume()).toMatchObject({ status: 'resumed' })
    const again = await step.startedWith('a.1', 2)
    expect(again.idempotencyKey).toBe(first.idempotencyKey)
    again.resolve('one')
    ;(await step.startedWith('a.2')).resolve('two')
    expect(await execution.result()).toEqual({ status: 'completed', output: { results: ['one', 'two'], notes: [] } })
  })

  test('a second pause is a no-op with an answer of its own, and so is a second resume', async () => {
    const { world, execution, first } = await running({}, {}, place())
    const paused = execution.pause()
    first.resolve('one')
    const { revision } = (await paused) as { revision: number }
    expect(await execution.pause()).toEqual({ status: 'already_paused', revision })
    expect(await execution.get()).toMatchObject({ revision })
    expect(await execution.resume()).toMatchObject({ status: 'resumed' })
    expect(await execution.resume()).toEqual({ status: 'already_running' })
    expect((await journal(world.store, execution.id)).filter((type) => type === 'paused')).toHaveLength(1)
  })

  test.each(['a stop', 'a crash'] as const)(
    'a paused execution with mail stays paused over %s and a restart, however long ago it was',
    async (how) => {
      const { world, step, free, execution } = await running({ cancelTimeout: 1_000 }, heeding, place())
      await execution.pause({ mode: 'now' })
      await execution.send({ type: 'NOTE', text: 'kept' })
      if (how === 'a stop') await world.stop()
      else world.crash()
      await world.clock.advance(60_000)
      await world.restart()
      await world.advance(60_000)
      expect(await execution.get()).toMatchObject({ status: 'paused', pause: { mode: 'now' } })
      expect(step.calls).toHaveLength(1)
      free()
      await execution.resume()
      expect(await execution.result()).toMatchObject({ output: { results: ['a.1 done', 'a.2 done'], notes: ['kept'] } })
    },
  )

  test('a queued execution can be paused: it leaves the queue, and stands in it again when it is resumed', async () => {
    const { world, step, execution, first } = await running({}, {}, place())
    const queued = await world.trigger('work', { label: 'b' })
    expect(await queued.pause()).toMatchObject({ status: 'paused' })
    expect(await queued.get()).toMatchObject({ status: 'paused', startedAt: null })
    first.resolve('one')
    ;(await step.startedWith('a.2')).resolve('two')
    await execution.result()
    await world.settle()
    expect(step.callsWith('b.1')).toEqual([])
    expect(await queued.resume()).toMatchObject({ status: 'resumed' })
    await step.startedWith('b.1')
  })
})

describe('its slot, and its limits in time', () => {
  test('a paused execution gives its slot back', async () => {
    const { world, step, execution, first } = await running()
    await world.trigger('work', { label: 'b' })
    const paused = execution.pause()
    first.resolve('one')
    await paused
    await step.startedWith('b.1')
  })

  test('a resumed execution without a free slot waits for one, ahead of those that never ran', async () => {
    const { world, step, execution, first } = await running()
    const paused = execution.pause()
    first.resolve('one')
    await paused
    await world.trigger('work', { label: 'b' })
    await world.trigger('work', { label: 'c' })
    expect(await execution.resume()).toMatchObject({ status: 'resumed' })
    expect(await execution.get()).toMatchObject({ status: 'queued' })
    for (const n of [1, 2]) (await step.startedWith(`b.${n}`)).resolve('done')
    await step.startedWith('a.2')
    expect(step.callsWith('c.1')).toEqual([])
  })

  test('a pause with a time of its own answers pausing when that runs out, and goes on', async () => {
    const { world, execution, first } = await running()
    const begun = world.clock.now()
    expect(await execution.pause({ timeout: 100 })).toEqual({ status: 'pausing' })
    expect(world.clock.now()).toBe(begun + 100)
    expect(await execution.get()).toMatchObject({ status: 'pausing' })
    first.resolve('one')
    await world.settle()
    expect(await execution.get()).toMatchObject({ status: 'paused' })
  })

  test('a resume while it is still pausing at the boundary takes the pause back', async () => {
    const { step, execution, first } = await running()
    expect(await execution.pause({ timeout: 0 })).toEqual({ status: 'pausing' })
    expect(await execution.resume()).toMatchObject({ status: 'resumed' })
    first.resolve('one')
    ;(await step.startedWith('a.2')).resolve('two')
    expect(await execution.result()).toMatchObject({ status: 'completed' })
  })

  test.each([-3_600_000, 3_600_000])(
    'a step that does not heed a pause now has all of cancelTimeout to end before it runs again, the clock set by %i ms',
    async (by) => {
      const { world, step, execution } = await running({ cancelTimeout: 2_000 })
      expect(await execution.pause({ mode: 'now', timeout: 0 })).toEqual({ status: 'pausing' })
      await world.advance(500)
      world.clock.jump(by)
      await world.advance(1_499)
      expect(await execution.get()).toMatchObject({ status: 'pausing' })
      await world.advance(1)
      expect(await execution.get()).toMatchObject({ status: 'paused' })
      await execution.resume()
      await step.startedWith('a.1', 2)
    },
  )

  test('a step is given up on time that is told so late, and is not begun again before cancelTimeout has passed since', async () => {
    const place = memoryPlace()
    const slow: { until?: Promise<void> } = {}
    const open = () =>
      place.connect((real) => ({
        async commit(batch) {
          await slow.until
          return real.commit(batch)
        },
      }))
    const { world, step } = workshop({ cancelTimeout: 2_000 }, { store: open })
    const execution = await world.trigger('work', { label: 'a' })
    const first = await step.startedWith('a.1')
    slow.until = new Promise((resolve) => void world.clock.setTimeout(resolve, 1_500))
    const paused = execution.pause({ mode: 'now' })
    await world.advance(1_500)
    expect(first.signal.aborted).toBe(true)
    await world.advance(500)
    expect(await paused).toMatchObject({ status: 'paused' })
    await execution.resume()
    await world.advance(1_499)
    expect(step.callsWith('a.1')).toHaveLength(1)
    await world.advance(1)
    expect(step.callsWith('a.1')).toHaveLength(2)
  })

  test('a step that does not heed a pause now is left behind after cancelTimeout, and its late result is dropped', async () => {
    const { world, step, execution, first } = await running({ cancelTimeout: 2_000 })
    const begun = world.clock.now()
    expect(await execution.pause({ mode: 'now' })).toMatchObject({ status: 'paused' })
    expect(first.signal.aborted).toBe(true)
    expect(world.clock.now()).toBe(begun + 2_000)
    const before = await world.store.load(execution.id)
    first.resolve('late')
    await world.settle()
    expect(await world.store.load(execution.id)).toEqual(before)
    await execution.resume()
    ;(await step.startedWith('a.1', 2)).resolve('fresh')
    ;(await step.startedWith('a.2')).resolve('two')
    expect(await execution.result()).toMatchObject({ output: { results: ['fresh', 'two'] } })
  })
})

describe('beside the end of a step', () => {
  test('a paused step is not done: resume enters the same step again, not the next', async () => {
    const { world, step, execution, first } = await running()
    const paused = execution.pause({ mode: 'now' })
    await world.settle()
    expect(first.signal.aborted).toBe(true)
    first.resolve('a result that nobody asked for')
    await paused
    expect(await execution.get()).toMatchObject({ value: 'first', context: { results: [] } })
    await execution.resume()
    await step.startedWith('a.1', 2)
    expect(step.callsWith('a.2')).toEqual([])
  })

  test('a pause that comes during the last step answers already_finished if the execution ends with it', async () => {
    const { world, step, execution, first } = await running()
    first.resolve('one')
    const last = await step.startedWith('a.2')
    const paused = execution.pause()
    await world.settle()
    last.resolve('two')
    expect(await paused).toEqual({ status: 'already_finished', as: 'completed' })
    expect(await execution.result()).toMatchObject({ status: 'completed' })
  })

  test('a pause that comes too late answers already_finished', async () => {
    const { step, execution, first } = await running()
    first.resolve('one')
    ;(await step.startedWith('a.2')).resolve('two')
    await execution.result()
    expect(await execution.pause()).toEqual({ status: 'already_finished', as: 'completed' })
    expect(await execution.get()).toMatchObject({ status: 'completed', pause: null })
  })
})

describe('waiting for a person', () => {
  test('it is a status of its own, without a result, and the answer moves it on exactly once', async () => {
    const { world } = workshop()
    const execution = await world.trigger('approvals')
    await world.settle()
    expect(await execution.get()).toMatchObject({ status: 'waiting' })
    expect(await execution.result({ timeout: 0 })).toEqual({ status: 'timeout' })
    expect(await execution.send({ type: 'APPROVE' })).toMatchObject({ status: 'delivered' })
    expect(await execution.result()).toEqual({ status: 'completed', output: { notes: [] } })
    expect((await journal(world.store, execution.id)).filter((type) => type === 'waiting')).toHaveLength(1)
  })

  test('a waiting execution that is paused and resumed waits again, and loops nowhere', async () => {
    const { world } = workshop()
    const execution = await world.trigger('approvals')
    await execution.send({ type: 'NOTE', text: 'before' })
    expect(await execution.pause()).toMatchObject({ status: 'paused' })
    await execution.resume()
    await world.runToIdle()
    expect(await execution.get()).toMatchObject({ status: 'waiting' })
    await execution.send({ type: 'APPROVE' })
    expect(await execution.result()).toMatchObject({ output: { notes: ['before'] } })
  })
})

describe('timers while paused', () => {
  const timed = setup({}).createMachine({
    id: 'timed',
    initial: 'armed',
    states: { armed: { after: { 1_000: 'rung' } }, rung: { type: 'final' } },
  })

  /** Resumed after a pause of 5 s that began when 400 ms were left; gives the statuses as time goes on. */
  async function half(pausedTimers: 'freeze' | 'run' | 'restart') {
    const world = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'timed', program: timed, pausedTimers })] })
    const execution = await world.trigger('timed')
    await world.advance(600)
    await execution.pause()
    await world.advance(5_000)
    expect(await execution.get()).toMatchObject({ status: 'paused' })
    await execution.resume()
    return async (ms: number) => {
      await world.advance(ms)
      return (await execution.get()).status
    }
  }

  test('freeze: a timer keeps what was left of it', async () => {
    const after = await half('freeze')
    expect(await after(399)).toBe('waiting')
    expect(await after(1)).toBe('completed')
  })

  test('run: a timer that fell due during the pause fires on resume', async () => {
    const after = await half('run')
    expect(await after(0)).toBe('completed')
  })

  test('restart: a timer begins again', async () => {
    const after = await half('restart')
    expect(await after(999)).toBe('waiting')
    expect(await after(1)).toBe('completed')
  })
})

test.each(['pause', 'cancel'])(
  'a %s at once that meets an earlier commit of a pause at the boundary waits for what the program has moved since',
  async (command) => {
    const noted: string[] = []
    const finish: Record<string, () => void> = {}
    const work = fromPromise<void, string>(({ input }) => new Promise((resolve) => (finish[input] = resolve)))
    const program = setup({
      actors: { work, next: fromPromise(async () => undefined) },
      actions: { note: (_, which: string) => void noted.push(which) },
    }).createMachine({
      id: 'work',
      initial: 'both',
      states: {
        both: {
          invoke: [
            { src: 'work', id: 'left', input: 'left', onDone: { actions: { type: 'note', params: 'left' } } },
            { src: 'work', id: 'right', input: 'right', onDone: { target: 'next', actions: { type: 'note', params: 'right' } } },
          ],
        },
        next: { invoke: { src: 'next', onDone: 'done' } },
        done: { type: 'final' },
      },
    })
    const runtime = await begin({
      store: slowStore({ commit: 20 }),
      entryPoints: [defineEntryPoint({ id: 'work', program })],
    })
    const execution = await runtime.trigger('work')
    await turns(100)
    void execution.pause()
    await turns(100)
    finish['left']?.()
    // its commit, which says `pausing` as well, is under way
    await turns(10)
    finish['right']?.()
    for (let n = 0; n < 5; n++) await Promise.resolve()
    if (command === 'pause') {
      expect((await execution.pause({ mode: 'now' })).status).toBe('paused')
      expect((await execution.resume()).status).toBe('resumed')
      expect((await execution.result()).status).toBe('completed')
    } else expect((await execution.cancel()).status).toBe('cancelled')
    expect(noted).toEqual(['left', 'right'])
  },
)
