/**
 * Permits under keys in memory.
 *
 * Owns: what a commit means for the permit of its execution, and `admit`. Which execution is next says `fair-admission.ts`.
 */
import { isTerminal } from '../../events/execution-status.js'
import { admitFairly } from '../fair-admission.js'
import type { AdmitRequest, Admittance, Commit, FlowKeys, StoredExecution } from '../snapshot-store.js'
import { atMost } from '../store-rules.js'
import { wholeOf } from './memory-joins.js'
import { MemoryLanes } from './memory-lanes.js'
import type { MemoryRow } from './memory-rows.js'

/** The rows that are given permits, and how one of them is changed. */
export interface AdmittedRows {
  readonly rows: { readonly byId: ReadonlyMap<string, MemoryRow> }
  change(row: MemoryRow, fields: Partial<StoredExecution>): void
}

/** The permits of one memory store. */
export class MemoryAdmissions {
  readonly #lanes = new Map<string, MemoryLanes>()

  /** A commit of an execution that is counted under keys is written. */
  committed(row: MemoryRow, keys: FlowKeys, { accept, status, startedAt }: Commit): void {
    const lanes = this.#lanesOf(row.execution.entryPoint)
    if (accept) lanes.add(row, { keys, state: 'outside' })
    // one that has ended in the commit that would have started it has started all the same
    if (startedAt !== null) lanes.started(row, startedAt)
    if (isTerminal(status)) lanes.remove(row)
    else if (startedAt === null && status !== 'queued') lanes.move(row, 'outside')
  }

  /** Those that have not ended and are counted under a key of the concurrency. */
  ofKey(entryPoint: string, key: string): ReadonlySet<MemoryRow> {
    return this.#lanesOf(entryPoint).ofKey(key)
  }

  /** Those of them that have a permit. */
  permittedUnder(entryPoint: string, key: string): MemoryRow[] {
    return this.#lanesOf(entryPoint).permittedUnder(key)
  }

  /** The execution of a row, with what keeps it from its permit. */
  shown(row: MemoryRow): StoredExecution
  shown(row: MemoryRow | undefined): StoredExecution | undefined
  shown(row: MemoryRow | undefined): StoredExecution | undefined {
    const execution = row && wholeOf(row)
    if (execution?.status !== 'queued' || row?.permit?.state !== 'waits') return execution
    const heldBy = this.#lanesOf(execution.entryPoint).heldBy(row, row.permit.keys)
    return heldBy ? { ...execution, heldBy } : execution
  }

  admit(tables: AdmittedRows, request: AdmitRequest): Admittance {
    const { owner, entryPoint, arrived, now, concurrency, rate } = request
    const lanes = this.#lanesOf(entryPoint)
    const busy: string[] = []
    const arriving = arrived.flatMap((id) => {
      const row = tables.rows.byId.get(id)
      return row?.execution.entryPoint === entryPoint && row.execution.owner === owner && mayWait(row) ? [row] : []
    })
    // of those that arrive together the first ones have the key
    if (concurrency?.skip) arriving.sort((a, b) => a.position - b.position)
    for (const row of arriving) {
      if (concurrency?.skip && lanes.isBehind(row, concurrency.limit)) {
        lanes.move(row, 'outside')
        busy.push(row.execution.id)
      } else lanes.move(row, 'waits')
    }
    lanes.refresh(now, concurrency?.limit, rate?.per)
    const opensAt = admitFairly(lanes, { ...request, limit: atMost(request.limit) })
    const others = lanes.admitted.splice(0).filter((row) => row.execution.owner !== owner)
    for (const row of others) tables.change(row, { owner, epoch: row.execution.epoch + 1 })
    const taken = others.map(({ execution }) => execution)
    const own = [...lanes.given].filter((row) => row.execution.owner === owner && !others.includes(row))
    return { own: own.map(({ execution }) => execution.id), taken, busy, nextAt: opensAt ?? lanes.nextAt }
  }

  #lanesOf(entryPoint: string): MemoryLanes {
    let lanes = this.#lanes.get(entryPoint)
    if (!lanes) this.#lanes.set(entryPoint, (lanes = new MemoryLanes()))
    return lanes
  }
}

/** In the queue, and without a permit. */
const mayWait = ({ execution, permit }: MemoryRow) =>
  execution.status === 'queued' && (permit?.state === 'outside' || permit?.state === 'waits')
