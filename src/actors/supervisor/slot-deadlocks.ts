/**
 * Finds deadlocks over slots: executions that wait for slots which are held by executions that wait for them.
 *
 * Owns: when to check, and what is reported. In a deadlock every execution that holds a slot of an entry point waits for its
 * children, and each child waits for a slot that never becomes free. `wait-graph.ts` decides whether there is one; `stored-waits.ts`
 * reads the executions of other processes. A check costs nothing while no execution is queued, or while a slot's holder does more than wait.
 */
import { nextTurn } from '../../clock.js'
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import type { ExecutionHost } from '../execution/execution-host.js'
import { slotsNode, StoredWaits } from './stored-waits.js'
import type { StreamHost } from '../stream/stream-host.js'
import { WaitGraph, type WaitsFor } from './wait-graph.js'

/** Executions that wait for slots of an entry point, in this process, and that will never get one by themselves. */
export interface SlotDeadlock {
  readonly entryPoint: string
  /** The ids of the executions that wait: children of other executions. */
  readonly queued: readonly string[]
  /** The ids of the executions that hold the slots, and that wait for them or for others that wait as well. */
  readonly heldBy: readonly string[]
}

/** The parts of the runtime that are used. */
export interface SlotDeadlocksPort {
  readonly store: SnapshotStore
  /** Slots over all streams. */
  readonly maxConcurrent: number
  readonly streams: () => readonly StreamHost[]
  owner(): string
  live(id: string): ExecutionHost | undefined
  hasOthers(): boolean
  tell(deadlocks: readonly SlotDeadlock[]): void
  failed(error: unknown): void
}

/** How many nodes are checked; the rest is assumed to go on. */
const LARGEST = 2_000

/** The checks of one runtime. */
export class SlotDeadlocks {
  readonly #port: SlotDeadlocksPort
  #isDue = false
  #reported: readonly SlotDeadlock[] = []
  /** The result of the last check. A deadlock that other processes may still resolve is reported only if the next check finds it again. */
  #before: ReadonlySet<string> = new Set()

  constructor(port: SlotDeadlocksPort) {
    this.#port = port
  }

  /** A commit is durable: an execution may have begun or ceased to wait. */
  moved(): void {
    if (this.#isDue || this.#port.hasOthers() || (this.#reported.length === 0 && this.#jammed.length === 0)) return
    this.#isDue = true
    // by then each parent knows of its children that are accepted
    nextTurn(() => {
      this.#isDue = false
      this.poll().catch((error: unknown) => this.#port.failed(error))
    })
  }

  /** Checks once. */
  async poll(): Promise<void> {
    const jammed = this.#jammed.filter((stream) => this.#isHeldByWaiting(stream))
    const found = jammed.length > 0 ? await this.#among(jammed) : []
    const isKnown = (id: string) => !this.#port.hasOthers() || this.#before.has(id)
    const lasting = found
      .map((deadlock) => ({ ...deadlock, queued: deadlock.queued.filter(isKnown) }))
      .filter(({ queued }) => queued.length > 0)
    this.#before = new Set(found.flatMap(({ queued }) => queued))
    if (lasting.length === 0 && this.#reported.length === 0) return
    this.#reported = lasting
    this.#port.tell(lasting)
  }

  get #jammed(): readonly StreamHost[] {
    return this.#port.streams().filter(({ isJammed }) => isJammed)
  }

  #isHeldByWaiting(stream: StreamHost): boolean {
    const holders = this.#holders(stream)
    return holders !== undefined && holders.every((id) => this.#waitsForChildren(id) !== undefined)
  }

  async #among(jammed: readonly StreamHost[]): Promise<readonly SlotDeadlock[]> {
    const graph = new WaitGraph(jammed.map((stream) => this.#node(stream)))
    const elsewhere = this.#explore(graph)
    if (this.#port.hasOthers()) await this.#exploreStored(graph, elsewhere)
    const stuck = graph.stuck()
    return jammed.flatMap((stream) => {
      const heldBy = stuck.has(this.#node(stream)) ? (this.#holders(stream) ?? []) : []
      const queued = [...stuck].filter((id) => this.#isQueued(stream, id))
      return heldBy.length > 0 && queued.length > 0 ? [{ entryPoint: stream.id, queued, heldBy }] : []
    })
  }

  /** Follows the executions that are in memory here, and returns the others. */
  #explore(graph: WaitGraph): readonly string[] {
    const slots = new Map(this.#port.streams().map((stream) => [this.#node(stream), stream]))
    const elsewhere = new Set<string>()
    for (let open = graph.open; open.length > 0 && graph.size < LARGEST;) {
      for (const node of open) {
        const stream = slots.get(node)
        if (stream) graph.know(node, this.#holders(stream))
        else if (this.#port.live(node)) graph.know(node, this.#waitsFor(node))
        else elsewhere.add(node)
      }
      open = graph.open.filter((node) => !elsewhere.has(node))
    }
    return [...elsewhere]
  }

  async #exploreStored(graph: WaitGraph, elsewhere: readonly string[]): Promise<void> {
    const { store, maxConcurrent, streams, owner } = this.#port
    const slots = (entryPoint: string) => streams().find(({ id }) => id === entryPoint)?.definition.maxConcurrent
    const stored = new StoredWaits({ store, maxConcurrent, owner: owner(), slots })
    for (let open = elsewhere; open.length > 0 && graph.size < LARGEST; open = this.#explore(graph))
      for (const node of open) graph.know(node, await stored.of(node))
  }

  #node(stream: StreamHost): string {
    return slotsNode(this.#port.owner(), stream.id)
  }

  /** The executions that hold the slots for which a stream's queue waits; undefined: a slot is free, or the stream may not start any. */
  #holders(stream: StreamHost): readonly string[] | undefined {
    if (!stream.isJammed) return undefined
    const { maxConcurrent, streams } = this.#port
    if (stream.holders.size >= stream.definition.maxConcurrent) return [...stream.holders].map(({ id }) => id)
    const all = streams().flatMap(({ holders }) => [...holders])
    return all.length >= maxConcurrent ? all.map(({ id }) => id) : undefined
  }

  #isQueued(stream: StreamHost, id: string): boolean {
    const execution = stream.executions.get(id)
    return execution !== undefined && stream.isQueued(execution)
  }

  #waitsFor(id: string): WaitsFor {
    const stream = this.#port.streams().find((one) => this.#isQueued(one, id))
    return stream ? [this.#node(stream)] : this.#waitsForChildren(id)
  }

  #waitsForChildren(id: string): WaitsFor {
    const execution = this.#port.live(id)
    const goesOn = !execution?.hasSlot || (execution.nextStatus !== 'running' && execution.nextStatus !== 'cancelling')
    return goesOn ? undefined : execution.program.awaited
  }
}
