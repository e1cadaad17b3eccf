/** Which transitions are taken, and what is left and entered by them. */
import { raise } from 'xstate'
import { chart, context, ends, isIn, note, send, type Assertions } from './assertion.js'

/** Assertions on transitions. */
export const transitions: Assertions = {
  '403a: of the transitions of one state the first one that is enabled is taken': {
    program: chart.createMachine({
      id: 'w403a',
      context,
      initial: 'outer',
      states: {
        outer: {
          initial: 'inner',
          on: { one: 'fail', two: 'pass' },
          states: {
            inner: {
              on: { one: [{ guard: () => false, target: '#w403a.fail' }, { target: 'next' }, { target: '#w403a.fail' }] },
            },
            next: { on: { two: { guard: () => false, target: '#w403a.fail' } } },
          },
        },
        ...ends,
      },
    }),
    events: send('one', 'two'),
  },
  '403b: a parallel state takes a transition of each region for one event': {
    program: chart.createMachine({
      id: 'w403b',
      context,
      initial: 'both',
      states: {
        both: {
          type: 'parallel',
          states: {
            left: { initial: 'a', states: { a: { on: { go: { target: 'b', actions: note('left') } } }, b: {} } },
            right: { initial: 'a', states: { a: { on: { go: { target: 'b', actions: note('right') } } }, b: {} } },
          },
          always: { guard: isIn({ both: { left: 'b', right: 'b' } }), target: 'pass' },
        },
        ...ends,
      },
    }),
    events: send('go'),
    notes: ['left', 'right'],
  },
  '403c: a transition that leaves the parallel state preempts that of another region': {
    program: chart.createMachine({
      id: 'w403c',
      context,
      initial: 'both',
      states: {
        both: {
          type: 'parallel',
          states: {
            left: { on: { go: '#w403c.pass' } },
            right: { initial: 'a', states: { a: { on: { go: { target: 'b', actions: note('right') } } }, b: {} } },
          },
        },
        ...ends,
      },
    }),
    events: send('go'),
    notes: [],
  },
  '404: states are left from the innermost out, and siblings in reverse order': {
    program: chart.createMachine({
      id: 'w404',
      context,
      initial: 'both',
      states: {
        both: {
          type: 'parallel',
          exit: note('both'),
          on: { go: 'pass' },
          states: {
            left: { initial: 'in', exit: note('left'), states: { in: { exit: note('left.in') } } },
            right: { initial: 'in', exit: note('right'), states: { in: { exit: note('right.in') } } },
          },
        },
        ...ends,
      },
    }),
    events: send('go'),
    notes: ['right.in', 'right', 'left.in', 'left', 'both'],
  },
  '405: the actions of a transition come after the exits, and before the entries': {
    program: chart.createMachine({
      id: 'w405',
      context,
      initial: 'from',
      states: {
        from: { exit: note('exit'), on: { go: { target: 'to', actions: [note('first'), note('second')] } } },
        to: { entry: note('entry'), always: 'pass' },
        ...ends,
      },
    }),
    events: send('go'),
    notes: ['exit', 'first', 'second', 'entry'],
  },
  '406: states are entered from the outermost in, and siblings in their order': {
    program: chart.createMachine({
      id: 'w406',
      context,
      initial: 'idle',
      states: {
        idle: { on: { go: { target: 'both', actions: note('transition') } } },
        both: {
          type: 'parallel',
          entry: note('both'),
          on: { end: 'pass' },
          states: {
            left: { initial: 'in', entry: note('left'), states: { in: { entry: note('left.in') } } },
            right: { initial: 'in', entry: note('right'), states: { in: { entry: note('right.in') } } },
          },
        },
        ...ends,
      },
    }),
    events: send('go', 'end'),
    notes: ['transition', 'both', 'left', 'left.in', 'right', 'right.in'],
  },
  '409: a state that is left is no longer active for what comes after': {
    program: chart.createMachine({
      id: 'w409',
      context,
      initial: 'outer',
      states: {
        outer: {
          initial: 'inner',
          exit: raise({ type: 'left' }),
          on: { go: 'away', left: 'fail' },
          states: { inner: { on: { left: '#w409.fail' } } },
        },
        away: { on: { left: [{ guard: isIn({ outer: 'inner' }), target: 'fail' }, { target: 'pass' }] } },
        ...ends,
      },
    }),
    events: send('go'),
  },
  '411: a state is active before its entry actions have raised anything': {
    program: chart.createMachine({
      id: 'w411',
      context,
      initial: 'outer',
      states: {
        outer: {
          initial: 'inner',
          entry: raise({ type: 'entered' }),
          states: { inner: {} },
          on: { entered: [{ guard: isIn({ outer: 'inner' }), target: 'pass' }, { target: 'fail' }] },
        },
        ...ends,
      },
    }),
  },
  '412: the actions of an initial transition come between the entries of the parent and the child': {
    program: chart.createMachine({
      id: 'w412',
      context,
      initial: 'outer',
      states: {
        outer: {
          entry: note('outer'),
          initial: { target: 'inner', actions: note('initial') },
          states: { inner: { entry: note('inner'), always: '#w412.pass' } },
        },
        ...ends,
      },
    }),
    notes: ['outer', 'initial', 'inner'],
  },
  '503: a transition without a target leaves nothing': {
    program: chart.createMachine({
      id: 'w503',
      context,
      initial: 'one',
      states: {
        one: { entry: note('in'), exit: note('out'), on: { stay: { actions: note('stayed') }, go: 'pass' } },
        ...ends,
      },
    }),
    events: send('stay', 'stay', 'go'),
    notes: ['in', 'stayed', 'stayed', 'out'],
  },
  '504: a transition that re-enters leaves the source and everything in it': {
    program: chart.createMachine({
      id: 'w504',
      context,
      initial: 'outer',
      states: {
        outer: {
          entry: note('outer in'),
          exit: note('outer out'),
          initial: 'a',
          on: { again: { target: 'outer', reenter: true }, go: 'pass' },
          states: { a: { entry: note('a in'), exit: note('a out') } },
        },
        ...ends,
      },
    }),
    events: send('again', 'go'),
    notes: ['outer in', 'a in', 'a out', 'outer out', 'outer in', 'a in', 'a out', 'outer out'],
  },
  '505: an internal transition does not leave its source': {
    program: chart.createMachine({
      id: 'w505',
      context,
      initial: 'outer',
      states: {
        outer: {
          entry: note('outer in'),
          exit: note('outer out'),
          initial: 'a',
          on: { inside: '.b', go: 'pass' },
          states: { a: { exit: note('a out') }, b: { entry: note('b in') } },
        },
        ...ends,
      },
    }),
    events: send('inside', 'go'),
    notes: ['outer in', 'a out', 'b in', 'outer out'],
  },
  '506: an internal transition to a state outside of its source is an external one': {
    program: chart.createMachine({
      id: 'w506',
      context,
      initial: 'outer',
      states: {
        outer: {
          exit: note('outer out'),
          initial: 'a',
          on: { go: { target: 'other', reenter: false } },
          states: { a: { exit: note('a out') } },
        },
        other: { always: 'pass' },
        ...ends,
      },
    }),
    events: send('go'),
    notes: ['a out', 'outer out'],
  },
  '533: a transition of a parallel state to a descendant leaves and enters its regions, but not itself': {
    program: chart.createMachine({
      id: 'w533',
      context,
      initial: 'both',
      states: {
        both: {
          type: 'parallel',
          exit: note('both out'),
          on: { inside: '.left.b', go: 'pass' },
          states: {
            left: { initial: 'a', states: { a: {}, b: { entry: note('b in') } } },
            right: { initial: 'x', states: { x: { exit: note('x out') } } },
          },
        },
        ...ends,
      },
    }),
    events: send('inside', 'go'),
    notes: ['x out', 'b in', 'x out', 'both out'],
  },
  '310: a guard may ask where another region stands': {
    program: chart.createMachine({
      id: 'w310',
      context,
      initial: 'both',
      states: {
        both: {
          type: 'parallel',
          states: {
            left: { initial: 'a', states: { a: { on: { go: { guard: isIn('#there'), target: '#w310.pass' } } } } },
            right: { initial: 'x', states: { x: { on: { move: 'y' } }, y: { id: 'there' } } },
          },
        },
        ...ends,
      },
    }),
    events: send('go', 'move', 'go'),
  },
  '147 to 149: the first branch that holds is taken, and none where none does': {
    program: chart.createMachine({
      id: 'w147',
      context,
      initial: 'one',
      states: {
        one: {
          on: {
            go: [
              { guard: () => false, actions: note('if') },
              { guard: () => true, actions: note('else if'), target: 'two' },
              { actions: note('else'), target: 'fail' },
            ],
          },
        },
        two: { on: { go: [{ guard: () => false, target: 'fail' }], end: 'pass' } },
        ...ends,
      },
    }),
    events: send('go', 'go', 'end'),
    notes: ['else if'],
  },
}
