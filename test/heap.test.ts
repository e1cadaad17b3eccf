/** What comes out of a heap comes in order, whatever was put in and left out meanwhile. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Heap } from '../src/heap.js'

test('pushes, pops and what is left out, in any order, agree with a sorted list', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 20 }).map((item) => ({ kind: 'push', item }) as const) },
    { weight: 3, arbitrary: fc.constant({ kind: 'pop' } as const) },
    { weight: 1, arbitrary: fc.integer({ min: 2, max: 4 }).map((by) => ({ kind: 'keep', by }) as const) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const heap = new Heap<number>((a, b) => a < b)
      let model: number[] = []
      for (const one of steps) {
        if (one.kind === 'push') {
          heap.push(one.item)
          model = [...model, one.item].toSorted((a, b) => a - b)
        } else if (one.kind === 'pop') expect(heap.pop()).toBe(model.shift())
        else {
          heap.keep((item) => item % one.by !== 0)
          model = model.filter((item) => item % one.by !== 0)
        }
        expect([heap.first, heap.size]).toEqual([model[0], model.length])
      }
    }),
  )
})

test('a heap that is filled anew holds what it was given, and nothing else', () => {
  const heap = new Heap<number>((a, b) => a < b)
  heap.push(1)
  heap.refill([3, 2])
  expect([heap.pop(), heap.pop(), heap.pop()]).toEqual([2, 3, undefined])
})
