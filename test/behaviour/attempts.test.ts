/** What still runs of a step: no attempt begins beside the one before it, and what outlives its step keeps the slot. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { setup } from 'xstate'
import { defineEntryPoint, fromStep, type EntryPointOptions, type StepOptions } from '../../src/index.js'
import { AfterCommit } from '../../src/actors/program/after-commit.js'
import { attempts } from '../../src/actors/program/step-attempts.js'
import type { StepContext } from '../../src/actors/program/step-context.js'
import type { ProgramPort, ProgramSettings } from '../../src/actors/program/program-port.js'
import { systemClock } from '../../src/clock.js'
import { createTestRuntime, fails, hangs } from '../../src/testing/index.js'
import { turns } from '../support/eventually.js'

const program = (options: StepOptions) =>
  setup({
    types: { events: {} as { type: 'LEAVE' } },
    actors: { step: fromStep<unknown>(() => Promise.reject(new Error('to be mocked')), options) },
  }).createMachine({
    id: 'working',
    initial: 'working',
    states: {
      working: { invoke: { id: 'step', src: 'step', onDone: 'done', onError: 'failed' }, on: { LEAVE: 'idle' } },
      idle: {},
      done: { type: 'final' },
      failed: { type: 'final' },
    },
  })

function working(options: StepOptions, more: Partial<EntryPointOptions> = {}) {
  const world = createTestRuntime({
    entryPoints: [defineEntryPoint({ id: 'work', program: program(options), maxConcurrent: 1, cancelTimeout: 3_000, ...more })],
  })
  onTestFinished(() => world.stop())
  return { world, deaf: world.hold('step', { heedsSignal: false }) }
}

const backoff = { initial: 10, jitter: 'none' } as const

describe('an attempt that runs out of time and does not heed its signal', () => {
  test('the next one begins when it is really gone', async () => {
    const { world, deaf } = working({ timeout: 500, retry: { maxAttempts: 2, backoff } })
    const execution = await world.trigger('work')
    const first = await deaf.started()
    await world.advance(2_000)
    expect(deaf.calls).toHaveLength(1)
    first.resolve('too late')
    const second = await deaf.started(2)
    second.resolve('in time')
    expect(await execution.result()).toMatchObject({ status: 'completed' })
    expect(await execution.get()).toMatchObject({ value: 'done' })
  })

  test('the next one waits no longer than cancelTimeout', async () => {
    const { world, deaf } = working({ timeout: 500, retry: { maxAttempts: 2, backoff } })
    await world.trigger('work')
    await world.advance(3_400)
    expect(deaf.calls).toHaveLength(1)
    await world.advance(200)
    expect(deaf.calls).toHaveLength(2)
  })

  test('its execution may end, and its slot is free when it is gone', async () => {
    const { world, deaf } = working({ timeout: 500 })
    const execution = await world.trigger('work')
    const next = await world.trigger('work')
    const first = await deaf.started()
    await world.advance(600)
    expect(await execution.get()).toMatchObject({ status: 'completed', value: 'failed' })
    expect(await next.get()).toMatchObject({ status: 'queued' })
    first.resolve('gone')
    await world.settle()
    expect(await next.get()).toMatchObject({ status: 'running' })
  })

  test('a cancel and a pause wait for it', async () => {
    for (const command of ['cancel', 'pause'] as const) {
      const { world, deaf } = working({ timeout: 500, retry: { maxAttempts: 2, backoff: { initial: 10_000 } } })
      const execution = await world.trigger('work')
      const first = await deaf.started()
      await world.advance(600)
      const answer = command === 'cancel' ? execution.cancel() : execution.pause({ mode: 'now' })
      await world.settle()
      expect(await execution.get()).toMatchObject({ status: command === 'cancel' ? 'cancelling' : 'pausing' })
      first.resolve('gone')
      expect(await answer).toMatchObject({ status: command === 'cancel' ? 'cancelled' : 'paused' })
    }
  })
})

test('a function whose step was left keeps the slot until it is gone, and its execution is not waiting before', async () => {
  const { world, deaf } = working({})
  const execution = await world.trigger('work')
  const first = await deaf.started()
  await execution.send({ type: 'LEAVE' })
  expect(await execution.get()).toMatchObject({ status: 'running', value: 'idle' })
  first.resolve('gone')
  await world.settle()
  expect(await execution.get()).toMatchObject({ status: 'waiting', value: 'idle' })
})

test('an execution that fails and tries again begins none of its steps beside what is left of the attempt before', async () => {
  const failing = fromStep(() => Promise.reject(new Error('to be mocked')))
  const deafStep = fromStep<unknown>(() => Promise.reject(new Error('to be mocked')))
  const both = setup({ actors: { failing, step: deafStep } }).createMachine({
    id: 'both',
    type: 'parallel',
    states: { failing: { invoke: { src: 'failing' } }, working: { invoke: { id: 'step', src: 'step' } } },
  })
  const entryPoint = defineEntryPoint({ id: 'work', program: both, retry: { maxAttempts: 2, backoff }, cancelTimeout: 3_000 })
  const world = createTestRuntime({ entryPoints: [entryPoint] })
  onTestFinished(() => world.stop())
  world.mock('failing', fails('broken'), hangs())
  const deaf = world.hold('step', { heedsSignal: false })
  const execution = await world.trigger('work')
  const first = await deaf.started()
  await world.advance(1_000)
  expect(await execution.get()).toMatchObject({ attempt: 2 })
  expect(deaf.calls).toHaveLength(1)
  first.resolve('gone')
  await deaf.started(2)
})

test('a further attempt begins once its number is durable', async () => {
  const { world } = working({ retry: { maxAttempts: 3, backoff } })
  const durable: (number | undefined)[] = []
  world.mock('step', async ({ executionId, attempt }) => {
    const record = await world.execution(executionId).get()
    durable.push('steps' in record ? record.steps['step']?.attempt : undefined)
    if (attempt < 3) throw new Error(`attempt ${attempt}`)
  })
  await (await world.trigger('work')).result()
  expect(durable).toEqual([1, 2, 3])
})

test('a further attempt whose number is durable with the very commit that stops it does not begin', async () => {
  const stop = new AbortController()
  const begun: number[] = []
  const numbered = (resolve: () => void) => {
    resolve()
    stop.abort(new Error('paused'))
  }
  const context = {
    attempt: 1,
    clock: systemClock,
    random: () => 0,
    flushed: () => Promise.resolve(),
    attempted: () => new Promise<void>((resolve) => setImmediate(() => numbered(resolve))),
  } as Partial<StepContext> as StepContext
  const fail = (attempt: number) => {
    begun.push(attempt)
    return Promise.reject(new Error('broken'))
  }
  const options = { retry: { maxAttempts: 3, backoff: { initial: 0, jitter: 'none' } } } as const
  await expect(attempts(options, context, stop.signal, fail)).rejects.toThrow('paused')
  expect(begun).toEqual([1])
})

test('where steps wait for no commit, a further attempt begins only in the process that holds the execution', async () => {
  const begun: boolean[] = []
  for (const isOwn of [true, false]) {
    const settings = { durability: 'relaxed', isOwner: () => Promise.resolve(isOwn) } as ProgramSettings
    new AfterCommit(settings, {} as ProgramPort, () => undefined).run(() => void begun.push(isOwn))
  }
  await turns(2)
  expect(begun).toEqual([true])
})
