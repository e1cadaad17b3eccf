/** Executable content and data: what is computed, in which order, and what its errors do. */
import { assign, enqueueActions, raise } from 'xstate'
import { chart, context, ends, note, send, type Assertions } from './assertion.js'

/** Assertions on data. */
export const data: Assertions = {
  '150 to 156: a loop sees each item once, in order, with its place': {
    program: chart.createMachine({
      id: 'w153',
      context,
      initial: 'one',
      entry: enqueueActions(({ enqueue }) => {
        for (const [index, item] of ['a', 'b', 'c'].entries()) enqueue(note(`${index}${item}`))
      }),
      states: { one: { always: 'pass' }, ...ends },
    }),
    notes: ['0a', '1b', '2c'],
  },
  '525: a loop goes over what there was when it began': {
    program: chart.createMachine({
      id: 'w525',
      context: { notes: ['x', 'y'] },
      initial: 'one',
      entry: enqueueActions(({ context: { notes }, enqueue }) => {
        for (const word of notes) enqueue(note(`${word}${word}`))
      }),
      states: { one: { always: 'pass' }, ...ends },
    }),
    notes: ['x', 'y', 'xx', 'yy'],
  },
  '158: actions run in the order in which they are written': {
    program: chart.createMachine({
      id: 'w158',
      context,
      initial: 'one',
      entry: [raise({ type: 'a' }), note('1'), raise({ type: 'b' }), note('2')],
      states: { one: { on: { a: 'two' } }, two: { on: { b: 'pass' } }, ...ends },
    }),
    notes: ['1', '2'],
  },
  '276: what is given from outside stands above the defaults': {
    program: chart.createMachine({
      id: 'w276',
      context: ({ input }) => ({ notes: input?.words ?? ['default'] }),
      initial: 'one',
      states: {
        one: { always: [{ guard: ({ context: { notes } }) => notes[0] === 'default', target: 'pass' }, { target: 'fail' }] },
        ...ends,
      },
    }),
  },
  '286 and 287: an assignment replaces what it names, and leaves the rest': {
    program: chart.createMachine({
      id: 'w287',
      context: { notes: ['kept'], other: 1 } as never,
      initial: 'one',
      entry: assign({ other: 2 } as never),
      states: {
        one: {
          always: [
            { guard: ({ context: all }) => JSON.stringify(all) === '{"notes":["kept"],"other":2}', target: 'pass' },
            { target: 'fail' },
          ],
        },
        ...ends,
      },
    }),
  },
  '309: a condition that is no boolean counts as its truth': {
    program: chart.createMachine({
      id: 'w309',
      context,
      initial: 'one',
      states: {
        one: {
          always: [
            { guard: () => 0 as never, target: 'fail' },
            { guard: () => 'yes' as never, target: 'pass' },
          ],
        },
        ...ends,
      },
    }),
  },
  '319 and 329: the first event of a machine is its own beginning': {
    program: chart.createMachine({
      id: 'w319',
      context,
      initial: 'one',
      states: { one: { entry: { type: 'note', params: ({ event }) => event.type }, always: 'pass' }, ...ends },
    }),
    notes: ['xstate.init'],
  },
  '302 and 307: what a machine begins with is there before its first entry': {
    program: chart.createMachine({
      id: 'w302',
      context: () => ({ notes: ['made'] }),
      initial: 'one',
      entry: note('entered'),
      states: { one: { always: 'pass' }, ...ends },
    }),
    notes: ['made', 'entered'],
  },
  '550 to 569: rich values stay what they are': {
    program: chart.createMachine({
      id: 'w560',
      context: { notes: [], at: new Date(0), all: new Map([['k', new Set([1n])]]) } as never,
      initial: 'one',
      states: {
        one: {
          on: {
            go: [
              {
                guard: ({ context: all }) => {
                  const { at, all: map } = all as unknown as { at: Date; all: Map<string, Set<bigint>> }
                  return at instanceof Date && at.getTime() === 0 && map.get('k')?.has(1n) === true
                },
                target: 'pass',
              },
              { target: 'fail' },
            ],
          },
        },
        ...ends,
      },
    }),
    events: send('go'),
  },
  '301: guards see the event and the context as the transition before has left them': {
    program: chart.createMachine({
      id: 'w301',
      context,
      initial: 'one',
      states: {
        one: {
          on: { add: { actions: note('x') } },
          always: { guard: ({ context: { notes } }) => notes.length === 3, target: 'pass' },
        },
        ...ends,
      },
    }),
    events: send('add', 'add', 'add'),
    notes: ['x', 'x', 'x'],
  },
}
