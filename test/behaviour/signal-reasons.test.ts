/** Why a step's signal fires stands in its reason. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { fromPromise, setup } from 'xstate'
import { defineEntryPoint, fromStep, type EntryPointOptions, type StepOptions } from '../../src/index.js'
import { createTestRuntime } from '../../src/testing/index.js'

const missing = () => Promise.reject(new Error('to be mocked'))

function working(options: StepOptions | 'plain' = {}, more: Partial<EntryPointOptions> = {}) {
  const step = options === 'plain' ? fromPromise<unknown>(missing) : fromStep<unknown>(missing, options)
  const program = setup({ types: { events: {} as { type: 'LEAVE' } }, actors: { step } }).createMachine({
    id: 'working',
    initial: 'working',
    states: { working: { invoke: { id: 'step', src: 'step' }, on: { LEAVE: 'idle' } }, idle: {} },
  })
  const world = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'work', program, ...more })] })
  onTestFinished(() => world.stop())
  const held = world.hold('step')
  const begun = async () => ({ world, execution: await world.trigger('work'), call: await held.started() })
  return begun()
}

describe.each([['a step', {}] as const, ['a plain promise', 'plain'] as const])('%s is told', (_, options) => {
  test('that its execution is cancelled, by whom and why', async () => {
    const { execution, call } = await working(options)
    await execution.cancel({ reason: 'enough', actor: 'ann' })
    const details = { id: execution.id, reason: 'enough', actor: 'ann' }
    expect(call.signal.reason).toMatchObject({ name: 'StatewardError', code: 'cancelled', details })
  })

  test('that its execution is paused, by whom and why', async () => {
    const { execution, call } = await working(options)
    await execution.pause({ mode: 'now', reason: 'lunch' })
    expect(call.signal.reason).toMatchObject({ code: 'paused', details: { mode: 'now', reason: 'lunch' } })
  })

  test('that its state was left', async () => {
    const { execution, call } = await working(options)
    await execution.send({ type: 'LEAVE' })
    expect(call.signal.reason).toMatchObject({ code: 'left', details: { id: execution.id, path: 'step' } })
  })

  test('that its execution has timed out', async () => {
    const { execution, call } = await working(options, { timeout: 1_000 })
    await execution.result()
    expect(call.signal.reason).toMatchObject({ code: 'timed_out', details: { limit: 'timeout' } })
  })

  test('that the runtime stops', async () => {
    const { world, call } = await working(options)
    await world.stop()
    expect(call.signal.reason).toMatchObject({ code: 'stopping', retryable: true })
  })
})

test('a step with a time limit of its own is told as well which of them it was', async () => {
  const { world, execution, call } = await working({ timeout: 60_000 })
  await execution.cancel()
  expect(call.signal.reason).toMatchObject({ code: 'cancelled' })
  const limited = await working({ timeout: 500, retry: { maxAttempts: 2 } })
  await limited.world.advance(500)
  expect(limited.call.signal.reason).toMatchObject({ code: 'step_timeout' })
  await world.stop()
})

test('a step that rejects with the reason changes nothing of how its execution ends', async () => {
  const { execution } = await working({})
  expect(await execution.cancel({ reason: 'enough' })).toEqual({ status: 'cancelled' })
  expect(await execution.result()).toMatchObject({ status: 'cancelled', reason: 'enough' })
  expect(await execution.result()).not.toHaveProperty('error')
})
