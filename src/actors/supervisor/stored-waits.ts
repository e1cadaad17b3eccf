/**
 * Reads from the store what the executions of other processes wait for.
 *
 * Owns: the meaning of a stored execution: if it is queued, it waits for slots; if each of its active steps has a living child,
 * it waits for these children. Does not know: what is in memory here. Each check makes a new object.
 */
import { holdsSlot, isTerminal, liveStatuses, type ExecutionStatus } from '../../events/execution-status.js'
import type { SnapshotStore, StoredExecution } from '../../persistence/snapshot-store.js'
import { splitState } from '../execution/stored-state.js'
import { programOf } from '../program/stored-program.js'
import type { WaitsFor } from './wait-graph.js'

/** What this process knows of all processes on the store. */
export interface StoredWaitsPort {
  readonly store: SnapshotStore
  /** The key of the process that asks; its own executions are in its memory. */
  readonly owner: string
  /** Slots over all entry points of a process. */
  readonly maxConcurrent: number
  /** Slots of an entry point; undefined: it is not known here. */
  slots(entryPoint: string): number | undefined
}

const holding = liveStatuses.filter(holdsSlot) as readonly ExecutionStatus[]

/** The node of an entry point's slots in one process. No execution id is equal to it, since it is not printable. */
export const slotsNode = (owner: string, entryPoint: string) => `\u0000slots\u0000${owner}\u0000${entryPoint}`

/** The reads of one check. */
export class StoredWaits {
  readonly #port: StoredWaitsPort
  readonly #slots = new Map<string, { readonly owner: string; readonly entryPoint: string }>()
  readonly #read = new Map<string, StoredExecution>()

  constructor(port: StoredWaitsPort) {
    this.#port = port
  }

  /** The nodes for which a node waits that is not in memory here. */
  async of(node: string): Promise<WaitsFor> {
    const slots = this.#slots.get(node)
    if (slots) return this.#holders(slots.owner, slots.entryPoint)
    const stored = this.#read.get(node) ?? (await this.#port.store.load(node))
    if (!stored || isTerminal(stored.status) || stored.owner === null || stored.owner === this.#port.owner) return undefined
    const { owner, entryPoint, status } = stored
    if (status === 'running' || status === 'cancelling') return this.#awaited(stored)
    if (status !== 'queued') return undefined
    const wanted = slotsNode(owner, entryPoint)
    this.#slots.set(wanted, { owner, entryPoint })
    return [wanted]
  }

  /** The executions that hold the slots of an entry point, or of the whole process; undefined: a slot is free. */
  async #holders(owner: string, entryPoint: string): Promise<WaitsFor> {
    const own = await this.#heldBy(owner, this.#port.slots(entryPoint) ?? Infinity, entryPoint)
    return own ?? this.#heldBy(owner, this.#port.maxConcurrent)
  }

  async #heldBy(owner: string, limit: number, entryPoint?: string): Promise<WaitsFor> {
    if (limit > 1_000) return undefined
    const of = entryPoint === undefined ? {} : { entryPoint }
    const { executions, cursor } = await this.#port.store.query({ owner, ...of, status: holding, limit: limit + 1 })
    // if the page ended early, not all of them are known
    if (executions.length < limit || cursor !== undefined) return undefined
    for (const stored of executions) this.#read.set(stored.id, stored)
    return executions.map(({ id }) => id)
  }

  async #awaited(stored: StoredExecution): Promise<WaitsFor> {
    const visits = activeVisits(stored)
    if (visits.length === 0) return undefined
    const { executions } = await this.#port.store.query({ parentId: stored.id, status: liveStatuses, limit: 1_000, brief: true })
    const awaited = visits.map((visit) => executions.find(({ idempotencyKey }) => visitOf(idempotencyKey) === visit)?.id)
    const known = awaited.filter((id) => id !== undefined)
    return known.length === awaited.length ? known : undefined
  }
}

/** The step by which a child was started: its key is that step's. */
function visitOf(key: string | null): number | undefined {
  const visit = /#(\d+)(\/\d+)?$/.exec(key ?? '')?.[1]
  return visit === undefined ? undefined : Number(visit)
}

function activeVisits({ id, state }: StoredExecution): readonly number[] {
  try {
    const { program } = splitState(state, id)
    return program === undefined ? [] : Object.values(programOf(program, id).steps ?? {}).map(({ visit }) => visit)
  } catch {
    return [] // who has it is told why it can't be read
  }
}
