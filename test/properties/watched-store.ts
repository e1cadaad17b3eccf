/**
 * A process's connection to a store that several share.
 *
 * Owns: delays (in turns of the event loop), faults, being frozen and being cut off; tells the ledger what was
 * written, what was acknowledged and what was read.
 */
import type { Commit, CommitVerdict, SnapshotStore, StoredExecution } from '../../src/persistence/snapshot-store.js'
import type { Ledger } from './ledger.js'

/** Calls to be made to fail: how many more, whose, and whether the write happens all the same. */
export interface Fault {
  count: number
  readonly operation: 'commit' | 'any'
  readonly when: 'before' | 'after'
}

/** The fate of one process. */
export class Fate {
  readonly name: string
  dead = false
  /** Freezes between the next write and its acknowledgement. */
  freezesAtWrite = false
  readonly faults: Fault[] = []
  #thaw: (() => void)[] = []
  #frozen = false

  constructor(name: string) {
    this.name = name
  }

  get frozen(): boolean {
    return this.#frozen
  }

  freeze(): void {
    this.#frozen = true
  }

  thaw(): void {
    this.#frozen = false
    for (const resolve of this.#thaw.splice(0)) resolve()
  }

  thawed(): Promise<void> {
    return new Promise((resolve) => this.#thaw.push(resolve))
  }
}

/** One turn of the event loop. */
export const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

const never = new Promise<never>(() => undefined)

/** The connection of a process; `backing` is open already and stays open. `delay` says for how many turns a call is held. */
export function watchedStore(
  backing: SnapshotStore,
  { fate, ledger, delay, isDead }: { fate: Fate; ledger: Ledger; delay: () => number; isDead: (ownerKey: string) => boolean },
): SnapshotStore {
  async function pass(turns: number): Promise<void> {
    for (let left = turns; left > 0 && !fate.dead; left--) await turn()
    while (fate.frozen && !fate.dead) {
      ledger.pending--
      await fate.thawed()
      ledger.pending++
    }
    if (fate.dead) {
      ledger.pending--
      await never
    }
  }

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
    ledger.failed.push({ n: ++ledger.n, process: fate.name, operation, ids, error })
    throw error
  }

  async function call<T>(
    operation: string,
    ids: readonly string[],
    run: () => Promise<T>,
    effect?: (result: T) => void,
  ): Promise<T> {
    ledger.n++
    ledger.pending++
    try {
      await pass(delay())
      fault(operation, ids, 'before')
      const result = await run()
      effect?.(result)
      fault(operation, ids, 'after')
      await pass(delay())
      return result
    } finally {
      ledger.n++
      ledger.pending--
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
        (...args: unknown[]) => call(name, [], () => (member as (...args: unknown[]) => Promise<unknown>).apply(backing, args)),
      ]),
  ) as unknown as SnapshotStore

  return {
    ...plain,
    name: backing.name,
    location: backing.location,
    open: () => call('open', [], async () => undefined),
    close: () => call('close', [], async () => undefined),
    async commit(batch) {
      const ids = batch.map(({ id }) => id)
      for (const id of ids) ledger.attempts.push({ n: ++ledger.n, process: fate.name, id })
      const verdicts = await call(
        'commit',
        ids,
        () => backing.commit(batch),
        (result) => written(batch, result),
      )
      for (const [index, commit] of batch.entries()) acknowledged(commit, verdicts[index] as CommitVerdict)
      return verdicts
    },
    async load(id) {
      const row = await call('load', [id], () => backing.load(id))
      learn([row])
      return row
    },
    async query(query) {
      const page = await call('query', [], () => backing.query(query))
      learn(page.executions)
      return page
    },
    async claim(request) {
      const rows = await call(
        'claim',
        [],
        () => backing.claim(request),
        (claimed) => {
          for (const row of claimed) {
            ledger.claims.push({ n: ++ledger.n, process: fate.name, id: row.id, epoch: row.epoch })
            ledger.rows.set(row.id, row)
          }
        },
      )
      learn(rows)
      return rows
    },
    async owners() {
      const owners = await call('owners', [], () => backing.owners())
      // a process that died is noticed at once, as on one machine
      return owners.map((owner) => (isDead(owner.key) ? { ...owner, leaseUntil: 0 } : owner))
    },
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
