/** Statecharts run unmodified, and a crash at any commit changes nothing of how they end: nesting, history, `always`. */
import { assign, createMachine, fromPromise, setup } from 'xstate'
import { describe, expect } from 'vitest'
import { crashEverywhere } from '../support/crash-everywhere.js'

describe('a program with', () => {
  crashEverywhere(
    'nested and parallel states runs them side by side to the end',
    {
      program: (say) =>
        setup({
          types: { context: {} as { got: string[] } },
          actors: { step: fromPromise(async ({ input }: { input: string }) => (say(`step ${input}`), input)) },
          actions: {
            keep: assign({
              got: ({ context, event }) => [...context.got, (event as never as { output: string }).output].toSorted(),
            }),
          },
        }).createMachine({
          id: 'parallel',
          context: { got: [] },
          initial: 'work',
          states: {
            work: {
              type: 'parallel',
              onDone: 'end',
              states: {
                left: {
                  initial: 'one',
                  states: {
                    one: { invoke: { src: 'step', input: 'left 1', onDone: { target: 'two', actions: 'keep' } } },
                    two: { invoke: { src: 'step', input: 'left 2', onDone: { target: 'end', actions: 'keep' } } },
                    end: { type: 'final' },
                  },
                },
                right: {
                  initial: 'outer',
                  states: {
                    outer: {
                      initial: 'inner',
                      onDone: 'end',
                      states: {
                        inner: { invoke: { src: 'step', input: 'right', onDone: { target: 'end', actions: 'keep' } } },
                        end: { type: 'final' },
                      },
                    },
                    end: { type: 'final' },
                  },
                },
              },
            },
            end: { type: 'final' },
          },
          output: ({ context }) => context.got,
        }),
    },
    ({ status, output, said }) => {
      expect({ status, output }).toEqual({ status: 'completed', output: ['left 1', 'left 2', 'right'] })
      expect(said.toSorted()).toEqual(['step left 1', 'step left 2', 'step right'])
    },
  )

  for (const history of ['deep', 'shallow'] as const) {
    crashEverywhere(
      `${history} history comes back to where it was`,
      {
        program: () =>
          createMachine({
            id: 'history',
            initial: 'work',
            states: {
              work: {
                initial: 'a',
                on: { LEAVE: 'away', DONE: 'end' },
                states: {
                  a: { on: { GO: 'b' } },
                  b: { initial: 'x', states: { x: { on: { GO: 'y' } }, y: { on: { GO: 'z' } }, z: {} } },
                  back: { type: 'history', history },
                },
              },
              away: { on: { BACK: 'work.back' } },
              end: { type: 'final' },
            },
          }),
        events: ['GO', 'GO', 'LEAVE', 'BACK', 'DONE'].map((type) => ({ type })),
      },
      ({ status, snapshot }) => {
        expect(status).toBe('completed')
        const before = JSON.stringify((snapshot as { historyValue?: object }).historyValue)
        expect(before).toContain(history === 'deep' ? 'work.b.y' : 'work.b')
      },
    )
  }

  crashEverywhere(
    '`always` and guards goes the way that they say',
    {
      program: () =>
        setup({
          types: { context: {} as { n: number } },
          guards: { enough: ({ context }) => context.n >= 3 },
          actions: { count: assign({ n: ({ context }) => context.n + 1 }) },
        }).createMachine({
          id: 'always',
          context: { n: 0 },
          initial: 'counting',
          states: {
            counting: {
              on: { ADD: { actions: 'count' } },
              always: [{ guard: 'enough', target: 'hop' }],
            },
            hop: { always: 'end' },
            end: { type: 'final' },
          },
          output: ({ context }) => context.n,
        }),
      events: ['ADD', 'ADD', 'ADD'].map((type) => ({ type })),
    },
    (ended) => expect(ended).toMatchObject({ status: 'completed', output: 3 }),
  )

  crashEverywhere(
    'final outputs, tags and meta hands the outputs on',
    {
      program: () =>
        createMachine({
          id: 'outputs',
          initial: 'part',
          states: {
            part: {
              tags: ['busy'],
              meta: { page: 'part' },
              initial: 'a',
              onDone: { target: 'end', actions: assign({ part: ({ event }) => event.output }) },
              states: { a: { on: { GO: 'b' } }, b: { type: 'final', output: ({ event }) => ({ by: event.type }) } },
            },
            end: { type: 'final', output: ({ context }) => ({ part: context.part, whole: true }) },
          },
          context: { part: undefined as unknown },
          output: ({ event }) => event.output as unknown,
        }),
      events: [{ type: 'GO' }],
    },
    (ended) => expect(ended).toMatchObject({ status: 'completed', output: { part: { by: 'GO' }, whole: true } }),
  )

  crashEverywhere(
    'a final state at the start is completed at once',
    {
      program: () => createMachine({ id: 'done', initial: 'end', states: { end: { type: 'final' } }, output: 'all' }),
    },
    (ended) => expect(ended).toMatchObject({ status: 'completed', output: 'all' }),
  )
})
