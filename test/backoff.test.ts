/** How long to wait before the next attempt. */
import { describe, expect, test } from 'vitest'
import { backoffDelay } from '../src/backoff.js'

describe('a wait between attempts', () => {
  const waits = (backoff: Parameters<typeof backoffDelay>[0], random = 0) =>
    [1, 2, 3, 4].map((attempt) => backoffDelay(backoff, attempt, () => random))

  test('grows by its factor up to its maximum', () => {
    expect(waits({ initial: 100, factor: 3, max: 800, jitter: 'none' })).toEqual([100, 300, 800, 800])
    expect(backoffDelay({ jitter: 'none' }, 5_000, () => 0)).toBe(30_000)
  })

  test('is of whole milliseconds', () => {
    for (const jitter of ['full', 'equal'] as const)
      for (const wait of waits({ initial: 33, factor: 1.7, jitter }, 0.777)) expect(Number.isInteger(wait)).toBe(true)
  })

  test('lies between nothing and the whole with full jitter, between the half and the whole by default', () => {
    expect([waits({ jitter: 'full' }, 0), waits({ jitter: 'full' }, 0.5)]).toEqual([
      [0, 0, 0, 0],
      [100, 200, 400, 800],
    ])
    expect([waits(undefined, 0), waits(undefined, 1)]).toEqual([
      [100, 200, 400, 800],
      [200, 400, 800, 1_600],
    ])
  })
})
