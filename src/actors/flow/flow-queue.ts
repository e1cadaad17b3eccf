/**
 * The executions of one stream that wait for a permit under their keys.
 *
 * Owns: when the store is asked for permits, for how many, and what becomes of its answer. All that happens in one turn is one question;
 * one is under way at a time. Stands before the queue for slots: an execution goes there once it has its permit.
 * The store decides who gets one, over all processes (`persistence/fair-admission.ts`): only there are all those that wait known.
 * What happens in this process is asked about at once, what others did with the next poll.
 */
import { nextTurn } from '../../clock.js'
import { isTerminal } from '../../events/execution-status.js'
import type { Commit, SnapshotStore, StoredExecution } from '../../persistence/snapshot-store.js'
import type { Alarm, WallClock } from '../../wall-clock.js'
import type { HeldExecution } from '../execution/execution-port.js'
import type { Load, Loads } from '../execution/loads.js'
import type { FlowLimits } from './flow-limits.js'
import { Replacements } from './replacements.js'

/** The parts of the stream that are used, and what it is told. */
export interface FlowPort extends FlowLimits {
  readonly entryPoint: string
  readonly owner: string
  readonly ageing: number
  readonly store: SnapshotStore
  readonly clock: WallClock
  readonly loads: Loads
  /** How many more executions could be used in the queue for slots; 0 while nothing may start. */
  room(): number
  hasOthers(): boolean
  /** The execution has its permit: it goes to the queue for slots. */
  permitted(execution: HeldExecution): void
  /** Its key is taken, and it does not wait. */
  busy(execution: HeldExecution): void
  /** Cancels an execution whose permit another one is to have. */
  replace(id: string, by: string): Promise<void>
  /** Applies the pauses that other processes were asked for. */
  followPauses(): Promise<void>
  /** Takes executions into memory that this process owns now. */
  take(stored: StoredExecution, load: Load): void
  failed(error: unknown): void
  /** The store has been asked. */
  settled(): void
}

/** So many arrivals are told in one question. */
const PAGE = 1_000

/** The waiting executions of one stream. */
export class FlowQueue {
  readonly #port: FlowPort
  /** In the order in which they came here. */
  readonly #waiting = new Map<string, HeldExecution>()
  /** Those of them that steps of other executions have started. */
  readonly #children = new Set<HeldExecution>()
  /** Those of them that the store knows to be queued, and that were not told to it yet. */
  readonly #arrived = new Set<string>()
  /** The ids of those that have a permit and have not started. */
  readonly #permitted = new Set<string>()
  readonly #replacements: Replacements | undefined
  /** False once a question brought less than was asked for, and nothing has happened since. */
  #mayGet = true
  #isDue = false
  #asking: Promise<void> | undefined
  #alarm: Alarm | undefined
  #isClosed = false

  constructor(port: FlowPort) {
    this.#port = port
    const { concurrency, entryPoint, store, failed, replace } = port
    if (concurrency?.onBusy === 'replace')
      this.#replacements = new Replacements({ entryPoint, limit: concurrency.limit, store, failed, replace })
  }

  /** How many wait here. */
  get size(): number {
    return this.#waiting.size
  }

  /** True while the store is asked for permits, or is about to be. */
  get isAsking(): boolean {
    return this.#isDue || this.#asking !== undefined
  }

  has(execution: HeldExecution): boolean {
    return this.#waiting.get(execution.id) === execution
  }

  /** Those that wait, and that steps of other executions have started. */
  get children(): ReadonlySet<HeldExecution> {
    return this.#children
  }

  /** True if it has a permit, as far as this process knows. */
  hasPermit({ id, hasStarted }: HeldExecution): boolean {
    return hasStarted || this.#permitted.has(id)
  }

  /** Those that wait, in the order in which they came here. */
  [Symbol.iterator](): Iterator<HeldExecution> {
    return this.#waiting.values()
  }

  /** True if the execution must not start yet: it waits here from now on. */
  holdsBack(execution: HeldExecution): boolean {
    const { id, keys, hasStarted } = execution
    if (hasStarted || !keys || this.#permitted.has(id)) return false
    this.#waiting.set(id, execution)
    if (execution.parentId !== null) this.#children.add(execution)
    if (execution.status === 'queued' && execution.revision > 0) this.#arrives(id)
    return true
  }

  /** A commit of an execution is durable. */
  committed(execution: HeldExecution, { keys, status, startedAt }: Commit): void {
    if (this.has(execution) && status === 'queued') this.#arrives(execution.id)
    // it has ended, or was paused before its start
    if (keys && (isTerminal(status) || (startedAt === null && status !== 'queued'))) this.ask()
  }

  /** The execution wants no permit any more, has started, or has left memory. */
  remove(execution: HeldExecution): void {
    if (this.has(execution)) this.#waitsNoMore(execution)
    this.#permitted.delete(execution.id)
  }

  /** There is room: a slot is free, or the stream may start executions again. */
  offer(): void {
    if (this.#mayGet && (this.#waiting.size > 0 || this.#arrived.size > 0)) this.#askSoon()
  }

  /** Something has happened that may let one more start: a permit was given back, or a time has come. */
  ask(): void {
    this.#mayGet = true
    this.offer()
  }

  /** A part of each poll: others may have given permits back, or have more in their queues than they can start. */
  poll(): void {
    this.#mayGet = true
    this.#replacements?.again()
    if (this.#waiting.size > 0 || this.#port.hasOthers()) this.#askSoon()
  }

  close(): void {
    this.#isClosed = true
    this.#port.clock.clearAlarm(this.#alarm)
  }

  #arrives(id: string): void {
    this.#arrived.add(id)
    this.ask()
  }

  #askSoon(): void {
    if (this.#isDue || this.#isClosed) return
    this.#isDue = true
    nextTurn(() => void this.#askNow())
  }

  async #askNow(): Promise<void> {
    while (this.#asking) await this.#asking
    this.#isDue = false
    this.#asking = this.#questions()
      .catch((error: unknown) => {
        this.#mayGet = true // the next poll asks again
        if (!this.#isClosed) this.#port.failed(error)
      })
      .finally(() => {
        this.#asking = undefined
        this.#port.settled()
      })
    await this.#asking
  }

  async #questions(): Promise<void> {
    const { loads } = this.#port
    for (let goesOn = true; goesOn && !this.#isClosed;) {
      const room = this.#port.room()
      const arrived = [...this.#arrived].slice(0, PAGE)
      if (arrived.length === 0 && (room === 0 || !this.#mayGet)) return
      goesOn = await loads.during((load) => this.#question(room, arrived, load))
    }
  }

  /** Asks once. True: there may be more to get, and more could be used. */
  async #question(room: number, arrived: readonly string[], load: Load): Promise<boolean> {
    const { store, owner, entryPoint, ageing, clock, concurrency, rate } = this.#port
    this.#mayGet = room === 0
    const answer = await store.admit({
      owner,
      now: clock.now(),
      entryPoint,
      limit: room,
      ageing,
      arrived,
      concurrency: concurrency && { limit: concurrency.limit, skip: concurrency.onBusy === 'skip' },
      rate: rate && { limit: rate.limit, per: rate.per, isKeyed: rate.key !== undefined },
    })
    if (this.#isClosed) return false
    for (const id of arrived) {
      this.#arrived.delete(id)
      const execution = this.#waiting.get(id)
      if (execution) this.#replacements?.add(execution)
    }
    for (const id of answer.busy) {
      const execution = this.#waiting.get(id)
      if (execution) this.#port.busy(execution)
    }
    const fresh = answer.own.filter((id) => !this.#permitted.has(id))
    const elsewhere = fresh.filter((id) => !this.#permit(id))
    await this.#takeUp(elsewhere, answer.taken, load)
    this.#wakeAt(answer.nextAt)
    if (room === 0 || fresh.length + answer.taken.length < room) return this.#arrived.size > 0
    return (this.#mayGet = true)
  }

  /** An execution has its permit. False: it does not wait here. */
  #permit(id: string): boolean {
    const execution = this.#waiting.get(id)
    this.#permitted.add(id)
    if (!execution) return false
    this.#waitsNoMore(execution)
    this.#port.permitted(execution)
    return true
  }

  #waitsNoMore(execution: HeldExecution): void {
    this.#waiting.delete(execution.id)
    this.#arrived.delete(execution.id)
    this.#children.delete(execution)
  }

  /** Takes those into memory that others had, and those of this process that an answer which was lost had given a permit. */
  async #takeUp(ids: readonly string[], taken: readonly StoredExecution[], load: Load): Promise<void> {
    if (taken.length > 0) await this.#port.followPauses()
    for (const stored of taken) {
      this.#permitted.add(stored.id)
      this.#port.take(stored, load)
    }
    for (const id of ids) {
      const stored = await this.#port.store.load(id)
      if (stored?.owner === this.#port.owner && stored.status === 'queued') this.#port.take(stored, load)
      else this.#permitted.delete(id)
    }
  }

  #wakeAt(at: number | null): void {
    const { clock } = this.#port
    clock.clearAlarm(this.#alarm)
    this.#alarm = at === null ? undefined : clock.alarm(at, () => this.ask())
  }
}
