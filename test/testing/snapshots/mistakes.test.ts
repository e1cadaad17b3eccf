/** What is asked of a snapshot by mistake is refused: it would hold always, or never, or show another execution's events. */
import 'stateward/testing/vitest'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createTestRuntime, snapshotOf, type ExecutionSnapshot, type SnapshotOptions } from '../../../src/testing/index.js'
import { orders } from './order-entry-points.js'

async function anOrder() {
  const runtime = createTestRuntime({ entryPoints: [orders] })
  onTestFinished(() => runtime.stop())
  return { runtime, order: await runtime.trigger('orders', { amount: 42 }) }
}

type Asked = 'toBeInState' | 'toHaveStatus' | 'toHaveRun' | 'toHaveEmitted'

describe('a matcher refuses what can not be asked, negated or not', () => {
  test.each<[Asked, string, ...unknown[]]>([
    ['toBeInState', 'state', ''],
    ['toBeInState', 'state', []],
    ['toBeInState', 'state', ['approval']],
    ['toBeInState', 'state', 1],
    ['toBeInState', 'state', null],
    ['toBeInState', 'state', undefined],
    ['toBeInState', 'state', { approval: undefined }],
    ['toHaveStatus', 'status', 'canceled'],
    ['toHaveStatus', 'status', undefined],
    ['toHaveRun', 'step', ''],
    ['toHaveRun', 'step', undefined],
    ['toHaveRun', 'times', 'charge', '1'],
    ['toHaveRun', 'times', 'charge', -1],
    ['toHaveRun', 'times', 'charge', Number.NaN],
    ['toHaveEmitted', 'event', ''],
    ['toHaveEmitted', 'event', undefined],
    ['toHaveEmitted', 'event', { amount: 42 }],
    ['toHaveEmitted', 'event', 7],
  ])('%s: %s of %o', async (matcher, option, ...asked) => {
    const snapshot = await snapshotOf((await anOrder()).order)
    const refused = expect.objectContaining({ code: 'invalid_option', details: { option, matcher } })
    const assertion = (subject: unknown) => subject as Record<Asked, (...args: unknown[]) => void>
    expect(() => assertion(expect(snapshot))[matcher](...asked)).toThrow(refused)
    expect(() => assertion(expect(snapshot).not)[matcher](...asked)).toThrow(refused)
  })

  test('and takes asymmetric matchers for events', async () => {
    const snapshot = await snapshotOf((await anOrder()).order)
    expect(snapshot).not.toHaveEmitted(expect.objectContaining({ type: 'PAID' }) as never)
    expect(snapshot).not.toHaveEmitted({ type: expect.stringMatching(/^PA/) as never })
  })
})

describe('a snapshot refuses', () => {
  const copied = (snapshot: ExecutionSnapshot) => ({ ...snapshot })

  test.each([Number.NaN, -1, '2', null, {}, new Date()])('to begin at %o', async (since) => {
    const { order } = await anOrder()
    const error = expect.objectContaining({ code: 'invalid_option', details: { option: 'since' } })
    await expect(snapshotOf(order, { since } as unknown as SnapshotOptions)).rejects.toEqual(error)
  })

  test('to begin at a copy, which knows no journal, and at a snapshot of another execution', async () => {
    const { order, runtime } = await anOrder()
    const before = await snapshotOf(order)
    const other = await runtime.trigger('orders', { amount: 7 })
    await expect(snapshotOf(order, { since: copied(before) })).rejects.toThrow(/not a copy/)
    await expect(snapshotOf(other, { since: before })).rejects.toThrow(
      'an earlier snapshot of execution-2, not one of execution-1',
    )
    expect((await snapshotOf(order, { since: before })).events).toEqual([])
  })

  test.each([0, -5, Number.NaN, Infinity, '1'])('a precision of %o', async (precision) => {
    const { order } = await anOrder()
    const error = expect.objectContaining({ code: 'invalid_option', details: { option: 'precision' } })
    await expect(snapshotOf(order, { precision } as unknown as SnapshotOptions)).rejects.toEqual(error)
  })
})
