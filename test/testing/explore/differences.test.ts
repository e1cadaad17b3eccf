/** What runs are compared by is all of it: no cut of a text hides a difference, and no machine can hide a broken law. */
import { describe, expect, test } from 'vitest'
import { emit, setup } from 'xstate'
import { defineEntryPoint, fromStep } from '../../../src/index.js'
import { breaches, differences } from '../../../src/testing/explore/differences.js'
import { run, type Run } from '../../../src/testing/explore/run.js'
import { sideBySide } from '../../../src/testing/explore/side-by-side.js'
import { statewardHost } from '../../../src/testing/explore/stateward-host.js'
import { exploreCrashes, ExplorationError, returns, type ExplorationReport, type Scenario } from '../../../src/testing/index.js'
import { CommitOracle } from '../../../src/testing/world/commit-oracle.js'

const machine = setup({
  types: { input: {} as { sent: unknown; asked: unknown }, context: {} as { sent: unknown; asked: unknown } },
  actors: { ask: fromStep<string, { asked: unknown }>(() => 'answer') },
}).createMachine({
  id: 'asking',
  context: ({ input }) => input,
  initial: 'asking',
  entry: emit(({ context }) => ({ type: 'SENT', value: context.sent })),
  states: {
    asking: { invoke: { src: 'ask', input: ({ context }) => ({ asked: context.asked }), onDone: 'done' } },
    done: { type: 'final' },
  },
})
const askings = defineEntryPoint({ id: 'askings', program: machine })

/** A run in which such an event is emitted and a step gets such an input; only these may differ. */
async function ranWith(sent: unknown, asked: unknown): Promise<Run> {
  const scenario: Scenario<typeof askings> = async (world) => {
    world.mock('ask', returns('answer'))
    await world.trigger('askings', { sent, asked })
  }
  return run(statewardHost, askings, scenario as never, { plan: [], seed: 1 })
}

const pathsOf = async (one: readonly [unknown, unknown], other: readonly [unknown, unknown]) => {
  const [expected, actual] = [await ranWith(...one), await ranWith(...other)]
  return differences(expected, actual).map(({ path }) => path.split(' ')[0]?.split('.')[0])
}

describe('a difference is seen', () => {
  const deep = (leaf: number) => ({ a: { b: { c: { d: { e: { f: leaf } } } } } })
  const long = (last: number) => [...Array.from({ length: 30 }, () => 0), last]

  test('in an emitted event, however deep or late it stands', async () => {
    expect(await pathsOf([deep(1), 0], [deep(2), 0])).toContain('emitted')
    expect(await pathsOf([long(1), 0], [long(2), 0])).toContain('emitted')
  })

  test("in a step's input, however long that is", async () => {
    const text = 'a'.repeat(200)
    expect(await pathsOf([0, `${text}1`], [0, `${text}2`])).toContain('step')
    expect(await pathsOf([0, deep(1)], [0, deep(2)])).toContain('step')
  })
})

describe('a broken law is told, whatever the other run does', () => {
  test('of an execution that ended twice', async () => {
    const sound = await ranWith(0, 0)
    const ended = sound.executions['execution-1']
    if (!ended) throw new Error('it did not run')
    expect(breaches(sound)).toEqual([])
    expect(breaches({ ...sound, executions: { 'execution-1': { ...ended, ends: 2 } } })).toMatchObject([
      { expected: 1, actual: 2 },
    ])
  })

  test('of a step without a commit that holds it', async () => {
    const sound = await ranWith(0, 0)
    expect(sound.calls.map(({ idempotencyKey }) => idempotencyKey)).toEqual(['execution-1/0.asking.asking#1'])
    const oracle = new CommitOracle()
    oracle.begins({
      execution: 'a',
      step: 'ask',
      idempotencyKey: 'a/ask#1',
      attempt: 1,
      waits: false,
      signal: new AbortController().signal,
    })
    expect(oracle.breaches).toEqual([{ execution: 'a', what: 'step ask began before its execution was accepted' }])
  })
})

describe('what a scenario returns', () => {
  const refusal = (exploration: Promise<ExplorationReport>) =>
    exploration.then(
      () => 'survived',
      (error: unknown) => (error instanceof ExplorationError ? error.report.failures[0]?.cause.code : error),
    )

  test('may go in a circle', async () => {
    let count = 0
    const circle = (isSame: boolean): Scenario<typeof askings> => {
      return async (world) => {
        world.mock('ask', returns('answer'))
        await world.trigger('askings', { sent: 0, asked: 0 })
        const returned: Record<string, unknown> = { count: isSame ? 0 : count++ }
        returned['self'] = returned
        return returned
      }
    }
    expect(await refusal(exploreCrashes(askings, circle(true), { pairs: 0 }))).toBe('survived')
    expect(await refusal(exploreCrashes(askings, circle(false), { pairs: 0 }))).toBe('randomness')
  })

  test('counts no commits', async () => {
    const recorded: Scenario<typeof askings> = async (world) => {
      world.mock('ask', returns('answer'))
      const execution = await world.trigger('askings', { sent: 0, asked: 0 })
      await world.runToIdle()
      return execution.get()
    }
    expect(await refusal(exploreCrashes(askings, recorded, { pairs: 0 }))).toBe('commits_counted')
  })
})

test('stories of any length stand side by side', () => {
  const story = (change: string) => Array.from({ length: 20_000 }, (_, n) => (n === 19_000 ? change : `line ${n}`))
  const text = sideBySide(story('a'), story('b'), ['left', 'right'])
  expect(text.split('\n').filter((line) => line.includes('≠'))).toHaveLength(1)
})
