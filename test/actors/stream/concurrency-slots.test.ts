/** The limit over all streams, and whose turn is next. */
import { describe, expect, test } from 'vitest'
import { ConcurrencySlots, type SlotSeeker } from '../../../src/actors/stream/concurrency-slots.js'

describe('shared slots', () => {
  /** A stream whose executions came at these times. */
  function seeker(slots: ConcurrencySlots, name: string, keys: number[], taken: string[], started = false): SlotSeeker {
    return {
      wanting: () => (keys[0] === undefined ? undefined : { started, key: keys[0] }),
      next: () => void (slots.take() && taken.push(`${name}${keys.shift()}`)),
    }
  }

  test('go to whoever waits longest over all streams, and first to what had started', () => {
    const slots = new ConcurrencySlots(2)
    const taken: string[] = []
    slots.join(seeker(slots, 'a', [1, 4, 5], taken))
    slots.join(seeker(slots, 'b', [2, 3], taken))
    slots.join(seeker(slots, 'c', [9], taken, true))
    slots.offer()
    expect(taken).toEqual(['c9', 'a1'])
    expect([slots.hasFree, slots.take(), slots.used]).toEqual([false, false, 2])
    for (let ends = 0; ends < 4; ends++) slots.free()
    expect(taken).toEqual(['c9', 'a1', 'b2', 'b3', 'a4', 'a5'])
  })

  test('are not offered to a stream that has left', () => {
    const slots = new ConcurrencySlots(1)
    const taken: string[] = []
    const one = seeker(slots, 'a', [1], taken)
    slots.join(one)
    slots.leave(one)
    slots.offer()
    expect([taken, slots.used]).toEqual([[], 0])
  })
})
