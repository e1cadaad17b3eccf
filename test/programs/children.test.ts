/** Spawned and invoked children of every kind, and what is said between them: the same with a crash at any commit. */
import { fromStore } from '@xstate/store'
import {
  assign,
  createMachine,
  emit,
  enqueueActions,
  forwardTo,
  fromCallback,
  fromEventObservable,
  fromObservable,
  fromPromise,
  fromTransition,
  log,
  sendParent,
  sendTo,
  setup,
  spawnChild,
  stopChild,
  type AnyEventObject,
  type Subscribable,
} from 'xstate'
import { describe, expect, test } from 'vitest'
import { crashEverywhere, type Say } from '../support/crash-everywhere.js'
import { played } from '../support/playthrough.js'
import { places } from '../support/store-place.js'

/** Counts from 1 on in its own time, and completes. */
const counting = <T>(upTo: number, value: (n: number) => T): Subscribable<T> => ({
  subscribe(observer: unknown) {
    const { next, complete } = observer as { next(value: T): void; complete(): void }
    let open = true
    void (async () => {
      for (let n = 1; n <= upTo && open; n++) next(await Promise.resolve(value(n)))
      if (open) complete()
    })()
    return { unsubscribe: () => void (open = false) }
  },
})

/** A child machine that answers what it is asked, until it is told to end. */
const clerk = createMachine({
  id: 'clerk',
  context: { asked: 0 },
  initial: 'open',
  states: {
    open: {
      on: {
        ASK: {
          actions: [
            assign({ asked: ({ context }) => context.asked + 1 }),
            sendParent(({ context, event }) => ({
              type: 'ANSWER',
              text: `${String((event as unknown as { text: string }).text)} ${context.asked}`,
            })),
          ],
        },
        CLOSE: 'closed',
      },
    },
    closed: { type: 'final' },
  },
  output: ({ context }) => context.asked,
})

const heard = { types: { context: {} as { got: string[] } } }
const hear = assign({
  got: ({ context, event }: { context: { got: string[] }; event: AnyEventObject }) => [...context.got, String(event['text'])],
}) as never

const echo = fromCallback(({ sendBack, receive, input }) => {
  receive((event) =>
    sendBack({ type: 'ANSWER', text: `${String(input as string)} ${String((event as AnyEventObject)['text'])}` }),
  )
})

describe('a program with', () => {
  crashEverywhere(
    'an invoked child machine talks to it both ways, and takes its output',
    {
      program: () =>
        setup({ ...heard, actors: { clerk } }).createMachine({
          id: 'office',
          context: { got: [] },
          initial: 'open',
          states: {
            open: {
              invoke: {
                src: 'clerk',
                id: 'clerk',
                onDone: {
                  target: 'end',
                  actions: assign({ got: ({ context, event }) => [...context.got, `asked ${String(event.output)}`] }),
                },
              },
              on: {
                ASK: { actions: forwardTo('clerk') },
                ANSWER: { actions: hear },
                CLOSE: { actions: sendTo('clerk', { type: 'CLOSE' }) },
              },
            },
            end: { type: 'final' },
          },
          output: ({ context }) => context.got,
        }),
      events: [{ type: 'ASK', text: 'why' }, { type: 'ASK', text: 'why' }, { type: 'CLOSE' }],
    },
    ({ output }) => expect(output).toEqual(['why 1', 'why 2', 'asked 2']),
  )

  crashEverywhere(
    'spawned children, by action and by assign, keeps those that it has not stopped',
    {
      program: () =>
        setup({ ...heard, actors: { clerk } }).createMachine({
          id: 'spawning',
          context: { got: [] },
          initial: 'none',
          states: {
            none: { on: { GO: { target: 'one', actions: spawnChild('clerk', { id: 'first' }) } } },
            one: {
              on: {
                GO: {
                  target: 'two',
                  actions: [
                    assign(({ spawn, context }) => (spawn('clerk', { id: 'second' }), context)),
                    sendTo('first', { type: 'ASK', text: 'first' }),
                  ],
                },
              },
            },
            two: { on: { GO: { target: 'three', actions: stopChild('first') } } },
            three: { on: { GO: { actions: sendTo('second', { type: 'ASK', text: 'second' }) } } },
            end: { type: 'final' },
          },
          on: { ANSWER: { actions: hear } },
          always: { guard: ({ context }) => context.got.length === 2, target: '.end' },
          output: ({ context }) => context.got,
        }),
      events: ['GO', 'GO', 'GO', 'GO'].map((type) => ({ type })),
    },
    ({ output, snapshot }) => {
      expect(output).toEqual(['first 1', 'second 1'])
      expect(Object.keys(snapshot?.children ?? {})).toEqual(['second'])
    },
  )

  crashEverywhere(
    'enqueueActions, emit and log does all of it once it is durable',
    {
      program: (say) =>
        setup({
          types: { emitted: {} as { type: 'told'; n: number }, context: {} as { n: number } },
          actions: { named: (_, params: { n: number }) => say(`named ${params.n}`) },
        }).createMachine({
          id: 'enqueueing',
          context: { n: 0 },
          initial: 'on',
          states: {
            on: {
              on: {
                GO: {
                  actions: enqueueActions(({ enqueue, check, context }) => {
                    enqueue.assign({ n: context.n + 1 })
                    enqueue({ type: 'named', params: { n: context.n + 1 } })
                    enqueue(() => say(`once:inline ${context.n + 1}`))
                    enqueue.emit({ type: 'told', n: context.n + 1 })
                    if (check(() => context.n >= 1)) enqueue.raise({ type: 'END' } as never)
                  }),
                },
                END: 'end',
              },
            },
            end: { type: 'final', entry: [log('over'), emit({ type: 'told', n: 9 })] },
          },
          output: ({ context }) => context.n,
        }),
      events: [{ type: 'GO' }, { type: 'GO' }],
    },
    ({ output, said, emitted }) => {
      expect(output).toBe(2)
      expect(said).toEqual(['named 1', 'once:inline 1', 'named 2', 'once:inline 2'])
      expect(emitted).toEqual([1, 2, 9].map((n) => ({ type: 'told', n })))
    },
  )

  crashEverywhere(
    'a callback hears it and answers',
    {
      program: () =>
        setup({ ...heard, actors: { echo } }).createMachine({
          id: 'callback',
          context: { got: [] },
          initial: 'open',
          states: {
            open: {
              invoke: { src: 'echo', id: 'echo', input: 'echo' },
              on: { SAY: { actions: sendTo('echo', ({ event }) => event) }, ANSWER: { actions: hear } },
              always: { guard: ({ context }) => context.got.length === 2, target: 'end' },
            },
            end: { type: 'final' },
          },
          output: ({ context }) => context.got,
        }),
      events: ['a', 'b'].map((text) => ({ type: 'SAY', text })),
      // one that begins again has not heard yet what is on its way to it, and is not sent it again (README, "not promised")
      isCrashedTwice: false,
    },
    ({ output }) => expect(output).toEqual(['echo a', 'echo b']),
  )

  test.each(places)('a callback gets the events that were sent before its start, in their order, on %s', async (_, place) => {
    const program = setup({ ...heard, actors: { echo } }).createMachine({
      id: 'callback',
      context: { got: [] },
      initial: 'open',
      states: {
        open: {
          invoke: { src: 'echo', id: 'echo', input: 'echo' },
          // in the very transition that invokes it, before the commit that lets it start
          entry: [sendTo('echo', { type: 'SAY', text: 'a' }), sendTo('echo', { type: 'SAY', text: 'b' })],
          on: { ANSWER: { actions: hear } },
          always: { guard: ({ context }) => context.got.length === 2, target: 'end' },
        },
        end: { type: 'final' },
      },
      output: ({ context }) => context.got,
    })
    expect((await played(place(), program)).output).toEqual(['echo a', 'echo b'])
  })

  crashEverywhere(
    'observables takes their values, their completion and their events',
    {
      program: () =>
        setup({
          types: { context: {} as { last: unknown; events: number[] } },
          actors: {
            values: fromObservable(() => counting(3, (n) => n * 10)),
            events: fromEventObservable(() => counting(3, (n) => ({ type: 'TICK', n }))),
          },
        }).createMachine({
          id: 'observing',
          context: { last: undefined, events: [] },
          initial: 'values',
          states: {
            values: {
              invoke: {
                src: 'values',
                onSnapshot: { actions: assign({ last: ({ event }) => event.snapshot.context }) },
                onDone: 'events',
              },
            },
            events: {
              invoke: { src: 'events', onDone: 'end' },
              on: {
                TICK: {
                  actions: assign({
                    events: ({ context, event }) => [...new Set([...context.events, (event as never as { n: number }).n])],
                  }),
                },
              },
            },
            end: { type: 'final' },
          },
          output: ({ context }) => context,
        }),
    },
    ({ output }) => expect(output).toEqual({ last: 30, events: [1, 2, 3] }),
  )

  crashEverywhere(
    'a transition function and a store as children keeps what they hold',
    {
      program: () =>
        setup({
          actors: {
            sum: fromTransition(
              (state: number, event: AnyEventObject) => (event.type === 'ADD' ? state + Number(event['n']) : state),
              0,
            ),
            cart: fromStore({
              context: { items: [] as string[] },
              on: { put: ({ items }, { item }: { item: string }) => ({ items: [...items, item] }) },
            }),
          },
        }).createMachine({
          id: 'holding',
          context: { round: 0 },
          invoke: [
            { src: 'sum', id: 'sum' },
            { src: 'cart', id: 'cart' },
          ],
          initial: 'on',
          states: {
            on: {
              on: {
                GO: {
                  actions: [
                    assign({ round: ({ context }) => context.round + 1 }),
                    sendTo('sum', ({ context }) => ({ type: 'ADD', n: context.round })),
                    sendTo('cart', ({ context }) => ({ type: 'put', item: `item ${context.round}` }) as never),
                  ],
                },
                END: 'end',
              },
            },
            end: {},
          },
        }),
      events: ['GO', 'GO', 'GO', 'END'].map((type) => ({ type })),
    },
    ({ snapshot }) => {
      expect(snapshot?.children?.['sum']?.snapshot.context).toBe(6)
      expect(snapshot?.children?.['cart']?.snapshot.context).toEqual({ items: ['item 1', 'item 2', 'item 3'] })
    },
  )
})

/** A program whose child errs, with and without somebody who minds. */
const failing = (say: Say, minds: boolean) =>
  setup({
    actors: {
      bad: createMachine({
        id: 'bad',
        initial: 'a',
        states: { a: { invoke: { src: fromPromise(async () => (say('step bad'), Promise.reject(new RangeError('too bad')))) } } },
      }),
    },
  }).createMachine({
    id: 'minding',
    initial: 'a',
    context: { why: '' },
    states: {
      a: {
        invoke: {
          src: 'bad',
          ...(minds
            ? { onError: { target: 'end', actions: assign({ why: ({ event }) => (event.error as Error).message }) } }
            : {}),
        },
      },
      end: { type: 'final' },
    },
    output: ({ context }) => context.why,
  })

describe('an error in a child machine', () => {
  crashEverywhere('is taken by `onError`', { program: (say) => failing(say, true) }, (ended) =>
    expect(ended).toMatchObject({ status: 'completed', output: 'too bad' }),
  )
  crashEverywhere('fails the execution without it', { program: (say) => failing(say, false) }, (ended) =>
    expect(ended).toMatchObject({ status: 'failed', error: { name: 'RangeError', message: 'too bad' } }),
  )
})
