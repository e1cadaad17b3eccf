/** Delayed transitions, delayed `raise` and `sendTo`, and `cancel`: at their time, once, however often the process dies. */
import { assign, cancel, createMachine, raise, sendTo, setup } from 'xstate'
import { describe, expect } from 'vitest'
import { crashEverywhere } from '../support/crash-everywhere.js'

const day = 24 * 3_600_000
const times = { types: { context: {} as { got: string[] } } }
const keep = (word: string) => assign({ got: ({ context }: { context: { got: string[] } }) => [...context.got, word] }) as never

describe('a program with', () => {
  crashEverywhere(
    'a delayed transition of 60 days takes it 60 days later',
    {
      program: () =>
        createMachine({
          id: 'trial',
          initial: 'trial',
          states: { trial: { after: { [60 * day]: 'end' } }, end: { type: 'final' } },
        }),
    },
    (ended) => expect(ended).toMatchObject({ status: 'completed', took: 60 * day }),
  )

  crashEverywhere(
    'named delays and timers of both regions takes them in their order',
    {
      program: () =>
        setup({ ...times, delays: { late: ({ context }) => 1_000 * (context.got.length + 1) } }).createMachine({
          id: 'delays',
          context: { got: [] },
          type: 'parallel',
          states: {
            left: {
              initial: 'a',
              states: { a: { after: { 500: { target: 'b', actions: keep('left') } } }, b: { type: 'final' } },
            },
            right: {
              initial: 'a',
              states: {
                a: { after: { late: { target: 'b', actions: keep('late') } } },
                b: { after: { late: { target: 'c', actions: keep('later') } } },
                c: { type: 'final' },
              },
            },
          },
          output: ({ context }) => context.got,
        }),
    },
    ({ output, took }) => {
      expect(output).toEqual(['left', 'late', 'later'])
      expect(took).toBe(1_000 + 3_000)
    },
  )

  crashEverywhere(
    'delayed raise and sendTo gets their events, and none that was cancelled or left',
    {
      program: () =>
        setup({
          ...times,
          actors: {
            child: createMachine({
              id: 'child',
              initial: 'wait',
              states: { wait: { on: { KNOCK: 'open' } }, open: { type: 'final' } },
              output: 'opened',
            }),
          },
        }).createMachine({
          id: 'delayed',
          context: { got: [] },
          initial: 'a',
          states: {
            a: {
              invoke: { src: 'child', id: 'child', onDone: { target: 'b', actions: keep('child') } },
              entry: [
                raise({ type: 'FIRST' }, { delay: 100, id: 'first' }),
                raise({ type: 'GONE' }, { delay: 150, id: 'gone' }),
                sendTo('child', { type: 'KNOCK' }, { delay: 300 }),
              ],
              on: { FIRST: { actions: [keep('first'), cancel('gone')] }, GONE: { actions: keep('gone') } },
              after: { 1_000: { actions: keep('left behind') } },
            },
            b: { after: { 2_000: 'end' } },
            end: { type: 'final' },
          },
          output: ({ context }) => context.got,
        }),
    },
    ({ output, took }) => {
      expect(output).toEqual(['first', 'child'])
      expect(took).toBe(2_300)
    },
  )

  crashEverywhere(
    'child machines and their own timers waits for the children',
    {
      program: () =>
        setup({
          actors: {
            nap: createMachine({
              id: 'nap',
              context: ({ input }) => input as { ms: number },
              initial: 'asleep',
              states: { asleep: { after: { 1_000: 'turned' } }, turned: { after: { [day]: 'awake' } }, awake: { type: 'final' } },
              output: ({ context }) => context.ms,
            }),
          },
        }).createMachine({
          id: 'bed',
          initial: 'sleeping',
          context: { slept: 0 },
          states: {
            sleeping: {
              invoke: {
                src: 'nap',
                input: { ms: 7 } as never,
                onDone: { target: 'end', actions: assign({ slept: ({ event }) => event.output as number }) },
              },
              after: { [2 * day]: 'late' },
            },
            late: { type: 'final' },
            end: { type: 'final' },
          },
          output: ({ context }) => context.slept,
        }),
    },
    ({ output, took }) => {
      expect(output).toBe(7)
      expect(took).toBe(day + 1_000)
    },
  )
})
