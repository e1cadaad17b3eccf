/** Invoked and spawned actors, and what is sent between them, now and later. */
import {
  cancel,
  enqueueActions,
  forwardTo,
  fromPromise,
  log,
  raise,
  sendParent,
  sendTo,
  setup,
  spawnChild,
  stopChild,
  type AnyActorRef,
  type AnyEventObject,
} from 'xstate'
import { chart, context, ends, note, send, type Assertions, type Noted } from './assertion.js'

const child = chart.createMachine({
  id: 'child',
  context: ({ input }) => ({ notes: input?.words ?? [] }),
  initial: 'one',
  states: {
    one: {
      on: {
        ask: { actions: sendParent({ type: 'answered' }) },
        words: { actions: sendParent(({ context: { notes } }) => ({ type: 'words', notes })) },
        end: 'ended',
      },
    },
    ended: { type: 'final' },
  },
  exit: note('child out'),
  output: ({ context: { notes } }) => ({ notes }),
})

/** The setup of machines with children. */
const family = setup({
  types: { context: {} as Noted },
  actors: { child, echo: fromPromise<string, string>(({ input }) => Promise.resolve(input)) },
})

/** Assertions on invocations and messages. */
export const invokes: Assertions = {
  '175 and 185: a delayed event comes after its delay, the shorter delay first': {
    program: chart.createMachine({
      id: 'w185',
      context,
      initial: 'one',
      entry: [raise({ type: 'late' }, { delay: () => 200 }), raise({ type: 'early' }, { delay: 100 })],
      states: { one: { on: { early: 'two', late: 'fail' } }, two: { on: { late: 'pass' } }, ...ends },
    }),
  },
  '186: what a delayed event carries is what held when it was sent': {
    program: chart.createMachine({
      id: 'w186',
      context,
      initial: 'one',
      entry: [
        note('before'),
        raise(({ context: { notes } }) => ({ type: 'carries', notes: [...notes] }), { delay: 100 }),
        note('after'),
      ],
      states: {
        one: {
          on: {
            carries: [
              { guard: ({ event }) => JSON.stringify(event['notes']) === '["before"]', target: 'pass' },
              { target: 'fail' },
            ],
          },
        },
        ...ends,
      },
    }),
  },
  '187: what a child has delayed is gone with it': {
    program: setup({
      actors: {
        child: chart.createMachine({
          id: 'short',
          context,
          initial: 'a',
          entry: sendParent({ type: 'ghost' }, { delay: 50 }),
          states: { a: { always: 'b' }, b: { type: 'final' } },
        }),
      },
    }).createMachine({
      id: 'w187',
      context,
      initial: 'one',
      states: {
        one: { invoke: { src: 'child', onDone: 'two' }, on: { ghost: 'fail' } },
        two: { on: { ghost: 'fail' }, after: { 100: 'pass' } },
        ...ends,
      },
    }),
  },
  '207 and 208: a delayed event that is cancelled does not come, the others do': {
    program: chart.createMachine({
      id: 'w208',
      context,
      initial: 'one',
      entry: [raise({ type: 'one' }, { delay: 100, id: 'a' }), raise({ type: 'two' }, { delay: 200, id: 'b' }), cancel('a')],
      states: { one: { on: { one: 'fail', two: 'pass' } }, ...ends },
    }),
  },
  '210: the event to cancel may be named by an expression': {
    program: chart.createMachine({
      id: 'w210',
      context,
      initial: 'one',
      entry: [raise({ type: 'one' }, { delay: 100, id: 'x1' }), cancel(({ context: { notes } }) => `x${notes.length + 1}`)],
      states: { one: { on: { one: 'fail' }, after: { 200: 'pass' } }, ...ends },
    }),
  },
  'after: a state that is left takes its timer with it, and one that is entered again starts anew': {
    program: chart.createMachine({
      id: 'wafter',
      context,
      initial: 'one',
      states: {
        one: { on: { go: 'two' }, after: { 1_000: 'fail' } },
        two: { on: { go: 'one' }, after: { 2_000: { target: 'three', actions: note('after two') } } },
        three: { after: { 10: 'pass' } },
        ...ends,
      },
    }),
    events: send('go', 'go', 'go'),
    notes: ['after two'],
  },
  '191: a child reaches its parent': {
    program: family.createMachine({
      id: 'w191',
      context,
      initial: 'one',
      invoke: { src: 'child', id: 'kid' },
      states: { one: { entry: sendTo('kid', { type: 'ask' }), on: { answered: 'pass' } }, ...ends },
    }),
  },
  '192: a parent reaches its child by the id of the invocation': {
    program: family.createMachine({
      id: 'w192',
      context,
      initial: 'one',
      states: {
        one: {
          invoke: { src: 'child', id: 'kid', onDone: 'pass' },
          entry: sendTo('kid', { type: 'end' }),
        },
        ...ends,
      },
    }),
  },
  '226 and 240: what an invocation is given is there from the start': {
    program: family.createMachine({
      id: 'w240',
      context,
      initial: 'one',
      states: {
        one: {
          invoke: {
            src: 'child',
            id: 'kid',
            input: { words: ['given'] },
            onDone: [
              { guard: ({ event }) => JSON.stringify(event.output).includes('"given"'), target: 'pass' },
              { target: 'fail' },
            ],
          },
          on: { go: { actions: sendTo('kid', { type: 'end' }) } },
        },
        ...ends,
      },
    }),
    events: send('go'),
  },
  '530: what an invocation is given is what holds when it begins': {
    program: chart.createMachine({
      id: 'w530',
      context,
      initial: 'one',
      states: {
        one: { entry: note('first'), always: { target: 'two', actions: note('second') } },
        two: {
          invoke: {
            src: 'echo',
            input: ({ context: { notes } }) => notes.join(' and '),
            onDone: [{ guard: ({ event }) => event.output === 'first and second', target: 'pass' }, { target: 'fail' }],
          },
        },
        ...ends,
      },
    }),
  },
  '228 and 338: the end of an invocation names it': {
    program: chart.createMachine({
      id: 'w338',
      context,
      initial: 'one',
      states: {
        one: {
          invoke: [
            { src: 'listens', id: 'never' },
            { src: 'echo', id: 'named', input: 'x' },
          ],
          on: { 'xstate.done.actor.never': 'fail', 'xstate.done.actor.named': 'pass' },
        },
        ...ends,
      },
    }),
  },
  '225: two invocations without an id have different ones': {
    program: chart.createMachine({
      id: 'w225',
      context,
      initial: 'both',
      states: {
        both: {
          invoke: [
            { src: 'echo', input: 'first', onDone: { actions: note('first done') } },
            { src: 'echo', input: 'second', onDone: { actions: note('second done') } },
          ],
          always: { guard: ({ context: { notes } }) => notes.length === 2, target: 'pass' },
        },
        ...ends,
      },
    }),
  },
  '229: what a parent forwards, its child gets': {
    program: family.createMachine({
      id: 'w229',
      context,
      initial: 'one',
      states: {
        one: { invoke: { src: 'child', id: 'kid' }, on: { ask: { actions: forwardTo('kid') }, answered: 'pass' } },
        ...ends,
      },
    }),
    events: send('ask'),
  },
  '232: several events of one invocation come in their order': {
    program: chart.createMachine({
      id: 'w232',
      context,
      initial: 'one',
      invoke: { src: 'says', input: ['a', 'b', 'c'] },
      states: { one: { on: { a: 'two' } }, two: { on: { b: 'three' } }, three: { on: { c: 'pass' } }, ...ends },
    }),
  },
  '235 and 247: an invoked machine that ends tells its parent': {
    program: setup({
      actors: { ends: chart.createMachine({ id: 'ends', context, initial: 'end', states: { end: { type: 'final' } } }) },
    }).createMachine({
      id: 'w247',
      context,
      initial: 'one',
      states: { one: { invoke: { src: 'ends', onDone: 'pass' }, after: { 1_000: 'fail' } }, ...ends },
    }),
  },
  '237 and 252: a state that is left cancels its invocation, of which nothing is heard any more': {
    program: chart.createMachine({
      id: 'w252',
      context,
      initial: 'one',
      states: {
        one: { invoke: { src: 'listens', id: 'gone', onError: 'fail' }, on: { go: 'two' } },
        two: { on: { 'xstate.*': 'fail' }, after: { 1_000: 'pass' } },
        ...ends,
      },
    }),
    events: send('go'),
  },
  '250: the exit actions of an invoked machine run when it is cancelled': {
    program: setup({
      actors: {
        told: chart.createMachine({ id: 'told', context, initial: 'in', states: { in: { exit: sendParent({ type: 'left' }) } } }),
      },
    }).createMachine({
      id: 'w250',
      context,
      initial: 'one',
      states: {
        one: { invoke: { src: 'told', id: 'told' }, on: { go: 'two' } },
        two: { on: { left: 'pass', end: 'pass' } },
        ...ends,
      },
    }),
    events: send('go', 'end'),
  },
  '422: only what is still there at the end of a macrostep is invoked': {
    program: chart.createMachine({
      id: 'w422',
      context,
      initial: 'one',
      states: {
        one: { invoke: { src: 'says', input: ['from one'] }, always: 'two' },
        two: { invoke: { src: 'says', input: ['from two'] }, on: { 'from one': 'fail', 'from two': 'pass' } },
        ...ends,
      },
    }),
  },
  '402: an invocation that fails is told with its error': {
    program: chart.createMachine({
      id: 'w402',
      context,
      initial: 'one',
      states: {
        one: {
          invoke: {
            src: 'fails',
            onError: [
              { guard: ({ event }) => (event.error as Error).message === 'it fails', target: 'pass' },
              { target: 'fail' },
            ],
          },
        },
        ...ends,
      },
    }),
  },
  '336: an answer reaches the one who asked': {
    program: setup({
      types: { context: {} as Noted, events: {} as AnyEventObject },
      actors: {
        asker: chart.createMachine({
          id: 'asker',
          context,
          entry: sendParent(({ self }) => ({ type: 'ASK', replyTo: self })),
          initial: 'asking',
          states: { asking: { on: { ANSWER: 'answered' } }, answered: { type: 'final' } },
        }),
      },
    }).createMachine({
      id: 'w336',
      context,
      invoke: [
        { src: 'asker', id: 'asker', onDone: '.pass' },
        { src: 'asker', id: 'other' },
      ],
      initial: 'one',
      states: {
        one: { on: { ASK: { actions: sendTo(({ event }) => event['replyTo'] as AnyActorRef, { type: 'ANSWER' }) } } },
        ...ends,
      },
    }),
  },
  'spawn: spawned children are reached by their ids, and stopped by name': {
    program: family.createMachine({
      id: 'wspawn',
      context,
      initial: 'one',
      entry: [spawnChild('child', { id: 'a' }), spawnChild('child', { id: 'b' })],
      states: {
        one: {
          on: {
            drop: { actions: stopChild('a') },
            go: { actions: [sendTo('b', { type: 'ask' })] },
            answered: 'pass',
          },
        },
        ...ends,
      },
    }),
    events: send('drop', 'go'),
  },
  'enqueueActions: actions are chosen while they are run, in their order': {
    program: chart.createMachine({
      id: 'wenqueue',
      context,
      initial: 'one',
      states: {
        one: {
          on: {
            go: {
              target: 'two',
              actions: enqueueActions(({ enqueue, check }) => {
                enqueue(note('first'))
                if (check(() => false)) enqueue(note('never'))
                enqueue.raise({ type: 'raised' })
                enqueue(note('second'))
              }),
            },
          },
        },
        two: { on: { raised: 'pass' } },
        ...ends,
      },
    }),
    events: send('go'),
    notes: ['first', 'second'],
  },
  'log: what a machine logs changes nothing': {
    program: chart.createMachine({ id: 'wlog', context, entry: log('a word'), initial: 'pass', states: ends }),
  },
}
