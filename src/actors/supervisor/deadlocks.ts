/**
 * Finds deadlocks: executions that wait for slots, or for permits under a key, which are held by executions that wait for them.
 *
 * Owns: when to check, and what is reported. In a deadlock every execution that holds a slot of an entry point, or a permit under one
 * of its keys, waits for its children, and each child waits for one that never becomes free. `wait-graph.ts` decides whether there is
 * one; `live-waits.ts` reads what is in memory here, and `stored-waits.ts` the executions of other processes. A check costs nothing while
 * no execution is queued, while a slot's holder does more than wait, or while what waits for a permit is no child of one that only waits.
 */
import { nextTurn } from '../../clock.js'
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import { LiveWaits, type LiveWaitsPort } from './live-waits.js'
import { StoredWaits } from './stored-waits.js'
import { wantedNode, WaitGraph } from './wait-graph.js'

/** Executions that wait, in this process, for slots of an entry point or for permits under a key, and that will never get one by themselves. */
export interface Deadlock {
  readonly entryPoint: string
  /** Of its `concurrency`; an empty text: all have the same. Absent: they wait for slots. */
  readonly key?: string | undefined
  /** The ids of the executions that wait: children of other executions. */
  readonly queued: readonly string[]
  /** The ids of the executions that hold the slots or the permits, and that wait for them or for others that wait as well. */
  readonly heldBy: readonly string[]
}

/** The parts of the runtime that are used. */
export interface DeadlocksPort extends LiveWaitsPort {
  readonly store: SnapshotStore
  tell(deadlocks: readonly Deadlock[]): void
  failed(error: unknown): void
}

/** How many nodes are checked; the rest is assumed to go on. */
const LARGEST = 2_000

/** The checks of one runtime. */
export class Deadlocks {
  readonly #port: DeadlocksPort
  #isDue = false
  #reported: readonly Deadlock[] = []
  /** The result of the last check. A deadlock that other processes may still resolve is reported only if the next check finds it again. */
  #before: ReadonlySet<string> = new Set()

  constructor(port: DeadlocksPort) {
    this.#port = port
  }

  /** A commit is durable: an execution may have begun or ceased to wait. */
  moved(): void {
    if (this.#isDue || this.#port.hasOthers() || (this.#reported.length === 0 && !this.#someWait)) return
    this.#isDue = true
    // by then each parent knows of its children that are accepted
    nextTurn(() => {
      this.#isDue = false
      this.poll().catch((error: unknown) => this.#port.failed(error))
    })
  }

  /** Checks once. */
  async poll(): Promise<void> {
    const found = this.#someWait ? await this.#find() : []
    const isKnown = (id: string) => !this.#port.hasOthers() || this.#before.has(id)
    const lasting = found
      .map((deadlock) => ({ ...deadlock, queued: deadlock.queued.filter(isKnown) }))
      .filter(({ queued }) => queued.length > 0)
    this.#before = new Set(found.flatMap(({ queued }) => queued))
    if (lasting.length === 0 && this.#reported.length === 0) return
    this.#reported = lasting
    this.#port.tell(lasting)
  }

  /** False if nothing can wait for ever. */
  get #someWait(): boolean {
    return this.#port.streams().some(({ isJammed, flow }) => isJammed || (flow !== undefined && flow.children.size > 0))
  }

  async #find(): Promise<readonly Deadlock[]> {
    const live = new LiveWaits(this.#port)
    const suspects = live.suspects
    if (suspects.length === 0) return []
    const graph = new WaitGraph(suspects.map(wantedNode))
    const elsewhere = explore(graph, live)
    if (this.#port.hasOthers()) await this.#exploreStored(graph, live, elsewhere)
    const stuck = graph.stuck()
    return suspects.flatMap((wanted) => {
      const { entryPoint, key } = wanted
      const node = wantedNode(wanted)
      if (!stuck.has(node)) return []
      const heldBy = graph.waitsFor(node)
      const queued = [...stuck].filter((id) => graph.waitsFor(id).includes(node) && this.#port.live(id))
      return queued.length > 0 ? [{ entryPoint, ...(key === undefined ? {} : { key }), queued, heldBy }] : []
    })
  }

  async #exploreStored(graph: WaitGraph, live: LiveWaits, elsewhere: readonly string[]): Promise<void> {
    const { store, maxConcurrent, streams, owner } = this.#port
    const definition = (entryPoint: string) => streams().find(({ id }) => id === entryPoint)?.definition
    const stored = new StoredWaits({ store, maxConcurrent, owner: owner(), definition })
    for (let open = elsewhere; open.length > 0 && graph.size < LARGEST; open = explore(graph, live))
      for (const node of open) graph.know(node, await stored.of(node))
  }
}

/** Follows what is in memory here, and returns the rest. */
function explore(graph: WaitGraph, live: LiveWaits): readonly string[] {
  const elsewhere = new Set<string>()
  for (let open = graph.open; open.length > 0 && graph.size < LARGEST;) {
    for (const node of open) {
      const waitsFor = live.of(node)
      if (waitsFor === 'elsewhere') elsewhere.add(node)
      else graph.know(node, waitsFor)
    }
    open = graph.open.filter((node) => !elsewhere.has(node))
  }
  return [...elsewhere]
}
