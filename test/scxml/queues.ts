/** The internal and the external queue: what is taken before what. */
import { raise, sendTo } from 'xstate'
import { chart, context, ends, send, type Assertions } from './assertion.js'

/** Assertions on the order of events. */
export const queues: Assertions = {
  '144: raised events are taken in the order in which they were raised': {
    program: chart.createMachine({
      id: 'w144',
      context,
      initial: 'first',
      entry: [raise({ type: 'foo' }), raise({ type: 'bar' })],
      states: { first: { on: { foo: 'second', '*': 'fail' } }, second: { on: { bar: 'pass', '*': 'fail' } }, ...ends },
    }),
  },
  '189: what a machine raises goes before what it sends to itself': {
    program: chart.createMachine({
      id: 'w189',
      context,
      initial: 'first',
      entry: [sendTo(({ self }) => self, { type: 'external' }), raise({ type: 'internal' })],
      states: { first: { on: { internal: 'second', external: 'fail' } }, second: { on: { external: 'pass' } }, ...ends },
    }),
  },
  '190: what a machine sends to its own ref goes to the external queue, after all that is internal': {
    program: chart.createMachine({
      id: 'w190',
      context,
      initial: 'first',
      entry: [sendTo(({ self }) => self, { type: 'later' }), raise({ type: 'now' })],
      states: {
        first: { on: { now: { target: 'second', actions: raise({ type: 'next' }) }, later: 'fail' } },
        second: { on: { next: 'third', later: 'fail' } },
        third: { on: { later: 'pass' } },
        ...ends,
      },
    }),
  },
  '318: the event stays the same through entry, exit and eventless transitions': {
    program: chart.createMachine({
      id: 'w318',
      context,
      initial: 'idle',
      states: {
        idle: { on: { foo: 'one' } },
        one: { entry: raise({ type: 'bar' }), exit: { type: 'note', params: ({ event }) => event.type }, on: { bar: 'two' } },
        two: { entry: { type: 'note', params: ({ event }) => event.type }, always: 'three' },
        three: { entry: { type: 'note', params: ({ event }) => event.type }, always: 'pass' },
        ...ends,
      },
    }),
    events: send('foo'),
    notes: ['bar', 'bar', 'bar'],
  },
  '396: the name of an event is matched as a whole, case included': {
    program: chart.createMachine({
      id: 'w396',
      context,
      initial: 'idle',
      states: { idle: { on: { FOO: 'fail', fo: 'fail', foo: 'pass' } }, ...ends },
    }),
    events: send('foo'),
  },
  '399: a descriptor with a trailing wildcard takes every event below it, and no other': {
    program: chart.createMachine({
      id: 'w399',
      context,
      initial: 'one',
      states: {
        one: { on: { 'foo.*': 'two' } },
        two: { on: { 'foo.bar.*': 'three', foobar: 'fail' } },
        three: { on: { 'baz.*': 'fail', '*': 'pass' } },
        ...ends,
      },
    }),
    events: send('foo', 'foo.baz', 'foo.bar.x', 'foobar'),
  },
  '419: eventless transitions go before internal events, and these before external ones': {
    program: chart.createMachine({
      id: 'w419',
      context,
      initial: 'one',
      states: {
        one: {
          entry: [raise({ type: 'internal' }), sendTo(({ self }) => self, { type: 'external' })],
          on: { internal: 'fail', external: 'fail' },
          always: 'two',
        },
        two: { on: { internal: 'three', external: 'fail' } },
        three: { on: { external: 'pass' } },
        ...ends,
      },
    }),
  },
  '421: internal events are taken until the queue is empty, before an external one': {
    program: chart.createMachine({
      id: 'w421',
      context,
      initial: 'one',
      entry: [sendTo(({ self }) => self, { type: 'external' }), raise({ type: 'a' }), raise({ type: 'b' }), raise({ type: 'c' })],
      states: {
        one: { on: { external: 'fail', a: {}, b: {}, c: 'two' } },
        two: { on: { external: 'pass' } },
        ...ends,
      },
    }),
  },
  '423: events that no transition takes are dropped, until one is taken': {
    program: chart.createMachine({
      id: 'w423',
      context,
      initial: 'one',
      states: { one: { on: { wanted: 'pass' } }, ...ends },
    }),
    events: send('x', 'y', 'wanted'),
  },
  '495: an event to itself and a raised one meet in the right queues': {
    program: chart.createMachine({
      id: 'w495',
      context,
      initial: 'one',
      entry: [sendTo(({ self }) => self, { type: 'external' }), raise({ type: 'internal' })],
      states: { one: { on: { external: 'fail', internal: 'two' } }, two: { on: { external: 'pass' } }, ...ends },
    }),
  },
  '342: the name of an event is what it was sent under': {
    program: chart.createMachine({
      id: 'w342',
      context,
      initial: 'one',
      entry: raise(() => ({ type: ['a', 'b'].join('.') })),
      states: {
        one: { on: { 'a.b': { target: 'pass', actions: { type: 'note', params: ({ event }) => event.type } } } },
        ...ends,
      },
    }),
    notes: ['a.b'],
  },
  '178 and 330: what an event carries comes with it, under its name': {
    program: chart.createMachine({
      id: 'w330',
      context,
      initial: 'one',
      entry: raise({ type: 'carries', first: 1, second: { deep: ['x'] } }),
      states: {
        one: { on: { carries: { target: 'pass', actions: { type: 'note', params: ({ event }) => JSON.stringify(event) } } } },
        ...ends,
      },
    }),
    notes: ['{"type":"carries","first":1,"second":{"deep":["x"]}}'],
  },
}
