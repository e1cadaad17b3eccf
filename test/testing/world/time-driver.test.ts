/** Time in a test runtime goes on as far as somebody waits for something, and no further. */
import { expect, test } from 'vitest'
import { setup } from 'xstate'
import { defineEntryPoint, fromStep } from '../../../src/index.js'
import { createTestRuntime } from '../../../src/testing/world/test-runtime.js'

const day = 24 * 3_600_000

const offer = setup({ types: { events: {} as { type: 'TAKE' } | { type: 'KEEP_OPEN' } } }).createMachine({
  id: 'offer',
  initial: 'open',
  states: {
    open: { on: { TAKE: 'taken', KEEP_OPEN: 'kept' }, after: { [300 * day]: 'expired' } },
    kept: { on: { TAKE: 'taken' } },
    taken: { type: 'final' },
    expired: { type: 'final' },
  },
})
const offers = defineEntryPoint({ id: 'offers', program: offer })

test('an execution that left memory until its timer, and ended before, holds up nothing', async () => {
  const runtime = createTestRuntime({ entryPoints: [offers] })
  const taken = await runtime.trigger('offers')
  await runtime.advance(day)
  await taken.send({ type: 'TAKE' })
  await runtime.runToIdle()
  expect(runtime.clock.now()).toBe(Date.UTC(2026, 0, 2))
  expect(await taken.get()).toMatchObject({ value: 'taken' })
  await runtime.stop()
})

test('time goes on to the timer of an execution that is in no memory, also in another process', async () => {
  const runtime = createTestRuntime({ entryPoints: [offers] })
  const expired = await runtime.trigger('offers')
  await runtime.advance(day)
  await runtime.restart()
  expect(await expired.result()).toMatchObject({ status: 'completed' })
  expect(runtime.clock.now()).toBe(Date.UTC(2026, 0, 1) + 300 * day)
  await runtime.stop()
})

test('what a dead process had set timers for holds up nothing', async () => {
  const runtime = createTestRuntime({ entryPoints: [offers] })
  const taken = await runtime.trigger('offers')
  await runtime.restart()
  await taken.send({ type: 'TAKE' })
  await runtime.runToIdle()
  expect(runtime.clock.now()).toBe(Date.UTC(2026, 0, 1))
  await runtime.stop()
})

test('what waits for an event alone is waited for in vain, at once', async () => {
  const runtime = createTestRuntime({ entryPoints: [offers] })
  const kept = await runtime.trigger('offers')
  await runtime.advance(day)
  await kept.send({ type: 'KEEP_OPEN' })
  await expect(kept.result()).rejects.toMatchObject({ code: 'stuck' })
  expect(runtime.clock.now()).toBe(Date.UTC(2026, 0, 2))
  await runtime.stop()
})

test('an execution that is just leaving memory is waited for, until its timer', async () => {
  const runtime = createTestRuntime({ entryPoints: [offers] })
  const expired = await runtime.trigger('offers')
  const leaving = runtime.passivate(expired)
  await runtime.runToIdle()
  expect(runtime.clock.now()).toBe(Date.UTC(2026, 0, 1) + 300 * day)
  await leaving
  await runtime.stop()
})

test('time passes once for all who let it pass: none of them is told that all is idle while it goes on', async () => {
  const call = fromStep(
    ({ attempt }) => {
      if (attempt < 3) throw new Error('engaged')
    },
    { retry: { maxAttempts: 3, backoff: { initial: 1_000, jitter: 'none' } } },
  )
  const runtime = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'calls', program: call })] })
  await runtime.trigger('calls')
  const idleAt = () => runtime.runToIdle().then(() => runtime.clock.now())
  expect(await Promise.all([idleAt(), idleAt(), idleAt()])).toEqual(Array(3).fill(Date.UTC(2026, 0, 1) + 3_000))
  await runtime.stop()
})
