/**
 * Reads from the store what the executions of other processes wait for.
 *
 * Owns: the meaning of a stored execution: if it is queued, it waits for slots, and before for a permit if its key is taken; if each of
 * its active steps has a living child, it waits for these children. Does not know: what is in memory here. Each check makes a new object.
 */
import { holdsSlot, isTerminal, liveStatuses, type ExecutionStatus } from '../../events/execution-status.js'
import type { SnapshotStore, StoredExecution } from '../../persistence/snapshot-store.js'
import { splitState } from '../execution/stored-state.js'
import { programOf } from '../program/stored-program.js'
import type { StreamDefinition } from '../stream/stream-definition.js'
import { wantedAt, wantedNode, type WaitsFor } from './wait-graph.js'

/** What this process knows of all processes on the store. */
export interface StoredWaitsPort {
  readonly store: SnapshotStore
  /** The key of the process that asks; its own executions are in its memory. */
  readonly owner: string
  /** Slots over all entry points of a process. */
  readonly maxConcurrent: number
  /** The limits of an entry point; undefined: it is not known here. */
  definition(entryPoint: string): Pick<StreamDefinition, 'maxConcurrent' | 'concurrency'> | undefined
}

const holding = liveStatuses.filter(holdsSlot) as readonly ExecutionStatus[]

/** How many that hold slots or permits are looked at; more are assumed to go on. */
const PAGE = 1_000

/** The reads of one check. */
export class StoredWaits {
  readonly #port: StoredWaitsPort
  readonly #read = new Map<string, StoredExecution>()

  constructor(port: StoredWaitsPort) {
    this.#port = port
  }

  /** The nodes for which a node waits that is not in memory here. */
  async of(node: string): Promise<WaitsFor> {
    const wanted = wantedAt(node)
    if (wanted)
      return anyOf(await (wanted.key === undefined ? this.#holders(wanted.owner, wanted.entryPoint) : this.#permitted(wanted)))
    const stored = this.#read.get(node) ?? (await this.#port.store.load(node))
    if (!stored || isTerminal(stored.status) || stored.owner === null || stored.owner === this.#port.owner) return undefined
    const { owner, entryPoint, status, heldBy } = stored
    if (status === 'running' || status === 'cancelling') return anyOf(await this.#awaited(stored))
    if (status !== 'queued' || heldBy === 'rate') return undefined
    const key = heldBy === 'key' ? keyOf(stored) : undefined
    return { allOf: [...(key === undefined ? [] : [wantedNode({ entryPoint, key })]), wantedNode({ owner, entryPoint })] }
  }

  /** The executions that have the permits under a key; undefined: one is free. */
  async #permitted({
    entryPoint,
    key,
  }: {
    readonly entryPoint: string
    readonly key: string
  }): Promise<readonly string[] | undefined> {
    const limit = this.#port.definition(entryPoint)?.concurrency?.limit ?? Infinity
    if (limit > PAGE) return undefined
    const query = { entryPoint, concurrencyKey: key, permitted: true, limit: PAGE, brief: true }
    const { executions } = await this.#port.store.query(query)
    return executions.length >= limit ? executions.map(({ id }) => id) : undefined
  }

  /** The executions that hold the slots of an entry point, or of the whole process; undefined: a slot is free. */
  async #holders(owner: string, entryPoint: string): Promise<readonly string[] | undefined> {
    const own = await this.#heldBy(owner, this.#port.definition(entryPoint)?.maxConcurrent ?? Infinity, entryPoint)
    return own ?? this.#heldBy(owner, this.#port.maxConcurrent)
  }

  async #heldBy(owner: string, limit: number, entryPoint?: string): Promise<readonly string[] | undefined> {
    if (limit > PAGE) return undefined
    const of = entryPoint === undefined ? {} : { entryPoint }
    const { executions, cursor } = await this.#port.store.query({ owner, ...of, status: holding, limit: limit + 1 })
    // if the page ended early, not all of them are known
    if (executions.length < limit || cursor !== undefined) return undefined
    for (const stored of executions) this.#read.set(stored.id, stored)
    return executions.map(({ id }) => id)
  }

  async #awaited(stored: StoredExecution): Promise<readonly string[] | undefined> {
    const visits = activeVisits(stored)
    if (visits.length === 0) return undefined
    const { executions } = await this.#port.store.query({ parentId: stored.id, status: liveStatuses, limit: 1_000, brief: true })
    const awaited = visits.map((visit) => executions.find(({ idempotencyKey }) => visitOf(idempotencyKey) === visit)?.id)
    const known = awaited.filter((id) => id !== undefined)
    return known.length === awaited.length ? known : undefined
  }
}

const anyOf = (ids: readonly string[] | undefined): WaitsFor => ids && { anyOf: ids }

/** The key of its concurrency. */
function keyOf({ id, state }: StoredExecution): string | undefined {
  try {
    return splitState(state, id).lifecycle.context.keys?.concurrency ?? undefined
  } catch {
    return undefined // who has it is told why it can't be read
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
