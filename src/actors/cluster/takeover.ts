/**
 * Takes up executions that no living process owns: executions of dead owners, executions that were given back, executions that are due.
 *
 * Owns: when to poll; one poll finds everything; and after a claim whose answer was lost, no execution is owned here without being
 * known. Polls only for the changes of other processes; a timer wakes the executions that this process knows itself.
 */
import type { HowTaken } from '../execution/execution-origin.js'
import { inBackground, nextTurn } from '../../clock.js'
import type { ClaimRequest, SnapshotStore, StoredExecution } from '../../persistence/snapshot-store.js'
import type { Load, Loads } from '../execution/loads.js'
import type { Alarm, WallClock } from '../../wall-clock.js'
import type { OwnerLease } from './owner-lease.js'

/** Called with each execution that was claimed. */
export interface TakeoverPort {
  readonly store: SnapshotStore
  readonly clock: WallClock
  readonly lease: OwnerLease
  /** Those that serve now. */
  entryPoints(): readonly string[]
  readonly loads: Loads
  taken(stored: StoredExecution, how: HowTaken, load: Load): void
  /** Applies the pauses of streams that other processes were asked for. */
  followPauses(): Promise<void>
  /** Runs while executions of dead owners are taken over. */
  whileTakingOver(work: () => Promise<void>): Promise<void>
  /** Loads the executions that this process owns and that are not in memory. */
  retake(): Promise<void>
  /** Reports how many executions of how many dead owners were taken. */
  tookOver(executions: number, owners: number): void
  failed(error: unknown): void
}

const PAGE = 500

type Claiming = Omit<ClaimRequest, 'owner' | 'now' | 'setBack'>

/** Claims for one owner. */
export class Takeover {
  readonly #port: TakeoverPort
  #wakeAt = Infinity
  #wakeAlarm: Alarm | undefined
  #stopped = false
  /** True while the store may have carried out a claim without an answer. */
  #unsure = false

  constructor(port: TakeoverPort) {
    this.#port = port
  }

  /** Takes all executions of dead owners. */
  async lost(): Promise<void> {
    const { store, lease, retake, whileTakingOver } = this.#port
    if (this.#unsure) {
      await retake()
      this.#unsure = false
    }
    const dead = await lease.dead()
    for (const key of dead) await store.retire(key, { giveBack: false })
    const owners = (await store.orphans()).filter((key) => key !== lease.key)
    if (owners.length === 0) return
    await whileTakingOver(async () => {
      const count = await this.#claimAll({ kind: 'lost', owners })
      if (count > 0) this.#port.tookOver(count, owners.length)
    })
  }

  /** Takes all executions that were given back and have something to do. */
  async released(): Promise<void> {
    await this.#claimAll({ kind: 'released' })
    const due = await this.#port.store.nextDue(this.#port.entryPoints())
    const { clock } = this.#port
    // times that were written before the clock was set back are due that much earlier
    if (due !== null) this.wakeAt(due - clock.setBack > clock.now() ? due - clock.setBack : due)
  }

  /** Takes one execution, if nobody owns it. */
  async one({ id, entryPoint }: Pick<StoredExecution, 'id' | 'entryPoint'>): Promise<StoredExecution | undefined> {
    const [claimed] = await this.#claim({ limit: 1, entryPoints: [entryPoint], from: { kind: 'one', id } })
    return claimed
  }

  /** Takes at most that many executions out of the queues of other processes; resolves with how many. */
  async queued(entryPoint: string, limit: number): Promise<number> {
    const owners = this.#port.lease.living
    if (this.#stopped || owners.length === 0) return 0
    return this.#take({ limit, entryPoints: [entryPoint], from: { kind: 'queued', owners } }, 'claimed')
  }

  /** An execution that left memory is due at that time. */
  wakeAt(due: number): void {
    const { clock } = this.#port
    if (this.#stopped || due >= this.#wakeAt) return
    this.#wakeAt = due
    clock.clearAlarm(this.#wakeAlarm)
    const wake = () => {
      this.#wakeAt = Infinity
      this.released().catch((error: unknown) => this.#port.failed(error))
    }
    // Background timer: the execution may have been woken or ended meanwhile.
    this.#wakeAlarm = clock.alarm(due, wake, inBackground)
  }

  stop(): void {
    this.#stopped = true
    this.#port.clock.clearAlarm(this.#wakeAlarm)
  }

  async #claimAll(from: { kind: 'lost'; owners: readonly string[] } | { kind: 'released' }): Promise<number> {
    const how = from.kind === 'lost' ? 'recovered' : 'claimed'
    let count = 0
    while (!this.#stopped) {
      const taken = await this.#take({ limit: PAGE, entryPoints: this.#port.entryPoints(), from }, how)
      count += taken
      if (taken < PAGE) break
      // the executions taken so far commit and go on before more are taken
      await new Promise<void>((resolve) => nextTurn(resolve))
    }
    return count
  }

  /** Takes the executions of one claim into memory; resolves with how many it has claimed. */
  #take(of: Claiming, how: HowTaken): Promise<number> {
    const { loads, taken } = this.#port
    return loads.during(async (load) => {
      const page = await this.#claim(of)
      for (const stored of page) taken(stored, how, load)
      return page.length
    })
  }

  async #claim(of: Claiming): Promise<readonly StoredExecution[]> {
    const { store, clock, lease } = this.#port
    // how far the clock was set back decides what is due, and how much time is left
    clock.glance()
    try {
      const page = await store.claim({ ...of, owner: lease.key, now: clock.now(), setBack: clock.setBack })
      // an execution that was triggered after a pause must not start, however long ago this process read the pauses
      if (page.some(({ status }) => status === 'queued')) await this.#port.followPauses()
      return page
    } catch (error) {
      this.#unsure = true
      throw error
    }
  }
}
