/** A map of things that come and go: it answers like a `Map`. */
import { expect, test } from 'vitest'
import { ReleasingMap } from '../src/releasing-map.js'

test('what is set is there until it is deleted', () => {
  const map = new ReleasingMap<string, number>()
  map.set('a', 1)
  map.set('b', 2)
  map.set('a', 3)
  expect([map.size, map.get('a'), map.has('b'), map.has('c')]).toEqual([2, 3, true, false])
  expect([map.delete('a'), map.delete('a'), map.get('a'), map.size]).toEqual([true, false, undefined, 1])
})

test('an iteration goes on over entries that are deleted and set meanwhile', () => {
  const map = new ReleasingMap<string, number>()
  for (const [at, key] of ['a', 'b', 'c'].entries()) map.set(key, at)
  const seen: number[] = []
  for (const value of map.values()) {
    seen.push(value)
    map.delete('b')
    if (value === 0) map.set('d', 3)
  }
  expect(seen).toEqual([0, 2, 3])
  expect([...map.keys()]).toEqual(['a', 'c', 'd'])
  map.clear()
  expect([map.size, [...map.values()]]).toEqual([0, []])
})
