/** Programs whose paths are known, each with what there is to one thing that a walk has to get right. */
import {
  assign,
  cancel,
  createMachine,
  fromCallback,
  fromPromise,
  fromTransition,
  raise,
  sendTo,
  setup,
  spawnChild,
} from 'xstate'
import { defineEntryPoint } from '../../../src/index.js'

/** Is never called: the steps of a path end when the path says so. */
const step = <TOut, TIn = unknown>() =>
  fromPromise<TOut, TIn>(() => {
    throw new Error('a step of a path was run')
  })

/** A sequence of steps, of which one may fail; payloads with a guard on them. */
export const orders = defineEntryPoint({
  id: 'orders',
  program: setup({
    types: {
      input: {} as { amount: number },
      context: {} as { amount: number; by?: string; receipt?: string },
      events: {} as { type: 'APPROVE'; by: string } | { type: 'CANCEL' },
      output: {} as string,
    },
    actors: { charge: step<string, number>(), ship: step<undefined>() },
  }).createMachine({
    id: 'order',
    context: ({ input }) => ({ amount: input.amount }),
    initial: 'pending',
    states: {
      pending: {
        on: {
          APPROVE: {
            guard: ({ event }) => event.by !== 'mallory',
            target: 'charging',
            actions: assign({ by: ({ event }) => event.by }),
          },
          CANCEL: 'cancelled',
        },
      },
      charging: {
        invoke: {
          src: 'charge',
          input: ({ context }) => context.amount,
          onDone: { target: 'shipping', actions: assign({ receipt: ({ event }) => event.output }) },
          onError: 'declined',
        },
      },
      shipping: { invoke: { src: 'ship', id: 'parcel', onDone: 'shipped' } },
      shipped: { type: 'final' },
      declined: { type: 'final' },
      cancelled: { type: 'final' },
    },
    output: ({ context }) => context.receipt ?? 'nothing',
  }),
})

/** Two steps at a time, each of which ends once although its state is not left. */
export const pairs = defineEntryPoint({
  id: 'pairs',
  program: setup({
    types: { context: {} as { got: string[] } },
    actors: { left: step<string>(), right: step<string>() },
    actions: { note: assign({ got: ({ context }, params: { name: string }) => [...context.got, params.name] }) },
  }).createMachine({
    id: 'pair',
    context: { got: [] },
    initial: 'fetching',
    states: {
      fetching: {
        invoke: [
          { src: 'left', onDone: { actions: { type: 'note', params: { name: 'left' } } } },
          { src: 'right', onDone: { actions: { type: 'note', params: { name: 'right' } } } },
        ],
        always: { guard: ({ context }) => context.got.length === 2, target: 'both' },
      },
      both: { type: 'final' },
    },
  }),
})

/** Regions, each with its own way; the whole is done when both are. */
export const doors = defineEntryPoint({
  id: 'doors',
  program: createMachine({
    id: 'doors',
    type: 'parallel',
    states: {
      front: { initial: 'shut', states: { shut: { on: { FRONT: 'open' } }, open: { type: 'final' } } },
      back: { initial: 'shut', states: { shut: { on: { BACK: 'open' } }, open: { type: 'final' } } },
    },
  }),
})

/** Timers that run beside each other: the one that is due first fires first. Named, computed and plain delays. */
export const reminders = defineEntryPoint({
  id: 'reminders',
  program: setup({
    types: { input: {} as { patience: number }, context: {} as { patience: number } },
    delays: { nudge: 1_000, patience: ({ context }) => context.patience },
  }).createMachine({
    id: 'reminder',
    context: ({ input }) => input,
    type: 'parallel',
    states: {
      mail: { initial: 'sent', states: { sent: { after: { nudge: 'nudged' } }, nudged: {} } },
      deadline: {
        initial: 'open',
        states: {
          open: { on: { EXTEND: { target: 'open', reenter: true } }, after: { patience: 'over' } },
          over: { after: { 10: 'gone' } },
          gone: {},
        },
      },
    },
  }),
})

/** States in states, a way back by history, and an exit of the whole. */
export const players = defineEntryPoint({
  id: 'players',
  program: createMachine({
    id: 'player',
    initial: 'playing',
    states: {
      playing: {
        initial: 'slow',
        states: { slow: { on: { FASTER: 'fast' } }, fast: {}, last: { type: 'history' } },
        on: { PAUSE: 'paused' },
      },
      paused: { on: { PLAY: 'playing.last', STOP: 'stopped' } },
      stopped: { type: 'final' },
    },
  }),
})

const courier = createMachine({
  id: 'courier',
  initial: 'driving',
  states: { driving: { after: { 1_000: 'there' } }, there: { type: 'final' } },
})

/** A machine as a step of another one; it keeps a `systemId`, also when it is entered again. */
export const deliveries = defineEntryPoint({
  id: 'deliveries',
  program: setup({ actors: { courier } }).createMachine({
    id: 'delivery',
    initial: 'driving',
    states: {
      driving: {
        invoke: { src: 'courier', systemId: 'courier', onDone: 'signing' },
        on: { LOST: { target: 'driving', reenter: true } },
      },
      signing: { on: { SIGNED: 'done' } },
      done: { type: 'final' },
    },
  }),
})

/** Logic that is written inline is known by its invoke's id; an error that nobody handles fails the machine. */
export const inline = defineEntryPoint({
  id: 'inline',
  program: createMachine({
    id: 'inline',
    initial: 'first',
    states: {
      first: { invoke: { src: step<string>(), onDone: 'second' } },
      second: { invoke: { src: step<string>(), id: 'named', onDone: 'done' } },
      done: { type: 'final' },
    },
  }),
})

/** Spawned steps, with an id and without one; a counter that is no step; a callback that never ends. */
export const families = defineEntryPoint({
  id: 'families',
  program: setup({
    types: { context: {} as { kids: unknown[]; ends: number } },
    actors: {
      kid: step<string>(),
      counter: fromTransition((count: number) => count + 1, 0),
      ticker: fromCallback(() => () => undefined),
    },
  }).createMachine({
    id: 'family',
    context: ({ spawn }) => ({ kids: [spawn('kid'), spawn('kid', { id: 'ann' })], ends: 0 }),
    entry: [spawnChild('counter', { id: 'counter' }), spawnChild('ticker', { id: 'ticker' })],
    on: {
      'xstate.done.actor.ann': { actions: assign({ ends: ({ context }) => context.ends + 1 }) },
      TICK: { guard: ({ context }) => context.ends === 1, target: '.old' },
    },
    initial: 'young',
    states: { young: {}, old: { type: 'final' } },
  }),
})

/** Events to itself: at once, later by `raise` and by `sendTo`, and one that comes when nobody wants it any more. */
export const alarms = defineEntryPoint({
  id: 'alarms',
  program: createMachine({
    id: 'alarm',
    initial: 'set',
    entry: raise({ type: 'STALE' }, { delay: 5 }),
    states: {
      set: { entry: sendTo(({ self }) => self, { type: 'ARMED' }), on: { ARMED: 'armed' } },
      armed: { entry: raise({ type: 'RING' }, { delay: 50, id: 'ring' }), on: { RING: 'ringing' } },
      ringing: { entry: sendTo(({ self }) => self, { type: 'QUIET' }, { delay: 20 }), on: { QUIET: 'quiet' } },
      quiet: { type: 'final' },
    },
  }),
})

/** A step that is begun anew, and so may end again; two that leave no trace but that they have ended. */
export const laps = defineEntryPoint({
  id: 'laps',
  program: setup({
    types: { context: {} as { laps: number } },
    actors: { run: step<undefined>(), watch: step<undefined>() },
    actions: { count: assign({ laps: ({ context }) => context.laps + 1 }) },
  }).createMachine({
    id: 'lap',
    context: { laps: 0 },
    initial: 'running',
    states: {
      running: {
        invoke: [
          { src: 'watch', onDone: { actions: () => undefined } },
          {
            src: 'run',
            onDone: [
              { guard: ({ context }) => context.laps === 1, target: 'done' },
              { target: 'running', reenter: true, actions: 'count' },
            ],
          },
        ],
      },
      done: { type: 'final' },
    },
  }),
})

/** A timer that is called off, and what would take its event later. */
export const timeouts = defineEntryPoint({
  id: 'timeouts',
  program: createMachine({
    id: 'timeout',
    initial: 'set',
    states: {
      set: {
        entry: raise({ type: 'RING' }, { delay: 50, id: 'ring' }),
        on: { OFF: { target: 'off', actions: cancel('ring') }, LEAVE: 'left' },
      },
      off: { on: { RING: 'rung' } },
      left: { on: { RING: 'rung' } },
      rung: { type: 'final' },
    },
  }),
})
