/** Actor refs in contexts, events and inputs: each is the same living actor after a restart or a passivation, or is refused by its place. */
import { assign, createActor, createMachine, fromCallback, raise, sendParent, sendTo, setup, stopChild } from 'xstate'
import type { AnyActorRef, AnyEventObject, AnyStateMachine } from 'xstate'
import { describe, expect, test } from 'vitest'
import { defineEntryPoint } from '../../src/index.js'
import { createTestRuntime } from '../../src/testing/index.js'
import { livesLikePlain } from '../support/lives.js'

interface Got {
  readonly got: readonly unknown[]
}

type Held = Record<string, unknown>

const types = { types: { context: {} as Got & Held, events: {} as AnyEventObject, input: {} as Held } }
const heard = assign({
  got: ({ context, event }: { context: Got; event: AnyEventObject }) => [...context.got, event['n']],
}) as never

/** Holds what it is given, and tells the actor of that name in it. */
const holder = (ref: (context: Held) => unknown, keep: (input: Held) => Held = (input) => input) =>
  createMachine({
    id: 'holder',
    context: ({ input }): Held => keep(input as Held),
    on: {
      ASK: {
        actions: sendTo(
          ({ context }) => ref(context as Held) as AnyActorRef,
          ({ event }) => ({ type: 'ANSWER', n: nOf(event) }),
        ),
      },
    },
  })

const ask = (n: number) => ({ type: 'ASK', n })
const childrenOf = (self: { getSnapshot(): unknown }) => (self.getSnapshot() as { children: Held }).children
const nOf = (event: object) => (event as { n?: unknown }).n
const asks = { happens: [ask(1), ask(2)] }

describe('a child that holds', () => {
  const withBoss = (child: AnyStateMachine) => () =>
    setup({ ...types, actors: { child } }).createMachine({
      id: 'it',
      context: { got: [] },
      invoke: { src: 'child', id: 'child', input: ({ self }: { self: unknown }) => ({ boss: self }) },
      on: { ASK: { actions: sendTo('child', ({ event }) => event) }, ANSWER: { actions: heard } },
    })

  livesLikePlain('its parent answers it', { program: withBoss(holder(({ boss }) => boss)), ...asks }, [1, 2])

  livesLikePlain(
    'its parent in an array answers it',
    {
      program: withBoss(
        holder(
          ({ all }) => (all as unknown[])[1],
          ({ boss }) => ({ all: [null, boss] }),
        ),
      ),
      ...asks,
    },
    [1, 2],
  )

  livesLikePlain(
    'its parent in a Map answers it',
    {
      program: withBoss(
        holder(
          ({ all }) => (all as Map<string, unknown>).get('boss'),
          ({ boss }) => ({ all: new Map([['boss', boss]]) }),
        ),
      ),
      ...asks,
    },
    [1, 2],
  )

  livesLikePlain(
    'its parent in a Set answers it',
    {
      program: withBoss(
        holder(
          ({ all }) => [...(all as Set<unknown>)][0],
          ({ boss }) => ({ all: new Set([boss]) }),
        ),
      ),
      ...asks,
    },
    [1, 2],
  )

  livesLikePlain(
    'the parent of its parent answers that one',
    {
      program: () => {
        const middle = setup({ ...types, actors: { child: holder(({ boss }) => boss) } }).createMachine({
          id: 'middle',
          context: ({ input }) => ({ ...input, got: [] }),
          invoke: { src: 'child', id: 'child', input: ({ context }: { context: Held }) => ({ boss: context['boss'] }) },
          on: { ASK: { actions: sendTo('child', ({ event }) => event) } },
        })
        return withBoss(middle as never)()
      },
      ...asks,
    },
    [1, 2],
  )

  livesLikePlain(
    'a sibling that it was told of in an event answers who asked',
    {
      program: () => {
        const clerk = createMachine({
          id: 'clerk',
          context: { askers: [] as unknown[] },
          on: {
            MEET: {
              actions: assign({ askers: ({ context, event }) => [...(context['askers'] as unknown[]), event['replyTo']] }),
            },
            GO: {
              actions: sendTo(
                ({ context }) => (context['askers'] as AnyActorRef[])[0] as AnyActorRef,
                ({ event }) => event,
              ),
            },
          },
        })
        const asker = createMachine({
          id: 'asker',
          entry: sendTo(
            ({ self }) => self.system.get('clerk') as AnyActorRef,
            ({ self }) => ({ type: 'MEET', replyTo: self }),
          ),
          on: { GO: { actions: sendParent(({ event }) => ({ type: 'ANSWER', n: nOf(event) })) } },
        })
        return setup({ ...types, actors: { clerk, asker } }).createMachine({
          id: 'it',
          context: { got: [] },
          invoke: [
            { src: 'clerk', id: 'clerk', systemId: 'clerk' },
            { src: 'asker', id: 'asker' },
          ],
          on: { ASK: { actions: sendTo('clerk', ({ event }) => ({ ...event, type: 'GO' })) }, ANSWER: { actions: heard } },
        }) as never
      },
      ...asks,
    },
    [1, 2],
  )
})

describe('a program that holds', () => {
  livesLikePlain(
    'itself hears itself',
    {
      program: () =>
        setup(types).createMachine({
          id: 'it',
          context: ({ self }) => ({ got: [], me: self }),
          on: {
            ASK: {
              actions: sendTo(
                ({ context }) => context['me'] as AnyActorRef,
                ({ event }) => ({ ...event, type: 'ANSWER' }),
              ),
            },
            ANSWER: { actions: heard },
          },
        }),
      ...asks,
    },
    [1, 2],
  )

  livesLikePlain(
    'a child of its child reaches that one, which answers whom its input names',
    {
      program: () => {
        const deep = fromCallback<AnyEventObject, { boss: AnyActorRef }>(({ input, receive }) =>
          receive((event) => input.boss.send({ ...event, type: 'BACK' })),
        )
        const middle = setup({ ...types, actors: { deep } }).createMachine({
          id: 'middle',
          context: { got: [] },
          invoke: { src: 'deep', id: 'deep', input: ({ self }) => ({ boss: self }) },
          on: {
            HELLO: { actions: sendParent(({ self }) => ({ type: 'MEET', ref: childrenOf(self)['deep'] })) },
            BACK: { actions: sendParent(({ event }) => ({ ...event, type: 'ANSWER' })) },
          },
        })
        return setup({ ...types, actors: { middle } }).createMachine({
          id: 'it',
          context: { got: [] },
          invoke: { src: 'middle', id: 'kid', input: {} },
          on: {
            MEET: { actions: assign({ deep: ({ event }) => event['ref'] as unknown }) },
            HELLO: { actions: sendTo('kid', { type: 'HELLO' }) },
            ASK: {
              actions: sendTo(
                ({ context }) => context['deep'] as AnyActorRef,
                ({ event }) => event,
              ),
            },
            ANSWER: { actions: heard },
          },
        })
      },
      happens: [{ type: 'HELLO' }, ask(1), ask(2)],
    },
    [1, 2],
  )

  livesLikePlain(
    'a child that was stopped and replaced under its id reaches nobody by it',
    {
      program: () => {
        const child = createMachine({
          id: 'child',
          context: ({ input }) => ({ n: input as unknown }),
          on: { ASK: { actions: sendParent(({ context }) => ({ type: 'ANSWER', n: context['n'] })) } },
        })
        return setup({ ...types, actors: { child } }).createMachine({
          id: 'it',
          context: ({ spawn }) => ({ got: [], first: spawn('child', { id: 'it', input: 1 as never }), second: undefined }),
          on: {
            REPLACE: {
              actions: [
                stopChild('it'),
                assign({
                  second: ({ spawn }) => (spawn as (src: string, options: object) => unknown)('child', { id: 'it', input: 2 }),
                }),
              ],
            },
            ASK: {
              actions: ['first', 'second'].map((name) => sendTo(({ context }) => context[name] as AnyActorRef, { type: 'ASK' })),
            },
            ANSWER: { actions: heard },
            DROP: { actions: stopChild(({ context }) => context['first'] as AnyActorRef) },
          },
        }) as never
      },
      happens: [{ type: 'REPLACE' }, { type: 'ASK' }, { type: 'ASK' }],
    },
    [2, 2],
  )

  livesLikePlain(
    'a delayed event with an actor in it answers that actor',
    {
      program: () => {
        const child = createMachine({
          id: 'child',
          on: { ASK: { actions: sendParent(({ event }) => ({ ...event, type: 'ANSWER' })) } },
        })
        return setup({ ...types, actors: { child } }).createMachine({
          id: 'it',
          context: { got: [] },
          invoke: { src: 'child', id: 'child' },
          on: {
            ASK: {
              actions: raise(({ event, self }) => ({ ...event, type: 'LATER', to: childrenOf(self)['child'] }), { delay: 50 }),
            },
            LATER: {
              actions: sendTo(
                ({ event }) => event['to'] as AnyActorRef,
                ({ event }) => ({ type: 'ASK', n: nOf(event) }),
              ),
            },
            ANSWER: { actions: heard },
          },
        })
      },
      happens: [ask(1), 30, 30],
    },
    [1],
  )
})

describe('an actor outside of the program is refused', () => {
  const outside = createActor(createMachine({ id: 'outside' })).start()
  const program = setup(types).createMachine({
    id: 'it',
    context: { got: [] },
    on: {
      KEEP: { actions: assign({ friend: ({ event }) => ({ of: [event['deep'] ? new Map([['it', outside]]) : outside] }) }) },
    },
  })

  test.each([
    [false, 'snapshot.context.friend.of[0]'],
    [true, 'snapshot.context.friend.of[0]<Map>["it"]'],
  ])('in a context, by its path (in a Map: %s)', async (deep, path) => {
    const world = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'run', program })] })
    const it = await world.trigger('run', {})
    await it.send({ type: 'KEEP', deep }).catch(() => undefined)
    expect(await it.result()).toMatchObject({ status: 'failed', error: { code: 'not_storable', details: { path } } })
    await world.stop()
  })

  test('in an input and in an event that comes from outside', async () => {
    const world = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'run', program })] })
    const refused = (path: string) =>
      expect.objectContaining({ code: 'not_storable', details: expect.objectContaining({ path, kind: 'actor' }) })
    await expect(world.trigger('run', { a: { boss: outside } })).rejects.toEqual(refused('a.boss'))
    const it = await world.trigger('run', {})
    await expect(it.send({ type: 'KEEP', replyTo: outside })).rejects.toEqual(refused('replyTo'))
    expect(await it.get()).toMatchObject({ status: 'waiting' })
    await world.stop()
  })
})
