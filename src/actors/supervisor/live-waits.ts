/**
 * Reads from memory what the executions of this process wait for.
 *
 * Owns: the meaning of an execution in memory: if it is queued, it waits for a slot, and before for a permit if it has a key; if each of
 * its active steps has a living child, it waits for these children. `stored-waits.ts` reads those of other processes. Each check makes a new object.
 */
import type { ExecutionHost } from '../execution/execution-host.js'
import type { HeldExecution } from '../execution/execution-port.js'
import type { StreamHost } from '../stream/stream-host.js'
import { wantedAt, wantedNode, type Wanted, type WaitsFor } from './wait-graph.js'

/** The parts of the runtime that are used. */
export interface LiveWaitsPort {
  /** Slots over all streams. */
  readonly maxConcurrent: number
  readonly streams: () => readonly StreamHost[]
  owner(): string
  live(id: string): ExecutionHost | undefined
  hasOthers(): boolean
}

/** The ids of those that have a permit, by their keys. */
type Permits = ReadonlyMap<string, readonly string[]>

const keyOf = ({ keys }: Pick<HeldExecution, 'keys'>) => keys?.concurrency ?? undefined

/** The reads of one check. */
export class LiveWaits {
  readonly #port: LiveWaitsPort
  readonly #permits = new Map<StreamHost, Permits>()

  constructor(port: LiveWaitsPort) {
    this.#port = port
  }

  /** What executions wait for here, as far as nothing seen from here will give it to them: all who hold it, or who wait for them, wait as well. */
  get suspects(): readonly Wanted[] {
    return this.#port.streams().flatMap((stream) => {
      const slots = this.#slots(stream)
      const { anyOf } = this.#slotHolders(stream) ?? { anyOf: [] }
      const isJammed = anyOf.length > 0 && anyOf.every((id) => this.#children(id) !== undefined)
      const keys = new Set<string>()
      for (const child of stream.flow?.children ?? []) {
        const key = keyOf(child)
        if (key !== undefined && child.parentId !== null && this.#mayWait(child.parentId)) keys.add(key)
      }
      return [...(isJammed ? [slots] : []), ...[...keys].map((key) => ({ entryPoint: stream.id, key }))]
    })
  }

  /** What a node waits for; `elsewhere`: it, or some of it, is not in memory here. */
  of(node: string): WaitsFor | 'elsewhere' {
    const wanted = wantedAt(node)
    if (wanted) return this.holders(wanted)
    const execution = this.#port.live(node)
    if (!execution) return 'elsewhere'
    const stream = this.#port.streams().find(({ executions }) => executions.get(node) === execution)
    return stream?.isQueued(execution) ? this.#queuedFor(stream, execution) : this.#children(node)
  }

  /** Those who hold what is wanted; undefined: some of it is free, or executions may not start here. */
  holders(wanted: Wanted): { readonly anyOf: readonly string[] } | 'elsewhere' | undefined {
    const stream = this.#port.streams().find(({ id }) => id === wanted.entryPoint)
    if (wanted.key === undefined) return stream && wanted.owner === this.#port.owner() ? this.#slotHolders(stream) : 'elsewhere'
    const anyOf = (stream && this.#permitsOf(stream).get(wanted.key)) ?? []
    const isFull = anyOf.length >= (stream?.definition.concurrency?.limit ?? Infinity)
    // what has left memory holds permits as well, but waits for no child
    return isFull ? { anyOf } : this.#port.hasOthers() ? 'elsewhere' : undefined
  }

  #slots({ id }: StreamHost): Wanted {
    return { owner: this.#port.owner(), entryPoint: id }
  }

  #queuedFor(stream: StreamHost, execution: HeldExecution): WaitsFor {
    const key = stream.flow?.has(execution) ? keyOf(execution) : undefined
    const permit = key === undefined ? [] : [wantedNode({ entryPoint: stream.id, key })]
    return { allOf: [...permit, wantedNode(this.#slots(stream))] }
  }

  #slotHolders(stream: StreamHost): { readonly anyOf: readonly string[] } | undefined {
    if (!stream.isJammed) return undefined
    const { maxConcurrent, streams } = this.#port
    if (stream.holders.size >= stream.definition.maxConcurrent) return { anyOf: [...stream.holders].map(({ id }) => id) }
    const all = streams().flatMap(({ holders }) => [...holders])
    return all.length >= maxConcurrent ? { anyOf: all.map(({ id }) => id) } : undefined
  }

  #permitsOf(stream: StreamHost): Permits {
    let known = this.#permits.get(stream)
    if (known) return known
    const permits = new Map<string, string[]>()
    for (const execution of stream.executions.values()) {
      const key = keyOf(execution)
      if (key === undefined || !stream.flow?.hasPermit(execution)) continue
      const ids = permits.get(key)
      if (ids) ids.push(execution.id)
      else permits.set(key, [execution.id])
    }
    this.#permits.set(stream, (known = permits))
    return known
  }

  /** False for a parent that does more than wait for its children. */
  #mayWait(id: string): boolean {
    return this.#port.live(id) ? this.#children(id) !== undefined : this.#port.hasOthers()
  }

  #children(id: string): WaitsFor {
    const execution = this.#port.live(id)
    const goesOn = !execution?.hasSlot || (execution.nextStatus !== 'running' && execution.nextStatus !== 'cancelling')
    const anyOf = goesOn ? undefined : execution.program.awaited
    return anyOf && { anyOf }
  }
}
