/** Children without an id, and children that come after one another under one id: each keeps its name, its timers and its steps. */
import {
  assign,
  cancel,
  createActor,
  createMachine,
  fromPromise,
  raise,
  sendParent,
  sendTo,
  setup,
  spawnChild,
  stopChild,
} from 'xstate'
import type { AnyActorRef, AnyEventObject } from 'xstate'
import { describe, expect, test } from 'vitest'
import { defineEntryPoint, type ExecutionRecord } from '../../src/index.js'
import { createTestRuntime } from '../../src/testing/index.js'
import { livesLikePlain } from '../support/lives.js'

interface Got {
  readonly got: readonly unknown[]
}

interface Numbered extends AnyEventObject {
  readonly n: unknown
}

const types = { types: { context: {} as Got & { kids: AnyActorRef[] }, events: {} as Numbered, input: {} as unknown } }
const heard = assign({
  got: ({ context, event }: { context: Got; event: AnyEventObject }) => [...context.got, event['n']],
}) as never

/** Says its name and how often it was asked. */
const named = () =>
  createMachine({
    id: 'it',
    context: ({ input }) => ({ name: input as unknown as string, asked: 0 }),
    on: {
      WHO: {
        actions: [
          assign({ asked: ({ context }) => (context['asked'] as number) + 1 }),
          sendParent(({ context }) => ({ type: 'IAM', n: `${String(context['name'])} ${String(context['asked'])}` })),
        ],
      },
    },
  })

/** Rings once, so many ms after its start. */
const bell = () =>
  createMachine({
    id: 'it',
    context: ({ input }) => ({ n: input as unknown }),
    initial: 'set',
    states: { set: { after: { 40: 'rung' } }, rung: { entry: sendParent(({ context }) => ({ type: 'RANG', n: context['n'] })) } },
  })

const add = (n: string) => ({ type: 'ADD', n })

describe('a child without an id', () => {
  const all = { actions: [0, 1, 2].map((at) => sendTo(({ context }) => context.kids[at] as AnyActorRef, { type: 'WHO' })) }
  const asked = ['ann 1', 'bob 1', 'cyd 1', 'ann 2', 'bob 2', 'cyd 2']
  const happens = [add('ann'), add('bob'), add('cyd'), { type: 'ALL' }, { type: 'ALL' }]

  livesLikePlain(
    'that an assignment spawned stays itself beside those that come after it',
    {
      program: () =>
        setup({ ...types, actors: { named: named() } }).createMachine({
          id: 'it',
          context: { kids: [], got: [] },
          on: {
            ADD: {
              actions: assign({
                kids: ({ context, event, spawn }) => [
                  ...context.kids,
                  spawn('named', { input: event.n as never }) as AnyActorRef,
                ],
              }),
            },
            ALL: all as never,
            IAM: { actions: heard },
          },
        }),
      happens,
    },
    asked,
  )

  const group = () =>
    setup({ ...types, actors: { named: named() } }).createMachine({
      id: 'it',
      context: { kids: [], got: [] },
      on: {
        ADD: {
          actions: assign({
            kids: ({ context, event, spawn }) => [...context.kids, spawn('named', { input: event.n as never }) as AnyActorRef],
          }),
        },
        ALL: all as never,
        IAM: { actions: sendParent(({ event }) => event) },
      },
    })

  livesLikePlain(
    'stays itself below another child as well',
    {
      program: () =>
        setup({ ...types, actors: { group: group() } }).createMachine({
          id: 'it',
          context: { kids: [], got: [] },
          invoke: { src: 'group', id: 'group' },
          on: {
            ADD: { actions: sendTo('group', ({ event }) => event) },
            ALL: { actions: sendTo('group', ({ event }) => event) },
            IAM: { actions: heard },
          },
        }),
      happens,
    },
    asked,
  )

  livesLikePlain(
    'that `spawnChild` started lives on beside those that come after it, also in one transition',
    {
      program: () =>
        setup({ ...types, actors: { bell: bell() } }).createMachine({
          id: 'it',
          context: { kids: [], got: [] },
          on: {
            ADD: {
              actions: [
                spawnChild('bell', { input: ({ event }: { event: Numbered }) => `${String(event.n)} 1` }),
                spawnChild('bell', { input: ({ event }: { event: Numbered }) => `${String(event.n)} 2` }),
              ],
            },
            RANG: { actions: heard },
          },
        }),
      happens: [add('ann'), 10, add('bob'), 10, add('cyd'), 60],
    },
    ['ann 1', 'ann 2', 'bob 1', 'bob 2', 'cyd 1', 'cyd 2'],
  )

  test('has an id that two programs count for themselves, and that no later one gets again', async () => {
    const program = setup({ ...types, actors: { named: named() } }).createMachine({
      id: 'it',
      context: { kids: [], got: [] },
      on: {
        ADD: {
          actions: assign({
            kids: ({ context, spawn }) => [...context.kids, spawn('named', { input: 'it' as never }) as AnyActorRef],
          }),
        },
        DROP: {
          actions: [
            stopChild(({ context }) => context.kids.at(-1) as AnyActorRef),
            assign({ kids: ({ context }) => context.kids.slice(0, -1) }),
          ],
        },
      },
    })
    const world = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'run', program })] })
    const [one, two] = [await world.trigger('run'), await world.trigger('run')]
    const ids = async (of: typeof one) => Object.keys(((await of.get()) as ExecutionRecord).snapshot?.children ?? {})
    const more = { type: 'ADD', n: 0 }
    for (const it of [one, two, one, two]) await it.send(more)
    expect([await ids(one), await ids(two)]).toEqual([
      ['p:1', 'p:2'],
      ['p:1', 'p:2'],
    ])
    await one.send({ type: 'DROP', n: 0 })
    await world.stop()
    await world.restart()
    await one.send(more)
    expect(await ids(one)).toEqual(['p:1', 'p:3'])
    const fork = await one.fork()
    await fork.send(more)
    await one.send(more)
    expect([await ids(one), await ids(fork)]).toEqual([
      ['p:1', 'p:3', 'p:4'],
      ['p:1', 'p:3', 'p:4'],
    ])
    await world.stop()
  })

  test('has a step of which the idempotency key stays the same over a restart', async () => {
    const step = fromPromise(() => new Promise(() => undefined))
    const program = setup({ ...types, actors: { step } }).createMachine({
      id: 'it',
      context: { kids: [], got: [] },
      on: { ADD: { actions: spawnChild('step') } },
    })
    const world = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'run', program })] })
    world.hold('step')
    const it = await world.trigger('run')
    for (let n = 0; n < 2; n++) {
      await it.send({ type: 'ADD', n: 0 })
      await world.settle()
      world.crash()
      await world.restart()
      await world.settle()
    }
    const keys = world.calls.map(({ idempotencyKey }) => idempotencyKey.replace(it.id, ''))
    expect(keys).toEqual(['/p%3A1#1', '/p%3A1#1', '/p%3A2#2', '/p%3A1#1', '/p%3A2#2'])
    await world.stop()
  })
})

describe('timers of children that bear one id, one after the other', () => {
  const job = () =>
    createMachine({
      id: 'it',
      context: ({ input }) => ({ n: input as unknown }),
      on: { TIMEOUT: { actions: sendParent(({ context }) => ({ type: 'LATE', n: context['n'] })) } },
    })

  livesLikePlain(
    'a delayed event for the one that was re-entered reaches no other',
    {
      program: () =>
        setup({ ...types, actors: { job: job() } }).createMachine({
          id: 'it',
          context: { kids: [], got: [] },
          initial: 'working',
          states: {
            working: {
              invoke: { src: 'job', id: 'job', input: ({ context }: { context: Got }) => context.got.length },
              on: {
                LIMIT: { actions: sendTo('job', { type: 'TIMEOUT' }, { delay: 60 }) },
                NEXT: { target: 'working', reenter: true },
                LATE: { actions: heard },
              },
            },
          },
        }),
      happens: [{ type: 'LIMIT' }, 10, { type: 'NEXT' }, 30, { type: 'LIMIT' }, 100],
    },
    [0],
  )

  livesLikePlain(
    'the end of an earlier one leaves those of its successor alone',
    {
      program: () =>
        setup({ ...types, actors: { bell: bell() } }).createMachine({
          id: 'it',
          context: { kids: [], got: [] },
          on: {
            ADD: {
              actions: [
                assign({
                  kids: ({ context, event, spawn }) => [
                    spawn('bell', { id: 'it', input: event.n as never }) as AnyActorRef,
                    ...context.kids,
                  ],
                }),
                stopChild(({ context }) => context.kids[1] as AnyActorRef),
              ],
            },
            RANG: { actions: heard },
          },
        }),
      happens: [add('ann'), 10, add('bob'), 30, add('cyd'), 60],
    },
    ['cyd'],
  )
})

describe('children that bear one id at the same time', () => {
  livesLikePlain(
    'each rings at its time',
    {
      program: () =>
        setup({ ...types, actors: { bell: bell() } }).createMachine({
          id: 'it',
          context: { kids: [], got: [] },
          on: {
            ADD: { actions: spawnChild('bell', { id: 'c', input: ({ event }: { event: Numbered }) => event.n as never }) },
            RANG: { actions: heard },
          },
        }),
      happens: [add('ann'), 10, add('bob'), 10, add('cyd'), 60],
    },
    ['ann', 'bob', 'cyd'],
  )

  livesLikePlain(
    'each is heard when it ends, and one by the ref that it sent',
    {
      program: () => {
        const nap = createMachine({
          id: 'nap',
          context: ({ input }) => ({ n: input as unknown }),
          entry: sendParent(({ self }) => ({ type: 'MEET', n: self })),
          initial: 'asleep',
          states: { asleep: { after: { 40: 'awake' }, on: { WAKE: 'awake' } }, awake: { type: 'final' } },
          output: ({ context }) => context['n'],
        })
        return setup({ ...types, actors: { nap } }).createMachine({
          id: 'it',
          context: { kids: [], got: [] },
          on: {
            ADD: { actions: spawnChild('nap', { id: 'c', input: ({ event }: { event: Numbered }) => event.n as never }) },
            MEET: { actions: assign({ kids: ({ context, event }) => [...context.kids, event.n as AnyActorRef] }) },
            WAKE: { actions: sendTo(({ context }) => context.kids[0] as AnyActorRef, { type: 'WAKE' }) },
            'xstate.done.actor.c': {
              actions: assign({ got: ({ context, event }) => [...context.got, (event as { output?: unknown }).output] }),
            },
          },
        })
      },
      happens: [add('ann'), 10, add('bob'), 10, add('cyd'), 10, { type: 'WAKE' }, 60],
    },
    ['ann', 'bob', 'cyd'],
  )
})

describe('two delayed events under one id', () => {
  const reminders = () =>
    setup(types).createMachine({
      id: 'it',
      context: { kids: [], got: [] },
      on: {
        ASK: { actions: raise(({ event }: { event: Numbered }) => ({ type: 'REMIND', n: event.n }), { delay: 40, id: 'it' }) },
        TAKE: { actions: cancel('it') },
        REMIND: { actions: heard },
      },
    })
  const ask = (n: number) => ({ type: 'ASK', n })

  livesLikePlain('both come', { program: reminders, happens: [ask(1), 10, ask(2), 15, ask(3), 100] }, [1, 2, 3])

  livesLikePlain(
    'the last can be taken back',
    { program: reminders, happens: [ask(1), 10, ask(2), 15, { type: 'TAKE' }, 100] },
    [1],
  )

  livesLikePlain(
    'none can be taken back once one has come',
    { program: reminders, happens: [ask(1), 20, ask(2), 30, { type: 'TAKE' }, 100] },
    [1, 2],
  )
})

test('a delayed event for an actor outside of the program is refused by its place, and reaches nobody else', async () => {
  const outside: string[] = []
  const other = createActor(createMachine({ id: 'it', on: { PING: { actions: () => void outside.push('PING') } } })).start()
  const program = setup(types).createMachine({
    id: 'it',
    context: { kids: [], got: [] },
    on: { GO: { actions: sendTo(() => other, { type: 'PING' }, { delay: 20 }) }, PING: { actions: heard } },
  })
  const world = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'run', program })] })
  const it = await world.trigger('run')
  await it.send({ type: 'GO', n: 0 }).catch(() => undefined)
  await world.runToIdle()
  expect(await it.result()).toMatchObject({
    status: 'failed',
    error: { code: 'not_storable', details: { path: 'timers[0].target', kind: 'actor' } },
  })
  expect(outside).toEqual([])
  expect(await it.get()).toMatchObject({ context: { got: [] } })
  await world.stop()
})
