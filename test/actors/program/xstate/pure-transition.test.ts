/** What the pure transitions know of XState beyond its types: which actions it hands over, and with what in them. */
import {
  assign,
  cancel,
  createMachine,
  emit,
  fromPromise,
  fromTransition,
  raise,
  sendTo,
  setup,
  spawnChild,
  type AnyActorRef,
} from 'xstate'
import { describe, expect, test } from 'vitest'
import { pureInitial, pureNext } from '../../../../src/actors/program/xstate/pure-transition.js'

const never = fromPromise(() => new Promise<never>(() => undefined))

/** Enters a machine and sends it events; what it asked for last. */
function asked(machine: Parameters<typeof pureInitial>[0], ...types: string[]) {
  let at = pureInitial(machine, undefined)
  for (const type of types) at = pureNext(machine, at.snapshot, { type })
  return at.asked
}

describe('a pure transition', () => {
  test('hands over the timer of an `after`, with its delay in ms, and its end', () => {
    const machine = createMachine({
      id: 'm',
      initial: 'a',
      states: { a: { after: { 1000: 'b' }, on: { GO: 'b' } }, b: {} },
    })
    const id = 'xstate.after.1000.m.a'
    expect(asked(machine)).toEqual([{ kind: 'timer', id, event: { type: id }, delay: 1000 }])
    expect(asked(machine, 'GO')).toEqual([{ kind: 'cancel', id }])
  })

  test('hands over named and computed delays as numbers', () => {
    const machine = setup({
      types: { context: {} as { base: number } },
      delays: { soon: 5, later: ({ context }) => context.base * 2 },
    }).createMachine({ id: 'm', context: { base: 10 }, after: { soon: { actions: [] }, later: { actions: [] } } })
    expect(asked(machine)).toMatchObject([
      { id: 'xstate.after.soon.m', delay: 5 },
      { id: 'xstate.after.later.m', delay: 20 },
    ])
  })

  test('hands over delayed raises, delayed and immediate sends to itself, and nothing of a raise that was taken', () => {
    const machine = createMachine({
      id: 'm',
      context: ({ self }) => ({ me: self }),
      entry: [
        raise({ type: 'NOW' }),
        raise({ type: 'LATER' }, { id: 'later', delay: 7 }),
        sendTo(({ self }) => self, { type: 'MAIL' }),
        sendTo(({ self }) => self, { type: 'LATE_MAIL' }, { delay: 9 }),
        cancel('later'),
      ],
      on: { GO: { actions: sendTo(({ context }) => context['me'] as AnyActorRef, { type: 'AGAIN' }) } },
    })
    expect(asked(machine)).toEqual([
      { kind: 'timer', id: 'later', event: { type: 'LATER' }, delay: 7 },
      { kind: 'self', event: { type: 'MAIL' } },
      { kind: 'timer', id: undefined, event: { type: 'LATE_MAIL' }, delay: 9 },
      { kind: 'cancel', id: 'later' },
    ])
    expect(asked(machine, 'GO')).toEqual([{ kind: 'self', event: { type: 'AGAIN' } }])
  })

  test('runs no action, starts no child, and sends nothing to one', () => {
    const ran: string[] = []
    const machine = setup({
      actors: { step: fromPromise(async () => void ran.push('step')), count: fromTransition((n: number) => n + 1, 0) },
    }).createMachine({
      id: 'm',
      entry: [
        () => void ran.push('action'),
        emit({ type: 'EMITTED' }),
        spawnChild('step', { id: 'spawned' }),
        spawnChild('count', { id: 'counter' }),
        sendTo('counter', { type: 'MORE' }),
      ],
      invoke: { src: 'step', id: 'invoked' },
    })
    const { snapshot, asked: none } = pureInitial(machine, undefined)
    expect([ran, none]).toEqual([[], []])
    expect(Object.keys(snapshot.children)).toEqual(['spawned', 'counter', 'invoked'])
    expect(snapshot.children['counter']?.getSnapshot()).toMatchObject({ context: 0 })
  })

  test('gives the context factory its input, once, and lets a systemId be used again and again', () => {
    const inputs: unknown[] = []
    const machine = createMachine({
      id: 'm',
      context: ({ input }) => {
        inputs.push(input)
        return { count: 0 }
      },
      invoke: { src: never, id: 'step', systemId: 'notifier' },
      on: { AGAIN: { target: '#m', reenter: true, actions: assign({ count: ({ context }) => Number(context['count']) + 1 }) } },
    })
    let { snapshot } = pureInitial(machine, { amount: 1 })
    for (const type of ['AGAIN', 'AGAIN']) ({ snapshot } = pureNext(machine, snapshot, { type }))
    expect(snapshot).toMatchObject({ status: 'active', context: { count: 2 } })
    expect(inputs).toEqual([{ amount: 1 }])
  })

  test('has what a context factory throws as its error, and throws what a guard throws', () => {
    const broken = createMachine({
      id: 'm',
      context: ({ input }) => ({ id: (input as unknown as { id: number }).id }),
    })
    expect(pureInitial(broken, undefined).snapshot).toMatchObject({ status: 'error', error: expect.any(TypeError) })
    const guarded = createMachine({
      id: 'm',
      on: {
        GO: {
          guard: () => {
            throw new Error('no answer')
          },
          actions: () => undefined,
        },
      },
    })
    const { snapshot } = pureInitial(guarded, undefined)
    expect(() => pureNext(guarded, snapshot, { type: 'GO' })).toThrow('no answer')
  })
})
