/** How programs fail: with what was thrown, at once, and the same with a crash at any commit; endless loops fail instead of hanging. */
import { assign, createMachine, fromPromise, raise, setup } from 'xstate'
import { describe, expect, test } from 'vitest'
import { crashEverywhere } from '../support/crash-everywhere.js'
import { played } from '../support/playthrough.js'
import { places } from '../support/store-place.js'

const broken = () => {
  throw new RangeError('broken')
}
const failed = { status: 'failed', error: { name: 'RangeError', message: 'broken' } }
const go = { events: [{ type: 'GO' }] }

describe('an execution fails', () => {
  crashEverywhere(
    'where its machine errs at the start',
    { program: () => createMachine({ id: 'start', context: broken, initial: 'a', states: { a: {} } }) },
    (ended) => expect(ended).toMatchObject(failed),
  )

  crashEverywhere(
    'where a named action throws',
    {
      program: () =>
        setup({ actions: { broken } }).createMachine({
          id: 'named',
          initial: 'a',
          states: { a: { on: { GO: { target: 'b', actions: 'broken' } } }, b: { after: { 1_000: 'c' } }, c: { type: 'final' } },
        }),
      ...go,
    },
    (ended) => expect(ended).toMatchObject(failed),
  )

  test.each(places)('where an inline action throws, on %s', async (_, place) => {
    const program = createMachine({
      id: 'inline',
      initial: 'a',
      states: { a: { on: { GO: { target: 'b', actions: broken } } }, b: {} },
    })
    expect(await played(place(), program, go)).toMatchObject(failed)
  })

  crashEverywhere(
    'where a guard or an assign throws, from the last good state',
    {
      program: () =>
        createMachine({
          id: 'assigning',
          context: { n: 0 },
          initial: 'a',
          states: { a: { on: { GO: { target: 'b', actions: assign({ n: broken }) } } }, b: {} },
        }),
      ...go,
    },
    (ended) => expect(ended).toMatchObject({ ...failed, value: 'a' }),
  )

  crashEverywhere(
    'where a step rejects and nobody minds',
    {
      program: () =>
        setup({ actors: { step: fromPromise(async () => broken()) } }).createMachine({
          id: 'rejecting',
          initial: 'a',
          states: { a: { invoke: { src: 'step', onDone: 'b' } }, b: { type: 'final' } },
        }),
    },
    (ended) => expect(ended).toMatchObject(failed),
  )
})

describe('a rejected step', () => {
  crashEverywhere(
    'is taken by `onError`',
    {
      program: () =>
        setup({ actors: { step: fromPromise(async () => broken()) } }).createMachine({
          id: 'minding',
          context: { why: '' },
          initial: 'a',
          states: {
            a: {
              invoke: {
                src: 'step',
                onError: { target: 'b', actions: assign({ why: ({ event }) => (event.error as Error).message }) },
              },
            },
            b: { type: 'final' },
          },
          output: ({ context }) => context.why,
        }),
    },
    (ended) => expect(ended).toMatchObject({ status: 'completed', output: 'broken' }),
  )
})

const loops = {
  'an endless `always` loop': () =>
    createMachine({ id: 'loop', initial: 'a', states: { a: { on: { GO: 'b' } }, b: { always: 'c' }, c: { always: 'b' } } }),
  'an endless `always` loop at the start': () =>
    createMachine({ id: 'loop', initial: 'b', states: { b: { always: 'c' }, c: { always: 'b' } } }),
  'an endless raise loop': () =>
    createMachine({
      id: 'loop',
      initial: 'a',
      states: { a: { on: { GO: { actions: raise({ type: 'AGAIN' }) }, AGAIN: { actions: raise({ type: 'AGAIN' }) } } } },
    }),
  'an endless loop with a limit of its own': () =>
    createMachine({
      id: 'loop',
      initial: 'b',
      options: { maxIterations: 7 },
      states: { b: { always: 'c' }, c: { always: 'b' } },
    }),
  'an endless loop in a child machine': () =>
    setup({
      actors: { child: createMachine({ id: 'loop', initial: 'b', states: { b: { always: 'c' }, c: { always: 'b' } } }) },
    }).createMachine({
      id: 'parent',
      initial: 'a',
      states: { a: { invoke: { src: 'child' } } },
    }),
}

describe.each(places)('on %s', (_, place) => {
  test.each(Object.entries(loops))('%s fails as endless_loop, naming the machine', async (_what, program) => {
    const record = await played(place(), program(), go)
    expect(record).toMatchObject({ status: 'failed', error: { code: 'endless_loop', details: { machine: 'loop' } } })
    expect(record.error?.message).toContain("'loop'")
  })

  test('a long chain of `always` within the limit is no loop', async () => {
    const program = createMachine({
      id: 'chain',
      context: { n: 0 },
      initial: 'a',
      states: {
        a: {
          always: [
            { guard: ({ context }) => context.n >= 9_000, target: 'b' },
            { actions: assign({ n: ({ context }) => context.n + 1 }) },
          ],
        },
        b: { type: 'final' },
      },
    })
    expect(await played(place(), program)).toMatchObject({ status: 'completed', context: { n: 9_000 } })
  })

  test('a limit of the entry point counts as well', async () => {
    const { error } = await played(place(), loops['an endless `always` loop'](), { options: { maxIterations: 5 }, ...go })
    expect(error).toMatchObject({ code: 'endless_loop', details: { maxIterations: 5 } })
  })
})
