/** Initial, final and history states: where a machine begins, ends, and comes back to. */
import { chart, context, ends, isIn, note, send, type Assertions } from './assertion.js'

const past = (kind: 'shallow' | 'deep', id: string) =>
  chart.createMachine({
    id,
    context,
    initial: 'work',
    states: {
      work: {
        initial: 'a',
        on: { leave: 'away', end: 'pass' },
        states: {
          a: { on: { go: 'b' } },
          b: {
            initial: 'x',
            states: { x: { entry: note('x'), on: { go: 'y' } }, y: { entry: note('y'), on: { go: 'z' } }, z: {} },
          },
          back: { type: 'history', history: kind },
        },
      },
      away: { on: { back: 'work.back' } },
      ...ends,
    },
  })

/** Assertions on states. */
export const states: Assertions = {
  '355: the initial state is the one that is named, whatever its place': {
    program: chart.createMachine({ id: 'w355', context, initial: 'pass', states: { fail: ends.fail, pass: ends.pass } }),
  },
  '364: default initial states are entered to the innermost': {
    program: chart.createMachine({
      id: 'w364',
      context,
      initial: 'one',
      states: {
        one: {
          initial: 'two',
          states: { two: { initial: 'three', states: { three: { entry: note('three'), on: { go: '#w364.pass' } } } } },
        },
        ...ends,
      },
    }),
    events: send('go'),
    notes: ['three'],
  },
  '413: a machine begins in every region of a parallel state': {
    program: chart.createMachine({
      id: 'w413',
      context,
      initial: 'both',
      states: {
        both: {
          type: 'parallel',
          states: {
            left: { initial: 'b', states: { a: {}, b: {} } },
            right: { initial: 'x', states: { x: {}, y: {} } },
          },
          on: { go: [{ guard: isIn({ both: { left: 'b', right: 'x' } }), target: 'pass' }, { target: 'fail' }] },
        },
        ...ends,
      },
    }),
    events: send('go'),
  },
  '576: a transition may enter states deep in several regions': {
    program: chart.createMachine({
      id: 'w576',
      context,
      initial: 'idle',
      states: {
        idle: { on: { go: { target: ['both.left.b', 'both.right.y'] as never } } },
        both: {
          type: 'parallel',
          states: {
            left: { initial: 'a', states: { a: { entry: note('wrong') }, b: { entry: note('b') } } },
            right: { initial: 'x', states: { x: { entry: note('wrong') }, y: { entry: note('y') } } },
          },
          on: { end: 'pass' },
        },
        ...ends,
      },
    }),
    events: send('go', 'end'),
    notes: ['b', 'y'],
  },
  '372: a compound state is done after its final state was entered, and before it is left': {
    program: chart.createMachine({
      id: 'w372',
      context,
      initial: 'part',
      states: {
        part: {
          initial: 'a',
          exit: note('part out'),
          onDone: { target: 'pass', actions: note('done') },
          states: { a: { on: { go: 'b' } }, b: { type: 'final', entry: note('b in'), exit: note('b out') } },
        },
        ...ends,
      },
    }),
    events: send('go'),
    notes: ['b in', 'b out', 'part out', 'done'],
  },
  '375 and 376: entry actions run in their order, block after block': {
    program: chart.createMachine({
      id: 'w375',
      context,
      initial: 'one',
      states: { one: { entry: [note('1'), note('2'), note('3')], always: 'pass' }, ...ends },
    }),
    notes: ['1', '2', '3'],
  },
  '377 and 378: exit actions run in their order': {
    program: chart.createMachine({
      id: 'w377',
      context,
      initial: 'one',
      states: { one: { exit: [note('1'), note('2')], on: { go: 'pass' } }, ...ends },
    }),
    events: send('go'),
    notes: ['1', '2'],
  },
  '387: history without a past goes to its default': {
    program: chart.createMachine({
      id: 'w387',
      context,
      initial: 'idle',
      states: {
        idle: { on: { go: 'work.back' } },
        work: {
          initial: 'a',
          on: { end: 'pass' },
          states: { a: { entry: note('a') }, b: { entry: note('b') }, back: { type: 'history', target: 'b' } },
        },
        ...ends,
      },
    }),
    events: send('go', 'end'),
    notes: ['b'],
  },
  '388a: shallow history comes back to the child, and to where that begins': {
    program: past('shallow', 'w388a'),
    events: send('go', 'go', 'leave', 'back', 'end'),
    notes: ['x', 'y', 'x'],
  },
  '388b: deep history comes back to the innermost state': {
    program: past('deep', 'w388b'),
    events: send('go', 'go', 'leave', 'back', 'end'),
    notes: ['x', 'y', 'y'],
  },
  '580: a history state is never where a machine stands': {
    program: chart.createMachine({
      id: 'w580',
      context,
      initial: 'work',
      states: {
        work: {
          initial: 'a',
          on: { leave: 'away' },
          states: { a: {}, back: { type: 'history' } },
          always: { guard: isIn({ work: 'back' }), target: 'fail' },
        },
        away: { on: { back: 'work.back', end: 'pass' }, always: { guard: isIn({ work: 'back' }), target: 'fail' } },
        ...ends,
      },
    }),
    events: send('leave', 'back', 'leave', 'end'),
  },
  '415: a machine stops when it enters a final state at the top': {
    program: chart.createMachine({
      id: 'w415',
      context,
      initial: 'one',
      states: { one: { on: { go: 'pass' } }, ...ends },
      on: { late: '.fail' },
    }),
    events: send('go'),
  },
  '416: a compound state is done when its child is final': {
    program: chart.createMachine({
      id: 'w416',
      context,
      initial: 'outer',
      states: {
        outer: {
          initial: 'middle',
          onDone: 'pass',
          states: {
            middle: { initial: 'a', onDone: 'end', states: { a: { always: 'b' }, b: { type: 'final' } } },
            end: { type: 'final' },
          },
        },
        ...ends,
      },
    }),
  },
  '417 and 570: a parallel state is done once all of its regions are': {
    program: chart.createMachine({
      id: 'w417',
      context,
      initial: 'both',
      states: {
        both: {
          type: 'parallel',
          onDone: { target: 'pass', actions: note('both done') },
          states: {
            left: {
              initial: 'a',
              onDone: { actions: note('left done') },
              states: { a: { on: { left: 'b' } }, b: { type: 'final' } },
            },
            right: {
              initial: 'a',
              onDone: { actions: note('right done') },
              states: { a: { on: { right: 'b' } }, b: { type: 'final' } },
            },
          },
        },
        ...ends,
      },
    }),
    events: send('right', 'left'),
    notes: ['right done', 'left done', 'both done'],
  },
  '294 and 527: what a final state puts out comes with the event that tells of it': {
    program: chart.createMachine({
      id: 'w294',
      context,
      initial: 'part',
      states: {
        part: {
          initial: 'a',
          onDone: { target: 'pass', actions: { type: 'note', params: ({ event }) => JSON.stringify(event['output']) } },
          states: { a: { always: 'b' }, b: { type: 'final', output: { text: 'foo' } } },
        },
        ...ends,
      },
    }),
    notes: ['{"text":"foo"}'],
  },
}
