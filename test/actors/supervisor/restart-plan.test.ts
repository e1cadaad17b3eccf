/** Which streams restart when one has failed. */
import { describe, expect, test } from 'vitest'
import { RestartPlan } from '../../../src/actors/supervisor/restart-plan.js'
import type { StreamDefinition } from '../../../src/actors/stream/stream-definition.js'

describe('a restart plan', () => {
  const streams = ['a', 'b', 'c', 'temporary'].map((id) => ({ id, restart: id === 'temporary' ? id : 'permanent' }))
  const plan = (strategy: 'one_for_one' | 'one_for_all' | 'rest_for_one', intensity = 3) =>
    new RestartPlan({ strategy, intensity, period: 1_000, backoff: {} }, () => streams as unknown as StreamDefinition[])

  test.each([
    ['one_for_one', ['b']],
    ['one_for_all', ['a', 'b', 'c', 'temporary']],
    ['rest_for_one', ['b', 'c', 'temporary']],
  ] as const)('by %s restarts %j when b has failed', (strategy, ids) => {
    expect(plan(strategy).decide('b', 0)).toEqual({
      kind: 'restart',
      restarts: 1,
      streams: ids.map((id) => expect.objectContaining({ id })),
    })
  })

  test('gives up past its intensity within the period, and forgets what lies before it', () => {
    const made = plan('one_for_one', 2)
    expect([0, 500, 1_000, 1_400].map((now) => made.decide('a', now).kind)).toEqual(['restart', 'restart', 'restart', 'give_up'])
  })

  test('leaves a temporary stream, and one that it does not know', () => {
    const made = plan('one_for_all', 0)
    expect([made.decide('temporary', 0), made.decide('nobody', 0)]).toEqual([{ kind: 'leave' }, { kind: 'leave' }])
    expect(made.decide('a', 0)).toEqual({ kind: 'give_up' })
  })
})
