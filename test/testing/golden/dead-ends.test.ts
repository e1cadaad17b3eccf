/** Old snapshots in states that a machine of now would have left by itself: held against what really becomes of them. */
import { describe, expect, test } from 'vitest'
import { createActor, createMachine, setup, type AnyActorLogic, type AnyStateMachine } from 'xstate'
import { checkCompatibility } from '../../../src/testing/index.js'
import { brief, never, stored } from './old-and-new.js'

type States = Readonly<Record<string, object>>
const machine = (states: States) => createMachine({ id: 'm', initial: 'a', states } as never) as AnyStateMachine

/** What the check says, and where the snapshot would stand for ever although it was done or should go on. */
async function judged(old: AnyActorLogic, now: AnyStateMachine, events: readonly string[] = []) {
  const record = await stored(old, events)
  const { misfits } = await checkCompatibility(record, now)
  const actor = createActor(now, { snapshot: structuredClone(record.snapshot) as never }).start()
  const { status, value } = actor.getSnapshot()
  return { misfits, stands: `${status} in ${JSON.stringify(value)}` }
}

describe('an old snapshot breaks', () => {
  test('if its state is final by now: the machine would never be done', async () => {
    const found = await judged(machine({ a: { on: { GO: 'b' } }, b: {} }), machine({ a: { type: 'final' } }))
    expect(found.stands).toBe('active in "a"')
    expect(brief(found.misfits)).toEqual(['state_changed at value'])
    expect(found.misfits[0]?.message).toContain('the machine is at its end by now, and would never say so')
  })

  test('if its state is done by now: `onDone` would never be told', async () => {
    const nested = (inner: object) => machine({ a: { initial: 'x', states: { x: inner }, onDone: 'b' }, b: {} })
    const found = await judged(nested({}), nested({ type: 'final' }))
    expect(found.stands).toBe('active in {"a":"x"}')
    expect(found.misfits[0]?.message).toContain("'a' is done by now, and its `onDone` would never be told")
  })

  test('if its state is left at once by now', async () => {
    const found = await judged(machine({ a: { on: { GO: 'b' } }, b: {} }), machine({ a: { always: 'b' }, b: {} }))
    expect(found.stands).toBe('active in "a"')
    expect(found.misfits[0]?.message).toContain("'a' is left at once by now (`always`), but only by who enters it")
  })

  test('if no active state invokes any more what runs', async () => {
    const given = setup({ actors: { charge: never() } })
    const invoke = { src: 'charge', onDone: 'b' } as const
    const before = given.createMachine({ id: 'm', initial: 'a', states: { a: { invoke }, b: {} } })
    const old = await stored(before, [], { hanging: ['charge'] })
    const without = given.createMachine({ id: 'm', initial: 'a', states: { a: { on: { GO: 'b' } }, b: {} } })
    expect(brief((await checkCompatibility(old, without)).misfits)).toEqual(['child_moved at children.0.m.a'])
    const named = { ...invoke, id: 'payment' } as const
    const oldNamed = await stored(given.createMachine({ id: 'm', initial: 'a', states: { a: { invoke: named }, b: {} } }), [], {
      hanging: ['charge'],
    })
    const moved = given.createMachine({
      id: 'm',
      initial: 'a',
      states: { a: { on: { GO: 'b' } }, b: { invoke: { ...named, onDone: 'a' } } },
    })
    const report = await checkCompatibility(oldNamed, moved)
    expect(brief(report.misfits)).toEqual(['child_moved at children.payment'])
    expect(report.misfits[0]?.message).toContain("'payment' is invoked by no active state any more")
  })
})

describe('an old snapshot fits, whatever else has changed', () => {
  test('if a part of it was done before', async () => {
    const region = (more: States) => ({ initial: 'x', states: { x: { on: { GO: 'y' } }, y: { type: 'final' }, ...more } })
    const both = (more: States) =>
      createMachine({
        id: 'm',
        type: 'parallel',
        states: { left: region(more), right: { initial: 'x', states: { x: {} } } },
      } as never)
    const { misfits } = await judged(both({}), both({ z: {} }) as never, ['GO'])
    expect(misfits).toEqual([])
  })

  test('if what it would do by itself has a guard, or leads nowhere', async () => {
    const old = machine({ a: { on: { GO: 'b' } }, b: {} })
    const now = machine({ a: { always: { guard: () => false, target: 'b' }, on: { GO: 'b' } }, b: {} })
    expect((await judged(old, now)).misfits).toEqual([])
    const done = { type: 'final' }
    const nested = (more: States) =>
      machine({ a: { initial: 'x', states: { x: { on: { GO: 'y' } }, y: done, ...more }, on: { OUT: 'b' } }, b: {} })
    expect((await judged(nested({}), nested({ z: {} }), ['GO'])).misfits).toEqual([])
  })

  test('if what runs was spawned', async () => {
    const { spawned, changed } = { spawned: 'worker', changed: 'c' }
    const given = setup({ actors: { worker: createMachine({ id: 'w', initial: 'on', states: { on: {} } }) } })
    const made = (states: States) =>
      given.createMachine({ id: 'm', initial: 'a', entry: given.spawnChild('worker', { id: spawned }), states } as never)
    const old = await stored(made({ a: {} }))
    expect((await checkCompatibility(old, made({ a: {}, [changed]: {} }))).misfits).toEqual([])
  })
})
