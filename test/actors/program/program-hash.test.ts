/** What counts as a machine's structure. */
import { createMachine, fromPromise, fromTransition, setup } from 'xstate'
import { describe, expect, test } from 'vitest'
import { structureHash } from '../../../src/actors/program/program-hash.js'

describe('the hash of a program', () => {
  const step = fromPromise(() => Promise.resolve(1))
  const make = (states: object, given: object = {}) =>
    structureHash(setup({ actors: { step }, ...given }).createMachine({ id: 'm', initial: 'a', states } as never))

  test('is 16 hex digits, the same for the same structure, whatever its code', () => {
    expect(make({ a: {} })).toMatch(/^[0-9a-f]{16}$/)
    const entry = () => undefined
    expect(make({ a: { entry, on: { X: {}, Y: {} } } })).toBe(make({ a: { on: { Y: { guard: () => true }, X: {} } } }))
  })

  test('differs by states, their kinds, events, invokes and child machines', () => {
    const child = (name: string) => ({ actors: { child: createMachine({ id: 'c', initial: name, states: { [name]: {} } }) } })
    const hashes = [
      make({ a: {} }),
      make({ a: { type: 'final' } }),
      make({ a: {}, b: {} }),
      make({ a: { on: { X: {} } } }),
      make({ a: { invoke: { src: 'step' } } }),
      make({ a: { invoke: { src: 'step', id: 'named' } } }),
      make({ a: {} }, child('x')),
      make({ a: {} }, child('y')),
    ]
    expect(new Set(hashes).size).toBe(hashes.length)
  })

  test('is one for all logic that is no machine', () => {
    expect(structureHash(step)).toBe(structureHash(fromTransition(() => 0, 0)))
  })
})
