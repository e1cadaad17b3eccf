/** What no step may do is found by the commits that it stands on, each law by the commit that it breaks. */
import { expect, test } from 'vitest'
import { setup } from 'xstate'
import { defineEntryPoint, fromStep } from '../../../src/index.js'
import { memoryStore } from '../../../src/persistence/memory/memory-store.js'
import type { Commit } from '../../../src/persistence/snapshot-store.js'
import { delayed, exploreCancels, fails, returns } from '../../../src/testing/index.js'
import { CommitOracle } from '../../../src/testing/world/commit-oracle.js'
import { TestRuntime } from '../../../src/testing/world/test-runtime.js'

const asking = defineEntryPoint({
  id: 'askings',
  program: setup({
    actors: {
      ask: fromStep<string, void>(() => Promise.reject(new Error('not mocked')), {
        retry: { maxAttempts: 2, backoff: { initial: 10 } },
      }),
    },
  }).createMachine({
    id: 'asking',
    initial: 'asking',
    states: { asking: { invoke: { src: 'ask', onDone: 'done' } }, done: { type: 'final' } },
  }),
})

/** The commits of an execution whose step fails once, takes its time, and is done; or is cancelled meanwhile. */
async function commits(end: 'done' | 'cancelled'): Promise<{ written: Commit[]; breaches: readonly unknown[] }> {
  const written: Commit[] = []
  const store = memoryStore()
  const oracle = new CommitOracle()
  const kept = { ...store, commit: (batch: readonly Commit[]) => (written.push(...batch), store.commit(batch)) }
  const world = new TestRuntime({ entryPoints: [asking], store: kept }, { oracle })
  world.mock('ask', fails('busy'), delayed(1_000, returns('answer')))
  const execution = await world.trigger('askings')
  await world.advance(500)
  if (end === 'cancelled') await execution.cancel()
  await world.runToIdle()
  await world.stop()
  return { written, breaches: oracle.breaches }
}

const step = {
  execution: 'execution-1',
  step: 'ask',
  idempotencyKey: 'execution-1/0.asking.asking#1',
  waits: false,
  signal: new AbortController().signal,
}

function breachesOf(disturbance: (oracle: CommitOracle) => void): string[] {
  const oracle = new CommitOracle()
  disturbance(oracle)
  return oracle.breaches.map(({ what }) => what)
}

test('a sound runtime breaks none', async () => {
  expect((await commits('done')).breaches).toEqual([])
  expect((await commits('cancelled')).breaches).toEqual([])
})

test('a step begins under a commit that holds it, and not again after the end', async () => {
  const { written } = await commits('done')
  const [first, last] = [written[0] as Commit, written.at(-1) as Commit]
  expect(breachesOf((oracle) => (oracle.committed(first), oracle.begins({ ...step, attempt: 1 })))).toEqual([])
  const other = { ...step, idempotencyKey: 'execution-1/0.asking.asking#2', attempt: 1 }
  expect(breachesOf((oracle) => (oracle.committed(first), oracle.begins(other)))).toEqual([
    'step ask began under the key execution-1/0.asking.asking#2, which the last commit does not hold: its cause is not durable, or its end is',
  ])
  expect(breachesOf((oracle) => (oracle.committed(last), oracle.begins({ ...step, attempt: 1 })))).toEqual([
    'step ask began after its execution had ended as completed',
  ])
})

test('an attempt that was durable is over, also for the next process', async () => {
  const { written } = await commits('done')
  const found = breachesOf((oracle) => {
    oracle.committed(written[0] as Commit)
    oracle.begins({ ...step, attempt: 1 })
    oracle.begins({ ...step, attempt: 2 })
    for (const commit of written.slice(1, -1)) oracle.committed(commit)
    oracle.died()
    oracle.begins({ ...step, attempt: 1 })
  })
  expect(found).toEqual(['step ask began in attempt 1, though attempt 2 was durable'])
})

test('a cancel waits for the steps in flight', async () => {
  const { written } = await commits('cancelled')
  const last = written.at(-1) as Commit
  expect(last.status).toBe('cancelled')
  const cancelled = (isOver: boolean) => (oracle: CommitOracle) => {
    oracle.committed(written[0] as Commit)
    oracle.begins({ ...step, attempt: 1 })
    if (isOver) oracle.ended(step.idempotencyKey, 0)
    oracle.committed(last)
  }
  expect(breachesOf(cancelled(true))).toEqual([])
  expect(breachesOf(cancelled(false))).toEqual(['step ask was in flight when its execution had ended as cancelled'])
})

test('a step in flight is told to stop', async () => {
  const { written } = await commits('cancelled')
  const cancelling = written.find(({ status }) => status === 'cancelling') as Commit
  const endingAfter = (ms: number) => (oracle: CommitOracle) => {
    oracle.committed(written[0] as Commit)
    oracle.begins({ ...step, attempt: 1 })
    oracle.committed(cancelling)
    oracle.ended(step.idempotencyKey, cancelling.updatedAt + ms)
  }
  expect(breachesOf(endingAfter(0))).toEqual([])
  expect(breachesOf(endingAfter(1))).toEqual(['step ask was not told to stop, though its execution was cancelling'])
})

test('an exploration of cancels looks for all of it', async () => {
  const report = await exploreCancels(asking, async (world) => {
    world.mock('ask', fails('busy'), delayed(1_000, returns('answer')))
    await world.trigger('askings')
    await world.runToIdle()
  })
  expect(report.undisturbed.breaches).toEqual([])
  expect(report.failures).toEqual([])
})

test('a program that has completed is not cancelled any more, unless it was told to make good what it did', async () => {
  const { written } = await commits('done')
  const last = { ...(written.at(-1) as Commit), status: 'cancelled' as const }
  const before = written.slice(0, -1)
  const raced = new CommitOracle()
  for (const commit of [...before, last]) raced.committed(commit)
  expect(raced.breaches).toMatchObject([
    { execution: 'execution-1', isRace: true, what: expect.stringMatching(/^its program had completed/) },
  ])
  const compensated = breachesOf((oracle) => {
    for (const commit of before) oracle.committed(commit)
    oracle.compensates('execution-1')
    oracle.committed(last)
  })
  expect(compensated).toEqual([])
})
