/** Each cause that an exploration can name, on a machine that has just that, and on its sound sister that has not. */
import { describe, expect, test } from 'vitest'
import { assign, fromPromise, setup } from 'xstate'
import { defineEntryPoint, type EntryPoint } from '../../../src/index.js'
import {
  delayed,
  exploreCrashes,
  explorePauses,
  ExplorationError,
  returns,
  type CauseCode,
  type ExplorationOptions,
  type Scenario,
} from '../../../src/testing/index.js'

async function causeOf<TEntryPoint extends EntryPoint>(
  explored: TEntryPoint | (() => TEntryPoint),
  scenario: Scenario<TEntryPoint>,
  options?: ExplorationOptions,
  explore: typeof exploreCrashes | typeof explorePauses = exploreCrashes,
): Promise<CauseCode | 'survived'> {
  try {
    await explore(explored, scenario as never, options)
    return 'survived'
  } catch (error) {
    if (!(error instanceof ExplorationError)) throw error
    return error.report.failures[0]?.cause.code ?? 'survived'
  }
}

const letter = setup({
  types: { events: {} as { type: 'SEND' } | { type: 'END' } },
  actors: { post: fromPromise<string>(() => Promise.resolve('posted')) },
  actions: { stamp: () => undefined },
})

describe('a named action that does not bear repetition', () => {
  const machineOf = (stamp: () => void) =>
    letter
      .createMachine({
        id: 'letter',
        initial: 'open',
        states: {
          open: { on: { SEND: { target: 'sent', actions: 'stamp' } } },
          sent: { on: { END: 'archived' } },
          archived: { type: 'final' },
        },
      })
      .provide({ actions: { stamp } })

  test('is named, if the scenario shows what it did', async () => {
    let stamps: string[] = []
    const explored = () => {
      stamps = []
      return defineEntryPoint({ id: 'letters', program: machineOf(() => void stamps.push('stamp')) })
    }
    const cause = await causeOf(explored, async (runtime) => {
      const execution = await runtime.trigger('letters')
      await execution.send({ type: 'SEND' })
      await execution.send({ type: 'END' })
      return stamps
    })
    expect(cause).toBe('action_repeated')
  })

  test('survives, if what it did is the same after a repetition', async () => {
    const stamps = new Set<string>()
    const explored = defineEntryPoint({ id: 'letters', program: machineOf(() => void stamps.add('stamp')) })
    const cause = await causeOf(explored, async (runtime) => {
      const execution = await runtime.trigger('letters')
      await execution.send({ type: 'SEND' })
      await execution.send({ type: 'END' })
      return stamps
    })
    expect(cause).toBe('survived')
  })
})

describe('a step whose effect is not idempotent', () => {
  const explored = defineEntryPoint({
    id: 'posts',
    program: letter.createMachine({
      id: 'post',
      initial: 'posting',
      states: { posting: { invoke: { src: 'post', onDone: 'posted' } }, posted: { type: 'final' } },
    }),
  })

  test('is named, with its key', async () => {
    const cause = await causeOf(explored, async (runtime) => {
      const ledger: string[] = []
      runtime.mock('post', () => (ledger.push('posted'), 'posted'))
      await runtime.trigger('posts')
      await runtime.runToIdle()
      return ledger
    })
    expect(cause).toBe('step_repeated')
  })

  test('survives with a receiver that drops repetitions by the key', async () => {
    const cause = await causeOf(explored, async (runtime) => {
      const ledger = new Set<string>()
      runtime.mock('post', ({ idempotencyKey }) => (ledger.add(idempotencyKey), 'posted'))
      await runtime.trigger('posts')
      await runtime.runToIdle()
      return ledger
    })
    expect(cause).toBe('survived')
  })
})

describe('results that are kept in the order in which they come', () => {
  const steps = setup({
    types: { context: {} as { results: string[] } },
    actors: { a: fromPromise<string>(() => Promise.resolve('a')), b: fromPromise<string>(() => Promise.resolve('b')) },
    actions: {
      keep: assign({ results: ({ context, event }) => [...context.results, (event as unknown as { output: string }).output] }),
    },
  })
  const region = (src: 'a' | 'b', first: number) =>
    ({
      initial: 'waiting',
      states: {
        waiting: { after: { [first]: 'working' } },
        working: { invoke: { src, onDone: { target: 'done', actions: 'keep' } } },
        done: { type: 'final' },
      },
    }) as const
  const explored = defineEntryPoint({
    id: 'race',
    program: steps.createMachine({
      id: 'race',
      context: { results: [] },
      type: 'parallel',
      states: { left: region('a', 1), right: region('b', 1_000) },
    }),
  })

  test('are named, since a crash delays one and not the other', async () => {
    const cause = await causeOf(explored, async (runtime) => {
      runtime.mock('a', delayed(2_000, returns('a')))
      runtime.mock('b', delayed(1_500, returns('b')))
      await runtime.trigger('race')
      await runtime.runToIdle()
    })
    expect(cause).toBe('order_of_completion')
  })
})

describe('a step that races against a time limit', () => {
  const explored = defineEntryPoint({
    id: 'limits',
    program: letter.createMachine({
      id: 'limit',
      initial: 'posting',
      states: {
        posting: { invoke: { src: 'post', onDone: 'posted' }, after: { 5_000: 'late' } },
        posted: { type: 'final' },
        late: { type: 'final' },
      },
    }),
  })
  const scenario: Scenario<typeof explored> = async (runtime) => {
    runtime.mock('post', delayed(6_000, returns('posted')))
    await runtime.trigger('limits')
    await runtime.runToIdle()
  }

  test('is named when a pause lets it win, and accepted where it is said to be as it should be', async () => {
    expect(await causeOf(explored, scenario, {}, explorePauses)).toBe('timer_race')
    expect(await causeOf(explored, scenario, { accept: ['timer_race'] }, explorePauses)).toBe('survived')
  })
})

describe('a value that can not be stored', () => {
  test('is named, with its path', async () => {
    const explored = defineEntryPoint({
      id: 'functions',
      program: setup({ types: { context: {} as { callback: unknown } } }).createMachine({
        id: 'functions',
        context: { callback: undefined },
        initial: 'a',
        states: {
          a: { after: { 1: { target: 'b', actions: assign({ callback: () => () => undefined }) } } },
          b: { type: 'final' },
        },
      }),
    })
    const error: unknown = await exploreCrashes(explored, async (runtime) => void (await runtime.trigger('functions'))).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(ExplorationError)
    expect((error as ExplorationError).report.failures[0]?.cause).toMatchObject({
      code: 'not_storable',
      where: expect.stringContaining('context.callback') as string,
    })
  })
})

describe('a count that outlives the run', () => {
  test('is named as randomness, with the transition that makes it', async () => {
    let count = 0
    const explored = defineEntryPoint({
      id: 'counts',
      program: setup({ types: { context: {} as { n: number } } }).createMachine({
        id: 'counts',
        context: { n: 0 },
        initial: 'a',
        states: { a: { after: { 1: { target: 'b', actions: assign({ n: () => ++count }) } } }, b: { type: 'final' } },
      }),
    })
    const error: unknown = await exploreCrashes(explored, async (runtime) => {
      await runtime.trigger('counts')
      await runtime.runToIdle()
    }).catch((thrown: unknown) => thrown)
    expect((error as ExplorationError).report.failures[0]?.cause).toMatchObject({
      code: 'randomness',
      where: 'context.n, in a —after 1ms→ b',
    })
  })
})
