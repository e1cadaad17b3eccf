/** A trial strikes as its plan says, is repeated by its seed, and each law notices what it is about. */
import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../../src/persistence/memory/memory-store.js'
import type { SnapshotStore, StoredExecution } from '../../../src/persistence/snapshot-store.js'
import { Trial } from '../../../src/testing/store/trial.js'
import { trialLaws } from '../../../src/testing/store/trial-laws.js'
import { trialPlans, type TrialPlan } from '../../../src/testing/store/trial-plan.js'

const [quiet] = trialPlans as unknown as [TrialPlan]

async function tried(plan: TrialPlan, seed = 1): Promise<{ trial: Trial; store: SnapshotStore }> {
  const store = memoryStore()
  await store.open()
  const trial = new Trial({ plan, seed, store, connect: async () => store })
  await trial.run()
  return { trial, store }
}

/** Law → what is broken, of those that are. */
async function brokenIn(trial: Trial, store: SnapshotStore): Promise<Record<string, string[]>> {
  const found = await Promise.all(trialLaws.map(async (law) => [law.name, await law.broken(trial, store)] as const))
  return Object.fromEntries(found.filter(([, broken]) => broken.length > 0))
}

describe.each(trialPlans.map((plan) => [plan.name, plan] as const))('while %s', (name, plan) => {
  test('calls are hit, unless nothing fails, and the laws hold', async () => {
    let hits = 0
    for (const seed of [1, 2, 3]) {
      const { trial, store } = await tried(plan, seed)
      hits += trial.processes.reduce((sum, process) => sum + process.store.hits, 0)
      expect(await brokenIn(trial, store), `seed ${seed}`).toEqual({})
    }
    expect(hits > 2).toBe(name !== quiet.name)
  })

  test('a seed gives the same run again', async () => {
    const record = async () => {
      const { trial } = await tried(plan, 21)
      return trial.ledger.written.map(({ n, process, commit: { id, revision, status } }) => [n, process, id, revision, status])
    }
    expect(await record()).toEqual(await record())
  })
})

test('the script has ends of every kind, waits, pauses, events and steps, and calls nearly everything', async () => {
  const { trial, store } = await tried(quiet)
  const rows = (await store.query({ limit: 100 })).executions
  expect(new Set(rows.map(({ status }) => status))).toEqual(new Set(['completed', 'failed', 'cancelled']))
  const events = (await store.events({ since: 0, limit: 1_000 })).map(({ type }) => type)
  for (const type of ['accepted', 'queued', 'started', 'waiting', 'paused', 'resumed'])
    expect(events).toContain(`execution.${type}`)
  expect(trial.ledger.steps.length).toBeGreaterThan(15)
  expect(
    trial.calls.asked.filter(({ ping, answer }) => ping !== undefined && answer?.status === 'delivered').length,
  ).toBeGreaterThan(3)
  const calls = Object.keys(trial.processes[0]!.store.calls)
  // those for other processes' commands, for forks, and for what only options of an entry point bring about
  expect(Object.keys(memoryStore()).filter((call) => !calls.includes(call) && call !== 'name' && call !== 'location')).toEqual([
    'joined',
    'places',
    'appendChunks',
    'chunks',
    'checkpoints',
    'checkpoint',
    'answer',
    'admit',
    'putDocument',
  ])
})

describe('each law notices a record that breaks it', () => {
  type Doctored = (trial: Trial, id: string) => void
  const cases: readonly (readonly [law: string, what: string, found: RegExp, doctor: Doctored])[] = [
    [
      'every accepted',
      'an acceptance that is not stored',
      /was accepted and is not stored/,
      ({ accepted }) => accepted.set('a', 'nobody'),
    ],
    [
      'revisions grow',
      'a revision that is missing',
      /revision 3 comes after 1/,
      ({ ledger }, id) =>
        ledger.written.splice(
          ledger.written.findIndex(({ commit }) => commit.id === id && commit.revision === 2),
          1,
        ),
    ],
    [
      'revisions grow',
      'an event that was delivered twice',
      /delivered twice/,
      ({ ledger }, id) =>
        change(ledger.written, id, ({ context, ...rest }) => ({ ...rest, context: context && { ...context, pings: [1, 1] } })),
    ],
    [
      'revisions grow',
      'an event that is gone',
      /is gone in revision/,
      ({ ledger }, id) =>
        change(ledger.written, id, ({ context, ...rest }) => ({ ...rest, context: context && { ...context, pings: [] } })),
    ],
    [
      'revisions grow',
      'an answer that names a revision without the event',
      /is not in revision/,
      ({ calls }) => calls.asked.filter(({ ping }) => ping !== undefined).forEach((each) => Object.assign(each, { ping: 99 })),
    ],
    [
      'a step starts',
      'a step that no commit held',
      /no commit held it/,
      ({ ledger }, execution) => ledger.steps.push({ n: 1e9, process: 'process0', execution, key: `${execution}/other#1` }),
    ],
    [
      'a step starts',
      'a step that runs again',
      /started again/,
      ({ ledger }, id) => ledger.steps.push({ ...ledger.steps.find(({ execution }) => execution === id)!, n: 1e9 }),
    ],
    [
      'each epoch',
      'two writers of an epoch',
      /was written by process0 and by other/,
      ({ ledger }, id) => change(ledger.written, id, (written) => ({ ...written, process: 'other' })),
    ],
    [
      'each epoch',
      'an epoch that goes back',
      /epoch 0 was written by process0 after \d/,
      ({ ledger }, id) => change(ledger.written, id, ({ commit, ...rest }) => ({ ...rest, commit: { ...commit, epoch: 0 } })),
    ],
    [
      'each epoch',
      'a step of who has lost it',
      /after other had claimed it/,
      ({ ledger }, id) => ledger.claims.push({ n: 0, process: 'other', id, epoch: 9 }),
    ],
    ['no more run', 'more than the limit', /ran 3 at the same time, of 2/, ({ ledger }) => ledger.most.set('process0', 3)],
    ['no more run', 'a slot that was not given back', /1 did not complete/, (trial) => (trial.fresh = ['completed', undefined])],
    [
      'what was published',
      'an event that was published and is not there',
      /was published as 99, and stands at/,
      ({ calls }) =>
        calls.asked
          .filter(({ publication }) => publication === 'third')
          .forEach((each) => (each.answer = { status: 'published', seq: 99 })),
    ],
    ['every call', 'a call without an answer', /was never answered/, ({ calls }) => (calls.asked[1]!.state = 'pending')],
    [
      'every call',
      'an error without a type',
      /was refused with Error: plain/,
      ({ calls }) => Object.assign(calls.asked[1]!, { state: 'refused', error: new Error('plain') }),
    ],
    ['the runtime', 'health', /health is degraded/, (trial) => (trial.health = 'degraded')],
    ['the runtime', 'unrest', /never comes to rest/, ({ ledger }) => (ledger.ended = 1e9)],
  ]

  type Written = Trial['ledger']['written'][number]

  /** The last commit of an execution but one that has a program. */
  function change(written: Written[], id: string, to: (written: Written) => Written): void {
    const at = written.findLastIndex(({ commit }) => commit.id === id)
    written[at] = to(written[at] as Written)
  }

  test.each(cases)('"%s…": %s', async (law, _, found, doctor) => {
    const { trial, store } = await tried(quiet)
    expect(await brokenIn(trial, store)).toEqual({})
    doctor(trial, trial.accepted.get('pinged') as string)
    const broken = await brokenIn(trial, store)
    const [name] = Object.keys(broken).filter((each) => each.startsWith(law))
    expect(broken[name as string]?.join('\n')).toMatch(found)
  })

  const row = (store: SnapshotStore, other: Partial<StoredExecution> | ((row: StoredExecution) => Partial<StoredExecution>)) => ({
    load: async (id: string) => {
      const stored = await store.load(id)
      return stored && { ...stored, ...(typeof other === 'function' ? other(stored) : other) }
    },
  })

  const lies: readonly (readonly [what: string, found: RegExp, lie: (store: SnapshotStore) => Partial<SnapshotStore>])[] = [
    ['an end that the journal does not tell', /its journal says nothing/, () => ({ events: async () => [] })],
    [
      'an end that is told twice',
      /execution.completed, execution.completed/,
      (store) => ({ events: async (query) => [...(await store.events(query)), ...(await store.events(query))] }),
    ],
    ['an execution that has not ended', /never ends: it is waiting/, (store) => row(store, { status: 'waiting' })],
    [
      'another output',
      /its journal tells another output/,
      (store) => row(store, ({ output }) => ({ output: output && output.replace('plain', 'other') })),
    ],
    ['an end that is held', /is still held or due/, (store) => row(store, { owner: 'somebody' })],
  ]

  test.each(lies)('"every accepted…": %s', async (_, found, lie) => {
    const { trial, store } = await tried(quiet)
    const [law] = trialLaws
    expect((await law!.broken(trial, { ...store, ...lie(store) })).join('\n')).toMatch(found)
  })
})
