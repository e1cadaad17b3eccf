/** Which paths are found, of machines whose paths are known. */
import { assign, createMachine, fromPromise, setup } from 'xstate'
import { describe, expect, test } from 'vitest'
import { defineEntryPoint, isStatewardError } from '../../../src/index.js'
import { pathsOf } from '../../../src/testing/index.js'
import {
  alarms,
  deliveries,
  doors,
  families,
  inline,
  laps,
  orders,
  pairs,
  players,
  reminders,
  timeouts,
} from './path-programs.js'

const described = (paths: readonly { description: string }[]) => paths.map(({ description }) => description)

describe('the paths', () => {
  test('go through every transition, with the ends of steps filled in from the machine', () => {
    const paths = pathsOf(orders, { input: { amount: 7 } })
    expect(described(paths)).toEqual([
      'CANCEL → cancelled',
      'APPROVE → charge fails → declined',
      'APPROVE → charge ends → parcel ends → shipped',
    ])
  })

  test('try the payloads, outputs and errors that are given, and none of them where the machine would not take it', () => {
    const paths = pathsOf(orders, {
      input: { amount: 7 },
      events: {
        APPROVE: [
          { type: 'APPROVE', by: 'ann' },
          { type: 'APPROVE', by: 'mallory' },
        ],
        CANCEL: [],
      },
      outputs: { charge: ['r1', 'r2'] },
      errors: { charge: [new Error('no funds')], parcel: ['lost'] },
    })
    expect(described(paths)).toEqual([
      'APPROVE { by: "ann" } → charge fails with no funds → declined',
      'APPROVE { by: "ann" } → charge ends with "r1" → parcel ends → shipped',
      'APPROVE { by: "ann" } → charge ends with "r1" → parcel fails with "lost" → failed',
      'APPROVE { by: "ann" } → charge ends with "r2" → parcel ends → shipped',
      'APPROVE { by: "ann" } → charge ends with "r2" → parcel fails with "lost" → failed',
    ])
  })

  test('are told apart where their values are too long to be told', () => {
    const name = 'x'.repeat(200)
    const events = {
      APPROVE: [
        { type: 'APPROVE', by: `${name}1` },
        { type: 'APPROVE', by: `${name}2` },
      ],
      CANCEL: [],
    } as const
    const descriptions = described(pathsOf(orders, { input: { amount: 7 }, events }))
    expect(descriptions.map((text) => text.replace(/x+…/, '…'))).toEqual([
      'APPROVE { by: "… #1 → charge fails → declined',
      'APPROVE { by: "… #2 → charge fails → declined',
      'APPROVE { by: "… #1 → charge ends → parcel ends → shipped',
      'APPROVE { by: "… #2 → charge ends → parcel ends → shipped',
    ])
  })

  test('tell what happens at each step, and the state that it leads to', () => {
    const [, , path] = pathsOf(orders, { input: { amount: 7 }, outputs: { charge: ['r1'] } })
    expect(path?.initial).toEqual({ status: 'active', value: 'pending', context: { amount: 7 } })
    const charged = { amount: 7, by: undefined, receipt: 'r1' }
    const id = '0.order.charging'
    expect(path?.steps).toEqual([
      {
        kind: 'send',
        event: { type: 'APPROVE' },
        description: 'APPROVE',
        state: { status: 'active', value: 'charging', context: { amount: 7, by: undefined } },
      },
      {
        kind: 'done',
        event: { type: `xstate.done.actor.${id}`, output: 'r1', actorId: id },
        step: 'charge',
        description: 'charge ends with "r1"',
        state: { status: 'active', value: 'shipping', context: charged },
      },
      {
        kind: 'done',
        event: { type: 'xstate.done.actor.parcel', output: undefined, actorId: 'parcel' },
        step: 'parcel',
        description: 'parcel ends',
        state: { status: 'done', value: 'shipped', context: charged, output: 'r1' },
      },
    ])
    expect(path?.state).toEqual(path?.steps.at(-1)?.state)
  })

  test('end a step once, also where its state is not left', () => {
    expect(described(pathsOf(pairs))).toEqual(['left ends → right ends → both', 'right ends → left ends → both'])
  })

  test('end it again once its state was entered anew, and tell two states apart that differ in what has ended', () => {
    expect(described(pathsOf(laps))).toEqual([
      'watch ends → run ends → running',
      'run ends → run ends → done',
      'run ends → watch ends → run ends → done',
    ])
  })

  test('go on without a timer that was called off, and with one that was not', () => {
    expect(described(pathsOf(timeouts, { events: { RING: [] } }))).toEqual(['OFF → off', 'LEAVE → after 50ms RING → rung'])
  })

  test('go through parallel regions', () => {
    expect(described(pathsOf(doors))).toEqual([
      'FRONT → BACK → { back: open, front: open }',
      'BACK → FRONT → { back: open, front: open }',
    ])
  })

  test('let the timer fire that is due first, with named, computed and plain delays, and start it anew on reentry', () => {
    const late = pathsOf(reminders, { input: { patience: 60_000 } })
    expect(described(late)).toEqual([
      'EXTEND → { deadline: open, mail: sent }',
      'after 1s → EXTEND → { deadline: open, mail: nudged }',
      'after 1s → after 1m → after 10ms → { deadline: gone, mail: nudged }',
    ])
    const early = pathsOf(reminders, { input: { patience: 995 } })
    expect(described(early)).toContain('after 995ms → after 1s → after 10ms → { deadline: gone, mail: nudged }')
  })

  test('tell two states apart that differ in their history alone', () => {
    expect(described(pathsOf(players))).toEqual([
      'PAUSE → PLAY → playing.slow',
      'PAUSE → STOP → stopped',
      'FASTER → PAUSE → PLAY → playing.fast',
      'FASTER → PAUSE → STOP → stopped',
    ])
  })

  test('take a child machine as one step, whose systemId may be used again', () => {
    expect(described(pathsOf(deliveries))).toEqual(['LOST → driving', 'courier ends → SIGNED → done'])
  })

  test('know inline logic by the id of its invoke, and fail where nobody handles an error, if told to', () => {
    expect(described(pathsOf(inline))).toEqual(['0.inline.first ends → named ends → done'])
    expect(described(pathsOf(inline, { errors: { named: ['broken'] } }))).toEqual([
      '0.inline.first ends → named ends → done',
      '0.inline.first ends → named fails with "broken" → failed',
    ])
  })

  test('end spawned steps that have an id, and nothing that is no step', () => {
    const paths = pathsOf(families)
    expect(described(paths)).toEqual(['ann ends → TICK → old'])
    const kid = { xstate$$type: 1, id: '(spawned)' }
    expect(paths[0]?.state.context).toEqual({ kids: [kid, { ...kid, id: 'ann' }], ends: 1 })
  })

  test('take what a machine sends itself: at once, and later as a timer of its own', () => {
    expect(described(pathsOf(alarms, { events: { ARMED: [], RING: [], QUIET: [] } }))).toEqual([
      'after 50ms RING → after 20ms QUIET → quiet',
    ])
  })
})

describe('a guard on the context', () => {
  const counter = defineEntryPoint({
    id: 'counters',
    program: setup({ types: { context: {} as { count: number; note?: string } } }).createMachine({
      id: 'counter',
      context: { count: 0 },
      initial: 'counting',
      states: {
        counting: {
          on: {
            MORE: { actions: assign({ count: ({ context }) => context.count + 1 }) },
            STOP: { guard: ({ context }) => context.count >= 2, target: 'stopped' },
          },
        },
        stopped: { type: 'final' },
      },
    }),
  })

  test('that grows without end is past the limit, with what to do about it', () => {
    expect(() => pathsOf(counter)).toThrow(/more than 1000 states.*context: false.*limit/s)
    try {
      pathsOf(counter, { limit: 10 })
      expect.unreachable()
    } catch (error) {
      expect(isStatewardError(error, 'invalid_option') && error.details).toEqual({
        entryPoint: 'counters',
        option: 'limit',
        limit: 10,
      })
    }
  })

  test('is walked as far as the limit, and no further', () => {
    const context = ({ count }: { count: number }) => Math.min(count, 2)
    const events = { STOP: [] } as const
    expect(pathsOf(counter, { limit: 3, context, events })).toHaveLength(1)
    expect(() => pathsOf(counter, { limit: 2, context, events })).toThrow('more than 2 states')
  })

  test('counts in part, or not at all', () => {
    const upTo3 = pathsOf(counter, { context: ({ count }) => Math.min(count, 3) })
    expect(described(upTo3)).toContain('MORE → MORE → STOP → stopped')
    expect(described(pathsOf(counter, { context: false }))).toEqual(['MORE → counting'])
  })

  test('has its real context on each path, also where it does not count', () => {
    const [path] = pathsOf(counter, { context: false })
    expect(path?.state.context).toEqual({ count: 1 })
  })
})

describe('simple paths', () => {
  test('go every way to every state, and meet none twice', () => {
    const maze = defineEntryPoint({
      id: 'mazes',
      program: createMachine({
        id: 'maze',
        initial: 'a',
        states: {
          a: { on: { B: 'b', C: 'c' } },
          b: { on: { C: 'c', D: 'd' } },
          c: { on: { B: 'b', D: 'd' } },
          d: { on: { A: 'a' } },
        },
      }),
    })
    expect(described(pathsOf(maze, { kind: 'simple' })).toSorted()).toEqual([
      'B → C → D → d',
      'B → D → d',
      'C → B → D → d',
      'C → D → d',
    ])
    expect(described(pathsOf(maze))).toHaveLength(4)
  })

  test('that would be too many are refused before they are found', () => {
    const types = Array.from({ length: 12 }, (_, index) => `E${index}`)
    const states = Object.fromEntries(types.map((type) => [type, { on: Object.fromEntries(types.map((to) => [to, to])) }]))
    const dense = defineEntryPoint({ id: 'dense', program: createMachine({ id: 'dense', initial: 'E0', states }) })
    expect(() => pathsOf(dense, { kind: 'simple', limit: 100 })).toThrow('no end of simple paths')
    expect(pathsOf(dense, { limit: 100 }).length).toBeGreaterThan(100)
  })

  test('end where a way that was found for one state can not be gone in another that counts as the same', () => {
    const once = defineEntryPoint({
      id: 'once',
      program: setup({ types: { context: {} as { paid: boolean } } }).createMachine({
        id: 'once',
        context: { paid: false },
        initial: 'a',
        states: {
          a: { on: { PAY: { target: 'b', actions: assign({ paid: true }) }, SKIP: 'b' } },
          b: { on: { SEND: { guard: ({ context }) => context.paid, target: 'c' } } },
          c: {},
        },
      }),
    })
    expect(described(pathsOf(once, { kind: 'simple', context: false }))).toEqual(['SKIP → b', 'PAY → SEND → c'])
  })
})

describe('a program that can not be walked is refused', () => {
  const code = (run: () => unknown): unknown[] => {
    try {
      run()
    } catch (error) {
      return isStatewardError(error) ? [error.code, error.details['option'], error.message] : [error]
    }
    return []
  }

  test('because it is no machine', () => {
    const plain = defineEntryPoint({ id: 'plain', program: fromPromise(async () => 1) })
    expect(code(() => pathsOf(plain))).toEqual(['invalid_option', 'program', expect.stringContaining('must be a machine')])
  })

  test('because it can not be entered with that input', () => {
    // @ts-expect-error -- the machine takes an input
    const [found, option, message] = code(() => pathsOf(orders)) as string[]
    expect([found, option]).toEqual(['invalid_option', 'input'])
    expect(message).toContain("can't be entered with it (Cannot read properties of undefined")
  })

  test('because an option is none', () => {
    const input = { amount: 1 }
    expect(code(() => pathsOf(orders, { input, limit: 0 }))[1]).toBe('limit')
    expect(code(() => pathsOf(orders, { input, kind: 'longest' as never }))[1]).toBe('kind')
    expect(code(() => pathsOf(orders, { input, outputs: { chagre: [1] } }))).toEqual([
      'invalid_option',
      'outputs.chagre',
      expect.stringContaining('there are: 0.order.charging, charge, parcel, ship'),
    ])
    // @ts-expect-error -- charge ends with a text
    expect(pathsOf(orders, { input, outputs: { charge: [1] } })).toHaveLength(3)
  })

  test('because its context could not be stored', () => {
    const program = createMachine({ id: 'bad', context: { log: () => undefined } })
    expect(code(() => pathsOf(defineEntryPoint({ id: 'bad', program })))[0]).toBe('not_storable')
  })

  test('because it never comes to rest', () => {
    const again = { id: 'again', initial: 'a', states: { a: { after: { 0: { target: 'a', reenter: true } } } } }
    expect(code(() => pathsOf(defineEntryPoint({ id: 'again', program: createMachine(again) })))[0]).toBe('endless_loop')
    const loop = { id: 'loop', initial: 'a', states: { a: { on: { GO: 'b' } }, b: { always: 'c' }, c: { always: 'b' } } }
    const paths = pathsOf(defineEntryPoint({ id: 'loop', program: createMachine(loop), maxIterations: 10 }))
    expect(described(paths)).toEqual(['GO → failed'])
  })
})

test('an assignment that throws fails the machine on its path', () => {
  const program = createMachine({
    id: 'm',
    on: {
      GO: {
        actions: assign(() => {
          throw new Error('broken')
        }),
      },
    },
  })
  const [path] = pathsOf(defineEntryPoint({ id: 'm', program }))
  expect(path?.description).toBe('GO → failed')
  expect(path?.state).toMatchObject({ status: 'error', error: new Error('broken') })
})

test('events that a wildcard takes are tried if they are given', () => {
  const program = createMachine({
    id: 'm',
    initial: 'a',
    states: { a: { on: { 'pay.*': 'b', '*': 'c', FORBIDDEN: {} } }, b: {}, c: {} },
  })
  const entryPoint = defineEntryPoint({ id: 'm', program })
  expect(described(pathsOf(entryPoint))).toEqual(['a'])
  expect(described(pathsOf(entryPoint, { events: { 'pay.cash': [{ type: 'pay.cash' }], OTHER: [{ type: 'OTHER' }] } }))).toEqual([
    'pay.cash → b',
    'OTHER → c',
  ])
})
