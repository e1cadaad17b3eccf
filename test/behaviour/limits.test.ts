/** Limits that work. */
import { describe, expect, test } from 'vitest'
import { defineEntryPoint } from '../../src/index.js'
import { createTestRuntime } from '../../src/testing/index.js'
import { ends } from '../support/journal.js'
import { worker } from '../support/programs.js'
import { begun, workshop } from '../support/workshop.js'

describe('the order of the queue', () => {
  test('first come, first served within a priority', async () => {
    const { world, order } = workshop()
    for (const label of ['a', 'b', 'c', 'd', 'e']) await world.trigger('work', { label })
    expect(await order()).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  test('a higher priority goes first', async () => {
    const { world, step, order } = workshop({ priority: 1 })
    await world.trigger('work', { label: 'running' })
    await step.startedWith('running.1')
    for (const [label, priority] of [
      ['low', 0],
      ['first', 5],
      ['usual', undefined],
      ['second', 5],
    ] as const)
      await world.trigger('work', { label }, priority === undefined ? {} : { priority })
    expect(await order()).toEqual(['running', 'first', 'second', 'usual', 'low'])
  })

  test('whoever waits long enough is first: nothing starves', async () => {
    const { world, step, order } = workshop({ ageing: 1_000 })
    await world.trigger('work', { label: 'running' })
    await step.startedWith('running.1')
    await world.trigger('work', { label: 'old' }, { priority: 0 })
    await world.advance(1_500)
    await world.trigger('work', { label: 'new' }, { priority: 1 })
    await world.trigger('work', { label: 'urgent' }, { priority: 5 })
    expect(await order()).toEqual(['running', 'urgent', 'old', 'new'])
  })

  test.each(['a stop', 'a crash'] as const)('the order outlives %s and a restart', async (how) => {
    const { world, step, free } = workshop()
    await world.trigger('work', { label: 'running' })
    for (const [label, priority] of [
      ['b', 0],
      ['c', 0],
      ['urgent', 9],
    ] as const)
      await world.trigger('work', { label }, { priority })
    await step.startedWith('running.1')
    if (how === 'a stop') await world.stop()
    free()
    await world.restart()
    await world.drain()
    expect(begun(world.calls)).toEqual(['running', 'running', 'urgent', 'b', 'c'])
  })
})

describe('how many at a time', () => {
  test('no more run than maxConcurrent', async () => {
    const { world, step } = workshop({ maxConcurrent: 3 })
    for (const label of ['a', 'b', 'c', 'd']) await world.trigger('work', { label })
    await world.settle()
    expect(begun(step.calls)).toEqual(['a', 'b', 'c'])
    await world.advance(60_000)
    expect(begun(step.calls)).toEqual(['a', 'b', 'c'])
  })

  test('no more run over all streams than the runtime allows, and whoever waits longest is next', async () => {
    const program = worker()
    const entryPoints = [defineEntryPoint({ id: 'one', program }), defineEntryPoint({ id: 'two', program })] as const
    const world = createTestRuntime({ entryPoints, maxConcurrent: 2 })
    const step = world.hold('step')
    for (const [id, label] of [
      ['one', 'a'],
      ['two', 'b'],
      ['two', 'c'],
      ['one', 'd'],
      ['two', 'e'],
    ] as const) {
      await world.trigger(id, { label })
      await world.advance(1)
    }
    expect(step.calls.map(({ input }) => input)).toEqual(['a.1', 'b.1'])
    for (const label of ['a', 'b']) for (const n of [1, 2]) (await step.startedWith(`${label}.${n}`)).resolve('done')
    await world.settle()
    expect(step.calls.map(({ input }) => input)).toEqual(['a.1', 'b.1', 'a.2', 'c.1', 'b.2', 'd.1'])
    await world.stop()
  })

  test('waiting executions take no slot', async () => {
    const { world } = workshop()
    const [one, two] = [await world.trigger('approvals'), await world.trigger('approvals')]
    await world.settle()
    for (const each of [one, two]) expect(await each.get()).toMatchObject({ status: 'waiting' })
  })
})

describe('a bounded queue', () => {
  test('reject: one more than maxQueued is refused with queue_full, and nothing is written', async () => {
    const { world } = workshop({ maxQueued: 2 })
    for (const label of ['a', 'b', 'c']) await world.trigger('work', { label })
    await world.settle()
    const before = await world.store.lastSeq()
    await expect(world.trigger('work', { label: 'd' })).rejects.toMatchObject({
      code: 'queue_full',
      retryable: true,
      details: { entryPoint: 'work', queued: 2, maxQueued: 2 },
    })
    await world.settle()
    expect((await world.executions()).executions).toHaveLength(3)
    expect(await world.store.lastSeq()).toBe(before)
  })

  test('drop_oldest: the oldest of the queue ends as rejected, with a result and one event, and the new one is taken', async () => {
    const { world, step, order } = workshop({ maxQueued: 2, overflow: 'drop_oldest' })
    await world.trigger('work', { label: 'a' })
    await step.startedWith('a.1')
    const oldest = await world.trigger('work', { label: 'b' })
    await world.trigger('work', { label: 'c' })
    await world.trigger('work', { label: 'd' })
    expect(await oldest.result()).toEqual({ status: 'rejected', reason: 'queue_full' })
    expect(await oldest.get()).toMatchObject({ status: 'rejected' })
    expect(await ends(world.store, oldest.id)).toEqual(['rejected'])
    expect(await order()).toEqual(['a', 'c', 'd'])
  })

  test('maxQueued 0 takes what has a slot, and nothing else', async () => {
    const { world, step } = workshop({ maxQueued: 0 })
    const first = await world.trigger('work', { label: 'a' })
    await expect(world.trigger('work', { label: 'b' })).rejects.toMatchObject({ code: 'queue_full' })
    for (const n of [1, 2]) (await step.startedWith(`a.${n}`)).resolve('done')
    await first.result()
    await world.trigger('work', { label: 'c' })
    await step.startedWith('c.1')
  })

  test('triggers at once never make the queue longer than maxQueued', async () => {
    const { world } = workshop({ maxQueued: 3 })
    const all = await Promise.allSettled(Array.from({ length: 10 }, (_, n) => world.trigger('work', { label: `w${n}` })))
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(4)
  })
})

describe('time limits', () => {
  test('queueTimeout ends what waits too long for its first slot, and no step of it starts', async () => {
    const { world, step } = workshop({ queueTimeout: 1_000 })
    await world.trigger('work', { label: 'a' })
    const queued = await world.trigger('work', { label: 'b' })
    await world.advance(999)
    expect(await queued.get()).toMatchObject({ status: 'queued' })
    await world.advance(1)
    expect(await queued.get()).toMatchObject({ status: 'timed_out' })
    expect(await queued.result()).toEqual({ status: 'timed_out', limit: 'queueTimeout' })
    expect(begun(step.calls)).toEqual(['a'])
    expect(await ends(world.store, queued.id)).toEqual(['timed_out'])
  })

  test('queueTimeout does not hit one that has started', async () => {
    const { world, step } = workshop({ queueTimeout: 1_000 })
    const execution = await world.trigger('work', { label: 'a' })
    await step.started()
    await world.advance(5_000)
    expect(await execution.get()).toMatchObject({ status: 'running' })
  })

  test('one whose first slot comes with a resume has begun: the limit of the queue is past, and the time limit runs', async () => {
    const { world, step } = workshop({ queueTimeout: 1_000, timeout: 3_000 })
    await world.trigger('work', { label: 'a' })
    const queued = await world.trigger('work', { label: 'b' })
    await queued.pause()
    for (const n of [1, 2]) (await step.startedWith(`a.${n}`)).resolve('done')
    await world.settle()
    await queued.resume()
    const first = await step.startedWith('b.1')
    await world.advance(2_999)
    expect(await queued.get()).toMatchObject({ status: 'running' })
    await world.advance(1)
    expect(first.signal.aborted).toBe(true)
    first.resolve('too late')
    expect(await queued.result()).toEqual({ status: 'timed_out', limit: 'timeout' })
  })

  test('time spent in a pause does not count as time in the queue', async () => {
    const { world } = workshop({ queueTimeout: 1_000 })
    await world.trigger('work', { label: 'a' })
    const queued = await world.trigger('work', { label: 'b' })
    await world.advance(600)
    await queued.pause()
    await world.advance(60_000)
    await queued.resume()
    await world.advance(399)
    expect(await queued.get()).toMatchObject({ status: 'queued' })
    await world.advance(1)
    expect(await queued.result()).toEqual({ status: 'timed_out', limit: 'queueTimeout' })
  })

  test('a resume between two attempts gives no time for a pause that was over', async () => {
    const { world, step } = workshop({ timeout: 10_000, retry: { maxAttempts: 3, backoff: { initial: 60_000, jitter: 'none' } } })
    const execution = await world.trigger('work', { label: 'a' })
    const paused = execution.pause()
    await world.settle()
    const before = await step.startedWith('a.1')
    before.resolve('done')
    await paused
    await execution.resume()
    const failing = await step.startedWith('a.2')
    await world.advance(6_000)
    failing.reject(new Error('down'))
    await world.settle()
    await execution.resume()
    await world.settle()
    const again = step.calls[2]
    await world.advance(3_999)
    expect(again?.signal.aborted).toBe(false)
    await world.advance(1)
    expect(again?.signal.aborted).toBe(true)
  })

  test('timeout counts from the first slot, aborts the step, and keeps the slot until the step is gone', async () => {
    const { world, step } = workshop({ timeout: 1_000 })
    await world.trigger('work', { label: 'a' })
    const queued = await world.trigger('work', { label: 'b' })
    const first = await step.startedWith('a.1')
    await world.advance(999)
    expect(first.signal.aborted).toBe(false)
    await world.advance(1)
    expect(first.signal.aborted).toBe(true)
    expect(begun(step.calls)).toEqual(['a'])
    first.resolve('too late')
    const second = await step.startedWith('b.1')
    await world.advance(999)
    expect(second.signal.aborted).toBe(false)
    expect(await queued.get()).toMatchObject({ status: 'running' })
  })

  test('time spent in a pause does not count', async () => {
    const { world, step } = workshop({ timeout: 1_000 })
    const execution = await world.trigger('work', { label: 'a' })
    const first = await step.startedWith('a.1')
    await world.advance(600)
    const paused = execution.pause()
    await world.settle()
    first.resolve('done')
    await paused
    await world.advance(60_000)
    expect(await execution.get()).toMatchObject({ status: 'paused' })
    await execution.resume()
    const second = await step.startedWith('a.2')
    await world.advance(399)
    expect(second.signal.aborted).toBe(false)
    await world.advance(1)
    expect(second.signal.aborted).toBe(true)
    second.resolve('too late')
    expect(await execution.result()).toEqual({ status: 'timed_out', limit: 'timeout' })
  })

  test.each(['queued', 'running', 'waiting', 'paused'] as const)('a deadline ends one that is %s', async (status) => {
    const { world } = workshop({ cancelTimeout: 100 }, { heedsSignal: true })
    if (status === 'queued') await world.trigger('work', { label: 'first' })
    const deadline = world.clock.now() + 1_000
    const execution =
      status === 'waiting'
        ? await world.trigger('approvals', undefined, { deadline })
        : await world.trigger('work', { label: 'a' }, { deadline })
    if (status === 'paused') await execution.pause({ mode: 'now' })
    await world.advance(999)
    expect(await execution.get()).toMatchObject({ status })
    await world.advance(1)
    expect(await execution.get()).toMatchObject({ status: 'timed_out' })
    expect(await execution.result()).toEqual({ status: 'timed_out', limit: 'deadline' })
    expect(await ends(world.store, execution.id)).toEqual(['timed_out'])
  })

  test.each([
    ['before it', 'timed_out'],
    ['after it', 'cancelled'],
  ] as const)('a limit that is reached while steps are to end decides nothing if a cancel came first: %s', async (when, end) => {
    const { world, step } = workshop({ timeout: 60_000, cancelTimeout: 5_000 })
    const execution = await world.trigger('work', { label: 'a' })
    await step.started()
    if (when === 'before it') {
      world.clock.jump(3_600_000)
      await world.advance(1)
      expect(await execution.get()).toMatchObject({ status: 'cancelling' })
    }
    expect(await execution.cancel({ timeout: 0 })).toEqual({ status: 'cancelling' })
    if (when === 'after it') world.clock.jump(3_600_000)
    await world.advance(5_000)
    expect(await execution.result()).toMatchObject({ status: end })
    expect(await execution.cancel()).toEqual({ status: 'already_finished', as: end })
  })

  test.each(['a stop', 'a crash'] as const)('limits go on counting over %s and a restart', async (how) => {
    const { world, step } = workshop({ timeout: 1_000 }, { heedsSignal: true })
    const execution = await world.trigger('work', { label: 'a' })
    await step.started()
    await world.advance(600)
    if (how === 'a stop') await world.stop()
    await world.restart()
    const again = await step.startedWith('a.1', 2)
    await world.advance(399)
    expect(again.signal.aborted).toBe(false)
    await world.advance(1)
    expect(await execution.get()).toMatchObject({ status: 'timed_out' })
    expect(await execution.result()).toEqual({ status: 'timed_out', limit: 'timeout' })
  })
})
