/**
 * Executions that wait for slots which are held by those that wait for them.
 *
 * Owns: when that is looked for, and what is told of it: that every holder of an entry point's slots waits for executions that
 * its steps have started, and each of those for a slot that never becomes free. Whether it is one is for `wait-graph.ts` to
 * say; what other processes have is read by `stored-waits.ts`. Costs nothing while no queue stands, or a holder does more than wait.
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
  /** The ids of those that wait: steps of other executions have started them. */
  readonly queued: readonly string[]
  /** The ids of those that hold the slots, and that wait for these, or for others that wait as well. */
  readonly heldBy: readonly string[]
}

/** What is asked of the runtime. */
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

/** So many nodes are looked at; of the rest it is taken that it goes on. */
const LARGEST = 2_000

/** Those of one runtime. */
export class SlotDeadlocks {
  readonly #port: SlotDeadlocksPort
  #isDue = false
  #reported: readonly SlotDeadlock[] = []
  /** What the last look has found: what others may still take is told when the next one finds it again. */
  #before: ReadonlySet<string> = new Set()

  constructor(port: SlotDeadlocksPort) {
    this.#port = port
  }

  /** Something is durable: an execution may have come to stand, or go on. */
  moved(): void {
    if (this.#isDue || this.#port.hasOthers() || (this.#reported.length === 0 && this.#jammed.length === 0)) return
    this.#isDue = true
    // what is accepted is known by then to whoever waits for it
    nextTurn(() => {
      this.#isDue = false
      this.poll().catch((error: unknown) => this.#port.failed(error))
    })
  }

  /** Looks once. */
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

  /** Goes on as long as what is waited for is here; the rest. */
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

  /** Whoever holds the slots for which a stream's queue waits; undefined: there are free ones, or nothing of it may start. */
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
