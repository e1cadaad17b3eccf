/**
 * A process's connection to a store that several share.
 *
 * Owns: delays (in turns of the event loop), faults and being frozen; tells the ledger what was written, what was
 * acknowledged and what was read. Being cut off is the kit's (`SharedStore`).
 */
import type { Commit, CommitVerdict, Publication, SnapshotStore, StoredExecution } from '../../src/persistence/snapshot-store.js'
import { never } from '../../src/testing/world/shared-store.js'
import { turn } from '../support/eventually.js'
import type { Fate, Fault } from './fate.js'
import type { Ledger, Published } from './ledger.js'
import type { Pace } from './pace.js'

/** How long a slow call takes, in ms: as one that waits for another's lock. */
const SLOW = 3_000

/** The calls of a process to its connection. `delay` says for how many turns a call is held, each way. */
export function watchedStore(
  backing: SnapshotStore,
  { fate, ledger, delay }: { fate: Fate; ledger: Ledger; delay: Pace },
): SnapshotStore {
  const fault = (operation: string, ids: readonly string[], when: Fault['when']) => {
    const found = fate.faults.find(
      (each) =>
        each.count > 0 &&
        each.when === when &&
        (each.operation === 'any' || each.operation === operation) &&
        operation !== 'close',
    )
    if (!found) return
    found.count--
    const error = new Error(`injected ${when} ${operation}`)
    ledger.failed.push({ n: ledger.next(), process: fate.name, operation, ids, error })
    throw error
  }

  async function call<T>(
    operation: string,
    ids: readonly string[],
    run: () => Promise<T>,
    effect?: (result: T) => void,
  ): Promise<T> {
    let end = ledger.activity.real(operation)
    const pass = async (turns: number) => {
      for (let left = turns; left > 0 && !fate.dead; left--) await turn()
      while (fate.frozen && !fate.dead) {
        end()
        await fate.thawed()
        end = ledger.activity.real(operation)
      }
      if (fate.dead) {
        end()
        await never()
      }
    }
    ledger.next()
    const slow = async () => {
      const found = fate.faults.find((each) => each.count > 0 && each.when === 'slow')
      if (!found || operation === 'close') return
      found.count--
      ledger.slow++
      // time is to pass meanwhile
      end()
      fate.slow++
      await new Promise<void>((resolve) => fate.life.clock.setTimeout(resolve, SLOW))
      fate.slow--
      end = ledger.activity.real(operation)
    }
    try {
      await slow()
      await pass(delay(operation))
      fault(operation, ids, 'before')
      const result = await run()
      effect?.(result)
      fault(operation, ids, 'after')
      await pass(delay(operation))
      return result
    } finally {
      ledger.next()
      end()
    }
  }

  const learn = (rows: readonly (StoredExecution | undefined)[]) => {
    for (const row of rows) if (row) ledger.learn(fate.name, row.id, row.revision)
  }

  const plain = Object.fromEntries(
    Object.entries(backing)
      .filter(([, member]) => typeof member === 'function')
      .map(([name, member]) => [
        name,
        (...args: unknown[]) => call(name, [], () => (member as (...all: unknown[]) => Promise<unknown>)(...args)),
      ]),
  ) as unknown as SnapshotStore

  return {
    ...plain,
    name: backing.name,
    location: backing.location,
    async commit(batch) {
      const ids = batch.map(({ id }) => id)
      for (const id of ids) ledger.attempts.push({ n: ledger.next(), process: fate.name, id })
      const verdicts = await call(
        'commit',
        ids,
        () => backing.commit(batch),
        (result) => written(batch, result),
      )
      for (const [index, commit] of batch.entries()) acknowledged(commit, verdicts[index] as CommitVerdict)
      return verdicts
    },
    async publish(batch) {
      const own: Published[] = []
      const verdicts = await call(
        'publish',
        [],
        () => backing.publish(batch),
        (result) => {
          for (const [index, verdict] of result.entries()) {
            if (verdict.status !== 'published') continue
            const { type } = batch[index] as Publication
            own.push({ n: ledger.next(), seq: verdict.seq, type, process: fate.name, acknowledgedAt: Infinity })
          }
          ledger.published.push(...own)
        },
      )
      for (const each of own) each.acknowledgedAt = ledger.next()
      return verdicts
    },
    async load(id) {
      const row = await call('load', [id], () => backing.load(id))
      learn([row])
      return row
    },
    async answer(seq) {
      const answer = await call('answer', [], () => backing.answer(seq))
      if (answer.status === 'answered') ledger.learnAnswer(fate.name, seq)
      return answer
    },
    async query(query) {
      const page = await call('query', [], () => backing.query(query))
      learn(page.executions)
      return page
    },
    async claim(request) {
      const rows = await call('claim', [], () => backing.claim(request), claimed)
      learn(rows)
      return rows
    },
    async admit(request) {
      const admittance = await call(
        'admit',
        [],
        () => backing.admit(request),
        ({ taken }) => claimed(taken),
      )
      learn(admittance.taken)
      return admittance
    },
  }

  function claimed(rows: readonly StoredExecution[]): void {
    for (const row of rows) {
      ledger.claims.push({ n: ledger.next(), process: fate.name, id: row.id, epoch: row.epoch })
      ledger.rows.set(row.id, row)
    }
  }

  function written(batch: readonly Commit[], verdicts: readonly CommitVerdict[]): void {
    ledger.write(fate.name, batch, verdicts)
    if (!fate.freezesAtWrite) return
    fate.freezesAtWrite = false
    fate.freeze()
  }

  function acknowledged(commit: Commit, verdict: CommitVerdict): void {
    if (verdict.status === 'committed') ledger.learn(fate.name, commit.id, commit.revision)
    if (verdict.status === 'duplicate') ledger.learn(fate.name, verdict.id, 1)
  }
}
