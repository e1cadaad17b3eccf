/** Whose turn it is: the rules of admissions by themselves, on lanes in a list. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { admitFairly, type Lane, type WaitingLanes } from '../../src/persistence/fair-admission.js'
import type { AdmitRequest } from '../../src/persistence/snapshot-store.js'

interface ListLane extends Lane {
  readonly since: number[]
}

/** Lanes in a list, in the order of their turns, and all that they are asked for, counted. */
class Lanes implements WaitingLanes<ListLane> {
  readonly given: string[] = []
  asked = 0
  readonly held = new Map<string, number>()
  readonly log = new Map<string, number[]>()
  readonly aside: ListLane[] = []
  ready: ListLane[] = []
  delayedUntil = new Map<ListLane, number>()

  wait(key: string | null, since: number, priority = 0, rate: string | null = null): this {
    const known = this.ready.find(({ keys, priority: of }) => keys.concurrency === key && keys.rate === rate && of === priority)
    if (known) known.since.push(since)
    else this.ready.push({ keys: { concurrency: key, rate }, priority, since: [since] })
    return this
  }

  levels = () => [...new Set(this.ready.map(({ priority }) => priority))]

  oldest(priority: number) {
    const heads = this.ready.filter((lane) => lane.priority === priority).map(({ since }) => since[0] ?? Infinity)
    return heads.length === 0 ? undefined : Math.min(...heads)
  }

  next(priority: number) {
    this.asked++
    return this.ready.find((lane) => lane.priority === priority)
  }

  holders = (key: string) => this.held.get(key) ?? 0

  starts = (key: string, after: number) => ({ started: this.#after(key, after).length, pending: 0 })

  startOf = (key: string, after: number, nth: number) => this.#after(key, after)[nth] as number

  setAside(lane: ListLane) {
    this.#remove(lane)
    this.aside.push(lane)
  }

  delay(lane: ListLane, until: number) {
    this.#remove(lane)
    this.delayedUntil.set(lane, until)
  }

  give(lane: ListLane) {
    this.#remove(lane)
    const since = lane.since.shift()
    if (since === undefined) return false
    const { concurrency, rate } = lane.keys
    this.given.push(`${concurrency ?? rate ?? ''}${since}`)
    if (concurrency !== null) this.held.set(concurrency, this.holders(concurrency) + 1)
    if (lane.since.length > 0) this.ready.push(lane)
    return true
  }

  #after = (key: string, after: number) => (this.log.get(key) ?? []).filter((at) => at > after)

  #remove(lane: ListLane) {
    this.ready = this.ready.filter((each) => each !== lane)
  }
}

const request = (given: Partial<AdmitRequest> = {}) => ({ limit: 100, ageing: 10, now: 1_000, ...given })

describe('within one level', () => {
  test('keys take turns, and one key alone starts in the order of acceptance', () => {
    const lanes = new Lanes().wait('a', 1).wait('a', 2).wait('a', 3).wait('b', 4).wait('c', 5).wait('c', 6)
    admitFairly(lanes, request())
    expect(lanes.given).toEqual(['a1', 'b4', 'c5', 'a2', 'c6', 'a3'])
  })

  test('a key without a permit is set aside, and costs nothing more in the call', () => {
    const lanes = new Lanes()
    for (let n = 0; n < 50; n++) lanes.wait('full', n)
    lanes.wait('a', 60).wait('b', 61)
    lanes.held.set('full', 1)
    admitFairly(lanes, request({ concurrency: { limit: 1, skip: false } }))
    expect(lanes.given).toEqual(['a60', 'b61'])
    expect(lanes.aside.map(({ keys }) => keys.concurrency)).toEqual(['full'])
    expect(lanes.asked).toBeLessThanOrEqual(4)
  })

  test('no more is given than asked for', () => {
    const lanes = new Lanes().wait('a', 1).wait('b', 2).wait('c', 3)
    admitFairly(lanes, request({ limit: 2 }))
    expect(lanes.given).toEqual(['a1', 'b2'])
    admitFairly(lanes, request({ limit: 0 }))
    expect(lanes.given).toEqual(['a1', 'b2'])
  })
})

describe('between levels', () => {
  test('the greater priority goes first, until one of the other is so much older', () => {
    const lanes = new Lanes().wait('a', 0, 0).wait('b', 9, 1).wait('b', 11, 1).wait('c', 12, 2)
    admitFairly(lanes, request({ ageing: 10 }))
    expect(lanes.given).toEqual(['c12', 'b9', 'a0', 'b11'])
  })

  test('what is oldest in a level counts for all of it, whichever key has the turn', () => {
    const lanes = new Lanes().wait('late', 50, 0).wait('old', 1, 0).wait('high', 30, 1)
    admitFairly(lanes, request({ ageing: 10 }))
    // the level of the old one comes first as long as it waits: 1 < 30 − 10
    expect(lanes.given).toEqual(['late50', 'old1', 'high30'])
  })
})

describe('by a rate', () => {
  const rate = { limit: 2, per: 100, isKeyed: true }

  test('a key starts as often as its window lets it, and is delayed until the first of its starts is over', () => {
    const lanes = new Lanes().wait(null, 1, 0, 'x').wait(null, 2, 0, 'x').wait(null, 3, 0, 'y')
    lanes.log.set('x', [880, 950])
    const lane = lanes.ready[0] as ListLane
    expect(admitFairly(lanes, request({ rate }))).toBe(null)
    expect(lanes.given).toEqual(['x1', 'y3'])
    expect(lanes.delayedUntil.get(lane)).toBe(1_050)
  })

  test('one window for all is asked for once, however many keys wait', () => {
    const lanes = new Lanes()
    for (let n = 0; n < 1_000; n++) lanes.wait(`k${n}`, n, 0, '')
    lanes.log.set('', [940])
    expect(admitFairly(lanes, request({ rate: { ...rate, isKeyed: false } }))).toBe(1_040)
    expect(lanes.given).toEqual(['k00'])
    expect(lanes.asked).toBe(2)
  })
})

test('whatever waits, an execution that is the first of its key waits for at most one of each other key', () => {
  const arrivals = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), slots: fc.nat(3) }), {
    minLength: 1,
    maxLength: 80,
  })
  fc.assert(
    fc.property(arrivals, (steps) => {
      const lanes = new Lanes()
      const first = new Map<string, number>()
      let since = 0
      for (const { key, slots } of steps) {
        if (!lanes.ready.some(({ keys }) => keys.concurrency === key)) first.set(`${key}${since}`, lanes.given.length)
        lanes.wait(key, since++)
        admitFairly(lanes, request({ limit: slots }))
      }
      admitFairly(lanes, request({ limit: 1_000 }))
      for (const [id, from] of first) {
        const between = lanes.given.slice(from, lanes.given.indexOf(id)).map((each) => each[0])
        expect(new Set(between).size).toBe(between.length)
      }
    }),
  )
})
