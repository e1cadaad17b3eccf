/** Cancel of executions that run, wait, are paused or have ended. */
import { describe, expect, test } from 'vitest'
import { defineEntryPoint } from '../../src/index.js'
import { memoryStore } from '../../src/persistence/memory/memory-store.js'
import { createTestRuntime } from '../../src/testing/index.js'
import { ends, journal } from '../support/journal.js'
import { worker } from '../support/programs.js'
import { places } from '../support/store-place.js'
import { workshop, type WorkOptions } from '../support/workshop.js'

async function running(options: WorkOptions = {}, how: Parameters<typeof workshop>[1] = {}) {
  const shop = workshop(options, how)
  const execution = await shop.world.trigger('work', { label: 'a' })
  return { ...shop, execution, first: await shop.step.startedWith('a.1') }
}

const heeding = { heedsSignal: true }

describe('a cancel is no pause and no failure', () => {
  test.each(places)('cancelled is a status, a result and an event of its own, with reason and actor (%s)', async (_, place) => {
    const { world, execution } = await running({}, { ...heeding, store: place().open })
    expect(await execution.cancel({ reason: 'enough', actor: 'bob' })).toEqual({ status: 'cancelled' })
    expect(await execution.get()).toMatchObject({
      status: 'cancelled',
      error: null,
      cancel: { reason: 'enough', actor: 'bob' },
    })
    expect(await execution.result()).toMatchObject({ status: 'cancelled', reason: 'enough', actor: 'bob' })
    expect(await journal(world.store, execution.id)).toEqual(['accepted', 'started', 'cancelling', 'cancelled'])
  })

  test('cancel, pause, failure, time limit and stop can be told apart by record, result and events', async () => {
    const { world, step, execution, first } = await running({ maxConcurrent: 10 }, heeding)
    const { store } = world
    const start = async (label: string, options = {}) => {
      const handle = await world.trigger('work', { label }, options)
      await step.startedWith(`${label}.1`)
      return handle
    }
    const paused = await start('b')
    const failed = await start('c')
    const late = await start('d', { timeout: 1_000 })
    const stopped = await start('e')
    first.reject(new Error('a.1 failed'))
    expect(await execution.result()).toMatchObject({ status: 'failed', error: { message: 'a.1 failed' } })
    await paused.pause({ mode: 'now' })
    await failed.cancel()
    await world.advance(1_000)
    expect(await late.result()).toEqual({ status: 'timed_out', limit: 'timeout' })
    const last = async (id: string) => (await journal(store, id)).at(-1)
    const all = [execution, paused, failed, late, stopped]
    expect(await Promise.all(all.map(({ id }) => last(id)))).toEqual(['failed', 'paused', 'cancelled', 'timed_out', 'started'])
    await world.stop()
    await store.open()
    expect(await last(stopped.id)).toBe('started')
    expect(await store.load(stopped.id)).toMatchObject({ status: 'running', owner: null })
  })
})

describe('after the end is decided', () => {
  test('a cancel that comes while the end is being written is refused, and result, record and event agree', async () => {
    let letGo: () => void = () => undefined
    let reached = false
    const until = new Promise<void>((resolve) => (letGo = resolve))
    const inner = memoryStore()
    const store: typeof inner = {
      ...inner,
      commit: async (batch) => {
        if (batch.some(({ status }) => status === 'completed')) {
          reached = true
          await until
        }
        return inner.commit(batch)
      },
    }
    const { world, step, execution, first } = await running({}, { store })
    first.resolve('one')
    ;(await step.startedWith('a.2')).resolve('two')
    await world.settle()
    expect(reached).toBe(true)
    const answers = [execution.cancel(), execution.pause(), execution.resume(), execution.send({ type: 'NOTE', text: 'late' })]
    await world.settle()
    letGo()
    for (const answer of await Promise.all(answers)) expect(answer).toEqual({ status: 'already_finished', as: 'completed' })
    expect(await execution.result()).toMatchObject({ status: 'completed' })
    expect(await execution.get()).toMatchObject({ status: 'completed' })
    expect(await ends(world.store, execution.id)).toEqual(['completed'])
  })

  test('every command to a finished execution answers how it ended', async () => {
    const { step, execution, first } = await running()
    first.resolve('one')
    ;(await step.startedWith('a.2')).resolve('two')
    await execution.result()
    const finished = { status: 'already_finished', as: 'completed' }
    expect(await execution.cancel()).toEqual(finished)
    expect(await execution.pause()).toEqual(finished)
    expect(await execution.resume()).toEqual(finished)
    expect(await execution.send({ type: 'NOTE', text: 'late' })).toEqual(finished)
  })

  test('a cancel between the commit of the start and the first step ends with one terminal event', async () => {
    const { world } = workshop({}, heeding)
    const started = await world.trigger('work', { label: 'a' })
    expect(await started.cancel()).toEqual({ status: 'cancelled' })
    expect(await ends(world.store, started.id)).toEqual(['cancelled'])
  })
})

describe('what was done is kept', () => {
  test.each(places)('a second cancel, and a cancel after a step, lose nothing of context and revision (%s)', async (_, place) => {
    const { world, step, execution, first } = await running({}, { store: place().open })
    const { store } = world
    first.resolve('one')
    const second = await step.startedWith('a.2')
    await execution.send({ type: 'NOTE', text: 'kept' })
    const before = await store.load(execution.id)
    const cancels = [execution.cancel(), execution.cancel()]
    await world.settle()
    expect(second.signal.aborted).toBe(true)
    second.reject(new Error('aborted'))
    await Promise.all(cancels)
    const record = await execution.get()
    expect(record).toMatchObject({ status: 'cancelled', context: { results: ['one'], notes: ['kept'] }, value: 'second' })
    expect((await store.load(execution.id))?.revision).toBeGreaterThan(before?.revision ?? Infinity)
  })

  test('a failure keeps the context of the last good commit and says what went wrong', async () => {
    const { step, execution, first } = await running()
    first.resolve('one')
    ;(await step.startedWith('a.2')).reject(new TypeError('broken pipe'))
    expect(await execution.result()).toMatchObject({ status: 'failed', error: { name: 'TypeError', message: 'broken pipe' } })
    expect(await execution.get()).toMatchObject({ status: 'failed', context: { results: ['one'] }, error: { name: 'TypeError' } })
  })
})

describe('work that does not heed its signal', () => {
  test('a cancel with a time of its own answers cancelling, and the execution stays tracked', async () => {
    const { world, execution, first } = await running()
    const begun = world.clock.now()
    expect(await execution.cancel({ timeout: 100 })).toEqual({ status: 'cancelling' })
    expect(world.clock.now()).toBe(begun + 100)
    expect(first.signal.aborted).toBe(true)
    expect(await execution.get()).toMatchObject({ status: 'cancelling' })
    expect(await execution.result({ timeout: 0 })).toEqual({ status: 'timeout' })
    first.resolve('late')
    expect(await execution.result()).toMatchObject({ status: 'cancelled' })
    expect(world.clock.now()).toBe(begun + 100)
  })

  test('the slot stays taken until the step is really gone', async () => {
    const { world, step, execution, first } = await running()
    const next = await world.trigger('work', { label: 'b' })
    const cancelled = execution.cancel()
    await world.settle()
    expect(first.signal.aborted).toBe(true)
    expect(step.callsWith('b.1')).toEqual([])
    expect(await next.get()).toMatchObject({ status: 'queued' })
    first.resolve('late')
    expect(await cancelled).toEqual({ status: 'cancelled' })
    await step.startedWith('b.1')
  })

  test('the slot is free once cancelTimeout has passed, and the late result is dropped', async () => {
    const { world, step, execution, first } = await running({ cancelTimeout: 5_000 })
    const { store } = world
    await world.trigger('work', { label: 'b' })
    const cancelled = execution.cancel()
    await world.advance(4_999)
    expect(first.signal.aborted).toBe(true)
    expect(step.callsWith('b.1')).toEqual([])
    await world.advance(1)
    expect(await cancelled).toEqual({ status: 'cancelled' })
    await step.startedWith('b.1')
    const before = await store.load(execution.id)
    first.resolve('too late')
    await world.settle()
    expect(await store.load(execution.id)).toEqual(before)
    expect(step.callsWith('a.2')).toEqual([])
    expect(await execution.result()).toMatchObject({ status: 'cancelled' })
    expect(await ends(store, execution.id)).toEqual(['cancelled'])
  })

  test('a step that ends in success after the cancel does not complete the execution', async () => {
    const { world, step, execution, first } = await running()
    const cancelled = execution.cancel()
    await world.settle()
    expect(first.signal.aborted).toBe(true)
    first.resolve('one')
    expect(await cancelled).toEqual({ status: 'cancelled' })
    expect(await execution.get()).toMatchObject({ status: 'cancelled', context: { results: [] } })
    expect(step.callsWith('a.2')).toEqual([])
  })

  test('the id of an execution that is being cancelled can not be taken again', async () => {
    const { world, step } = workshop({ maxConcurrent: 10 })
    const execution = await world.trigger('work', { label: 'a' }, { id: 'mine' })
    const first = await step.startedWith('a.1')
    const cancelled = execution.cancel()
    await expect(world.trigger('work', { label: 'b' }, { id: 'mine' })).rejects.toMatchObject({ code: 'duplicate_execution' })
    await world.settle()
    expect(first.signal.aborted).toBe(true)
    expect(await execution.resume()).toEqual({ status: 'cancelling' })
    expect(await execution.pause({ timeout: 0 })).toEqual({ status: 'cancelling' })
    first.resolve('late')
    await cancelled
    await world.settle()
    expect(step.calls).toHaveLength(1)
  })
})

describe('nothing is left behind', () => {
  test('after failure, cancel and completion no execution and no slot stays in memory, and no event reaches the dead', async () => {
    const { world, step, free, execution, first } = await running({}, heeding)
    first.reject(new Error('a.1 failed'))
    await execution.result()
    const cancelled = await world.trigger('work', { label: 'b' })
    await step.startedWith('b.1')
    await cancelled.cancel()
    free()
    const completed = await world.trigger('work', { label: 'c' })
    expect(await completed.result()).toMatchObject({ status: 'completed' })
    for (const handle of [execution, cancelled, completed])
      expect(await handle.send({ type: 'NOTE', text: 'x' })).toMatchObject({ status: 'already_finished' })
    const begun = world.clock.now()
    await world.drain()
    expect(world.clock.now()).toBe(begun)
  })
})

describe('cancel in every other status', () => {
  test('a waiting execution is cancelled at once', async () => {
    const { world } = workshop()
    const execution = await world.trigger('approvals')
    await execution.send({ type: 'NOTE', text: 'one' })
    expect(await execution.cancel()).toEqual({ status: 'cancelled' })
    expect(await execution.get()).toMatchObject({ status: 'cancelled', context: { notes: ['one'] } })
    expect(await ends(world.store, execution.id)).toEqual(['cancelled'])
  })

  test.each(places)('a paused execution is cancelled, also by another runtime (%s)', async (_, placeOf) => {
    const place = placeOf()
    const { world, execution } = await running({}, { ...heeding, store: place.open })
    const { world: other } = workshop({}, { store: place.open, clock: world.clock, id: 'other' })
    expect(await execution.pause({ mode: 'now' })).toMatchObject({ status: 'paused' })
    expect(await other.execution(execution.id).cancel()).toEqual({ status: 'cancelled' })
    expect(await execution.result()).toMatchObject({ status: 'cancelled' })
    expect(await ends(world.store, execution.id)).toEqual(['cancelled'])
  })

  test('a cancel while pausing wins over the pause', async () => {
    const { world, execution, first } = await running()
    const paused = execution.pause()
    const cancelled = execution.cancel()
    await world.settle()
    expect(first.signal.aborted).toBe(true)
    first.resolve('late')
    expect(await cancelled).toEqual({ status: 'cancelled' })
    expect(await paused).toEqual({ status: 'already_finished', as: 'cancelled' })
    expect(await ends(world.store, execution.id)).toEqual(['cancelled'])
  })

  test('a cancel during the back-off of a retry ends it, and no further attempt starts', async () => {
    const { world, step, execution, first } = await running({ retry: { maxAttempts: 3, backoff: { initial: 60_000 } } })
    first.reject(new Error('a.1 failed'))
    await world.settle()
    expect(await journal(world.store, execution.id)).toContain('retrying')
    expect(await execution.cancel()).toEqual({ status: 'cancelled' })
    await world.advance(600_000)
    expect(step.calls).toHaveLength(1)
    expect(await ends(world.store, execution.id)).toEqual(['cancelled'])
  })

  test('a cancel hits its execution and no other, whatever session they share', async () => {
    const program = worker()
    const entryPoints = [defineEntryPoint({ id: 'primary', program }), defineEntryPoint({ id: 'hook', program })] as const
    const world = createTestRuntime({ entryPoints })
    const step = world.hold('step')
    const primary = await world.trigger('primary', { label: 'p' }, { sessionId: 'shared' })
    const hook = await world.trigger('hook', { label: 'h' }, { sessionId: 'shared' })
    const first = await step.startedWith('p.1')
    expect(hook.id).not.toBe(primary.id)
    await hook.cancel()
    await world.settle()
    expect(first.signal.aborted).toBe(false)
    expect(await primary.get()).toMatchObject({ status: 'running', sessionId: 'shared' })
    expect(await hook.get()).toMatchObject({ status: 'cancelled', sessionId: 'shared' })
    await world.stop()
  })

  test('an unknown id is not_found, and an id that is none is refused', async () => {
    const { world } = await running()
    for (const command of ['cancel', 'pause', 'resume'] as const)
      expect(await world.execution('nobody')[command]()).toEqual({ status: 'not_found' })
    expect(() => world.execution('../../x')).toThrow(expect.objectContaining({ code: 'invalid_id' }))
  })
})
