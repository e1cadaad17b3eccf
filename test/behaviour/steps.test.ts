/** Steps with retries and limits, retry of executions, forks. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { setup } from 'xstate'
import { defineEntryPoint, fromStep, type StepOptions } from '../../src/index.js'
import { createTestRuntime, hangs, type MockBehaviour } from '../../src/testing/index.js'
import { journal } from '../support/journal.js'
import { memoryPlace, places } from '../support/store-place.js'
import { workshop, type WorkOptions } from '../support/workshop.js'

function stepping(options: StepOptions, ...behaviours: readonly [MockBehaviour, ...MockBehaviour[]] | readonly []) {
  const step = fromStep<unknown>(() => Promise.reject(new Error('to be mocked')), options)
  const program = setup({ actors: { step } }).createMachine({
    id: 'stepping',
    initial: 'working',
    states: {
      working: { invoke: { id: 'step', src: 'step', onDone: 'done', onError: 'failed' } },
      done: { type: 'final' },
      failed: { type: 'final' },
    },
  })
  const world = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'stepping', program })] })
  onTestFinished(() => world.stop())
  const [first, ...further] = behaviours
  if (first) world.mock('step', first, ...further)
  const attempts = () => world.calls.map(({ attempt }) => attempt)
  const keys = () => new Set(world.calls.map(({ idempotencyKey }) => idempotencyKey))
  return { world, attempts, keys }
}

const failing: MockBehaviour = ({ attempt }) => Promise.reject(new Error(`attempt ${attempt}`))

describe('fromStep', () => {
  test('a step is tried again after its back-off, with the same key and the next attempt, and then fails with the last error', async () => {
    const { world, attempts, keys } = stepping({ retry: { maxAttempts: 3, backoff: { initial: 1_000 } } }, failing)
    const execution = await world.trigger('stepping')
    await world.settle()
    expect(attempts()).toEqual([1])
    await execution.result()
    expect(await execution.get()).toMatchObject({ value: 'failed' })
    expect(attempts()).toEqual([1, 2, 3])
    expect(keys().size).toBe(1)
    const [first, second, third] = world.calls.map(({ startedAt }) => startedAt) as [number, number, number]
    expect(second - first).toBeGreaterThan(0)
    expect(third - second).toBeGreaterThan(second - first)
    expect(world.calls.at(-1)).toMatchObject({ status: 'failed', error: { message: 'attempt 3' } })
  })

  test('retryIf decides by the error', async () => {
    const { world, attempts } = stepping(
      { retry: { maxAttempts: 3, retryIf: (error) => String(error).includes('busy') } },
      failing,
    )
    await (await world.trigger('stepping')).result()
    expect(attempts()).toEqual([1])
  })

  test('an attempt that takes longer than its timeout gets its signal and fails with step_timeout', async () => {
    const { world } = stepping({ timeout: 500, retry: { maxAttempts: 2, backoff: { initial: 10 } } })
    const held = world.hold('step', { heedsSignal: false })
    const execution = await world.trigger('stepping')
    const first = await held.started()
    await world.advance(499)
    expect(first.signal.aborted).toBe(false)
    await world.advance(1)
    expect(first.signal.aborted).toBe(true)
    expect(first.signal.reason).toMatchObject({ code: 'step_timeout' })
    await world.advance(15_000)
    expect(held.calls.map(({ attempt }) => attempt)).toEqual([1, 2])
    expect(await execution.get()).toMatchObject({ status: 'completed', value: 'failed' })
  })

  test('attempts go on counting after a crash', async () => {
    const { world, attempts, keys } = stepping({ retry: { maxAttempts: 3, backoff: { initial: 1_000 } } }, failing, hangs())
    await world.trigger('stepping')
    await world.advance(5_000)
    expect(attempts()).toEqual([1, 2])
    await world.restart()
    await world.settle()
    expect(attempts()).toEqual([1, 2, 2])
    expect(keys().size).toBe(1)
  })

  test('onRecovery fail ends a step that was in flight with step_interrupted', async () => {
    const { world, attempts } = stepping({ onRecovery: 'fail' }, hangs())
    const execution = await world.trigger('stepping')
    await world.settle()
    expect(attempts()).toEqual([1])
    await world.restart()
    await execution.result()
    expect(attempts()).toEqual([1])
    expect(await execution.get()).toMatchObject({ status: 'completed', value: 'failed' })
  })

  test('onRecovery hold pauses the execution with reason step_in_doubt, and a resume runs the step', async () => {
    const { world, attempts } = stepping({ onRecovery: 'hold' }, hangs())
    const execution = await world.trigger('stepping')
    await world.settle()
    await world.restart()
    await world.settle()
    expect(await execution.get()).toMatchObject({
      status: 'paused',
      pause: { reason: expect.stringContaining('step_in_doubt') as string },
    })
    expect(attempts()).toEqual([1])
    world.mock('step', () => undefined)
    await execution.resume()
    await execution.result()
    expect(attempts()).toEqual([1, 1])
    expect(await execution.get()).toMatchObject({ value: 'done' })
  })

  test('progress is published durably, and what can not be stored is refused', async () => {
    const { world } = stepping({}, ({ progress }) => {
      progress({ done: 1, of: 2 })
      expect(() => progress({ call: () => 1 })).toThrow(expect.objectContaining({ code: 'not_storable' }))
    })
    const execution = await world.trigger('stepping')
    await execution.result()
    expect(await execution.get()).toMatchObject({ value: 'done' })
    const events = await world.store.events({ since: 0, execution: execution.id, limit: 50 })
    expect(events.find(({ type }) => type === 'execution.progress')?.data).toContain('"of":2')
  })
})

describe('retry of an execution', () => {
  async function working(options: WorkOptions, place = memoryPlace()) {
    const shop = workshop(options, { store: place.open })
    const execution = await shop.world.trigger('work', { label: 'a' })
    ;(await shop.step.startedWith('a.1')).resolve('one')
    return { ...shop, execution, second: await shop.step.startedWith('a.2') }
  }

  test.each(places)(
    'it goes back to the last good commit: the failing step runs again, not the whole program (%s)',
    async (_, place) => {
      const { world, step, execution, second } = await working(
        { retry: { maxAttempts: 2, backoff: { initial: 1_000 } } },
        place(),
      )
      second.reject(new Error('a.2 failed'))
      await world.settle()
      expect(await journal(world.store, execution.id)).toContain('retrying')
      expect(await execution.get()).toMatchObject({ status: 'waiting', attempt: 2, context: { results: ['one'] } })
      await world.advance(60_000)
      ;(await step.startedWith('a.2', 2)).resolve('two')
      expect(await execution.result()).toMatchObject({ status: 'completed', output: { results: ['one', 'two'] } })
      expect(step.callsWith('a.1')).toHaveLength(1)
    },
  )

  test('onExhausted fail ends it with the last error', async () => {
    const { world, step, execution, second } = await working({ retry: { maxAttempts: 2, backoff: { initial: 10 } } })
    second.reject(new Error('first'))
    await world.advance(5_000)
    ;(await step.startedWith('a.2', 2)).reject(new Error('second'))
    expect(await execution.result()).toMatchObject({ status: 'failed', error: { message: 'second' } })
    expect(await execution.get()).toMatchObject({ attempt: 2, context: { results: ['one'] } })
  })

  test('onExhausted pause keeps it for a person, who mends and resumes with fresh attempts', async () => {
    const { world, step, execution, second } = await working({ retry: { maxAttempts: 1, onExhausted: 'pause' } })
    second.reject(new Error('broken'))
    await world.settle()
    expect(await execution.get()).toMatchObject({
      status: 'paused',
      pause: { reason: 'retries_exhausted' },
      error: { message: 'broken' },
    })
    const same = await execution.retry({ actor: 'ann' })
    expect(same.id).toBe(execution.id)
    ;(await step.startedWith('a.2', 2)).resolve('two')
    expect(await execution.result()).toMatchObject({ output: { results: ['one', 'two'] } })
  })

  test.each(places)(
    'a retry of a failed one leaves it as it ended, and a fork of its last good commit runs (%s)',
    async (_, place) => {
      const { step, execution, second } = await working({}, place())
      second.reject(new Error('broken'))
      await execution.result()
      const other = await execution.retry()
      expect(other.id).not.toBe(execution.id)
      ;(await step.startedWith('a.2', 2)).resolve('two')
      expect(await other.result()).toMatchObject({ status: 'completed', output: { results: ['one', 'two'] } })
      expect(await execution.result()).toMatchObject({ status: 'failed' })
      expect(step.callsWith('a.1')).toHaveLength(1)
    },
  )

  test.each(places)('a fork of a kept checkpoint goes on from there, and the original is what it was (%s)', async (_, place) => {
    const { world, step, execution, second } = await working({ checkpoints: 20 }, place())
    second.resolve('two')
    await execution.result()
    const before = await world.store.load(execution.id)
    const kept = await world.store.checkpoints(execution.id)
    const beforeIt = kept.find(({ state }) => state.includes('"value":"second"'))
    const fork = await execution.fork({ revision: beforeIt?.revision ?? -1 })
    ;(await step.startedWith('a.2', 2)).resolve('another')
    expect(await fork.result()).toMatchObject({ output: { results: ['one', 'another'] } })
    expect(await world.store.load(execution.id)).toEqual(before)
    expect((await execution.fork({ idempotencyKey: 'f' })).id).toBe((await execution.fork({ idempotencyKey: 'f' })).id)
  })

  test('a pause during the back-off holds it, and a resume tries again', async () => {
    const { world, step, execution, second } = await working({ retry: { maxAttempts: 3, backoff: { initial: 1_000 } } })
    second.reject(new Error('a.2 failed'))
    await world.settle()
    expect(await journal(world.store, execution.id)).toContain('retrying')
    expect(await execution.pause()).toMatchObject({ status: 'paused' })
    await world.advance(100_000)
    expect(step.callsWith('a.2')).toHaveLength(1)
    await execution.resume()
    ;(await step.startedWith('a.2', 2)).resolve('two')
    expect(await execution.result()).toMatchObject({ status: 'completed' })
  })

  test('a resume cuts the back-off short, and a pause in the same turn comes after it: each tells a revision of its own', async () => {
    const { world, execution, second } = await working({ retry: { maxAttempts: 3, backoff: { initial: 1_000 } } })
    second.reject(new Error('a.2 failed'))
    await world.settle()
    const [resumed, paused] = await Promise.all([execution.resume(), execution.pause({ mode: 'now' })])
    expect(resumed).toMatchObject({ status: 'resumed' })
    expect(paused).toMatchObject({ status: 'paused' })
    expect((paused as { revision: number }).revision).toBeGreaterThan((resumed as { revision: number }).revision)
  })
})
