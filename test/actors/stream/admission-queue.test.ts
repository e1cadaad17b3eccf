/** The order in which executions get slots. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AdmissionQueue, isBefore } from '../../../src/actors/stream/admission-queue.js'
import type { Admissible } from '../../../src/actors/execution/execution-port.js'

interface Item extends Admissible {
  readonly id: string
}

const item = (id: string, given: Partial<Item> = {}): Item => ({ id, priority: 0, queuedSince: 0, hasStarted: false, ...given })

function queue(...items: Item[]) {
  const made = new AdmissionQueue<Item>(1_000, { now: () => 10_000, monotonic: () => 10_000 })
  for (const one of items) made.add(one)
  return made
}

function drained(from: AdmissionQueue<Item>): string[] {
  const ids: string[] = []
  for (let next = from.take(); next; next = from.take()) ids.push(next.id)
  return ids
}

describe('the queue', () => {
  test('gives the higher priority first', () => {
    expect(drained(queue(item('low', { priority: -1 }), item('high', { priority: 2 }), item('mid')))).toEqual([
      'high',
      'mid',
      'low',
    ])
  })

  test('gives what came first, also among those of the same instant', () => {
    const late = item('late', { queuedSince: 5 })
    expect(drained(queue(late, item('a'), item('b'), item('c')))).toEqual(['a', 'b', 'c', 'late'])
  })

  test('lets waiting outweigh priority, so that nothing starves', () => {
    const [waiting, urgent] = [item('waiting', { queuedSince: 0 }), item('urgent', { priority: 1, queuedSince: 999 })]
    expect(drained(queue(waiting, urgent))).toEqual(['urgent', 'waiting'])
    expect(drained(queue(waiting, { ...urgent, queuedSince: 1_001 }))).toEqual(['waiting', 'urgent'])
  })

  test('gives what had started before what had not, whatever its priority', () => {
    const started = item('started', { hasStarted: true, priority: -9, queuedSince: 9_000 })
    expect(drained(queue(item('new', { priority: 9 }), started))).toEqual(['started', 'new'])
  })

  test('holds each item once, and one that comes again stands at the end of its like', () => {
    const [a, b] = [item('a'), item('b')]
    const made = queue(a, b, a)
    expect(made.size).toBe(2)
    expect([made.remove(a), made.remove(a), made.has(a), made.size]).toEqual([true, false, false, 1])
    made.add(a)
    expect(drained(made)).toEqual(['b', 'a'])
  })

  test('says which was accepted first among those that never started', () => {
    const made = queue(item('b', { queuedSince: 2 }), item('a', { queuedSince: 1 }), item('s', { hasStarted: true }))
    expect(made.oldest()?.id).toBe('a')
    expect(queue().oldest()).toBeUndefined()
  })
})

test('takes, removals and additions in any order agree with a sorted list', () => {
  const places = fc.record({
    priority: fc.integer({ min: -2, max: 2 }),
    // few instants, so that many stand in one place
    queuedSince: fc.constantFrom(0, 500, 1_000, 2_000),
    hasStarted: fc.boolean(),
  })
  const step = fc.oneof(
    { weight: 4, arbitrary: places.map((place) => ({ kind: 'add', place }) as const) },
    { weight: 2, arbitrary: fc.constant({ kind: 'take' } as const) },
    { weight: 1, arbitrary: fc.nat(20).map((at) => ({ kind: 'remove', at }) as const) },
    { weight: 1, arbitrary: fc.nat(20).map((at) => ({ kind: 'again', at }) as const) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const made = queue()
      let model: Item[] = []
      const known: Item[] = []
      const add = (one: Item) => {
        made.add(one)
        if (!model.includes(one)) model.push(one)
      }
      const key = (one: Item) => ({ started: one.hasStarted, key: one.queuedSince - one.priority * 1_000 })
      // a sort is stable: those of one place stay in the order of their arrival
      const first = () => model.toSorted((a, b) => (isBefore(key(a), key(b)) ? -1 : isBefore(key(b), key(a)) ? 1 : 0))[0]
      for (const one of steps) {
        if (one.kind === 'add') {
          known.push(item(String(known.length), one.place))
          add(known.at(-1) as Item)
        } else if (one.kind === 'take') {
          const expected = first()
          expect(made.take()).toBe(expected)
          model = model.filter((it) => it !== expected)
        } else {
          const it = known[one.at % Math.max(1, known.length)]
          if (!it) continue
          if (one.kind === 'again') add(it)
          else {
            expect(made.remove(it)).toBe(model.includes(it))
            model = model.filter((other) => other !== it)
          }
        }
        const next = first()
        expect(made.peek()).toBe(next)
        expect(made.headKey()).toEqual(next && expect.objectContaining(key(next)))
        expect([...made]).toEqual(model)
        expect(made.size).toBe(model.length)
      }
    }),
  )
})
