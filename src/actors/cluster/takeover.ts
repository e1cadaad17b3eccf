/**
 * Takes up executions that nobody holds: those of dead owners, those that were given back, those that are due.
 *
 * Owns: when to look, that one look finds everything, and that a claim whose answer was lost leaves nothing behind that
 * is held and not known. Polls only for what other processes may have done; what this process knows itself is woken by a timer.
 */
import type { HowTaken } from '../execution/execution-origin.js'
import { inBackground, nextTurn } from '../../clock.js'
import type { ClaimRequest, SnapshotStore, StoredExecution } from '../../persistence/snapshot-store.js'
import type { Alarm, WallClock } from '../../wall-clock.js'
import type { OwnerLease } from './owner-lease.js'

/** Told of each execution that was claimed. */
export interface TakeoverPort {
  readonly store: SnapshotStore
  readonly clock: WallClock
  readonly lease: OwnerLease
  readonly entryPoints: readonly string[]
  taken(stored: StoredExecution, how: HowTaken): void
  /** Pauses of streams that other processes were asked for hold here. */
  followPauses(): Promise<void>
  /** While executions of the dead are taken over. */
  whileTakingOver(work: () => Promise<void>): Promise<void>
  /** Takes up what this owner holds and does not have in memory. */
  retake(): Promise<void>
  /** So many executions of so many owners that are gone were taken. */
  tookOver(executions: number, owners: number): void
  failed(error: unknown): void
}

const PAGE = 500

/** Claims for one owner. */
export class Takeover {
  readonly #port: TakeoverPort
  #wakeAt = Infinity
  #wakeAlarm: Alarm | undefined
  #stopped = false
  /** True while the store may have carried out a claim of which nothing was heard. */
  #unsure = false

  constructor(port: TakeoverPort) {
    this.#port = port
  }

  /** Everything of owners that are gone. */
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

  /** Everything that was given back and has something to do. */
  async released(): Promise<void> {
    await this.#claimAll({ kind: 'released' })
    const due = await this.#port.store.nextDue(this.#port.entryPoints)
    const { clock } = this.#port
    // what was set before the clock was set back is due so much earlier
    if (due !== null) this.wakeAt(due - clock.setBack > clock.now() ? due - clock.setBack : due)
  }

  /** One execution, if nobody holds it. */
  async one({ id, entryPoint }: StoredExecution): Promise<StoredExecution | undefined> {
    const [claimed] = await this.#claim({ limit: 1, entryPoints: [entryPoint], from: { kind: 'one', id } })
    return claimed
  }

  /** Of what stands in the queues of other processes, at most so many; resolves with how many there were. */
  async queued(entryPoint: string, limit: number): Promise<number> {
    const { lease, taken } = this.#port
    const owners = lease.living
    if (this.#stopped || owners.length === 0) return 0
    const page = await this.#claim({ limit, entryPoints: [entryPoint], from: { kind: 'queued', owners } })
    for (const stored of page) taken(stored, 'claimed')
    return page.length
  }

  /** An execution that left memory is due then. */
  wakeAt(due: number): void {
    const { clock } = this.#port
    if (this.#stopped || due >= this.#wakeAt) return
    this.#wakeAt = due
    clock.clearAlarm(this.#wakeAlarm)
    const wake = () => {
      this.#wakeAt = Infinity
      this.released().catch((error: unknown) => this.#port.failed(error))
    }
    // the execution may have been woken or ended meanwhile: whoever waits asks the store what is due
    this.#wakeAlarm = clock.alarm(due, wake, inBackground)
  }

  stop(): void {
    this.#stopped = true
    this.#port.clock.clearAlarm(this.#wakeAlarm)
  }

  async #claimAll(from: { kind: 'lost'; owners: readonly string[] } | { kind: 'released' }): Promise<number> {
    const how = from.kind === 'lost' ? 'recovered' : 'claimed'
    const { entryPoints } = this.#port
    let count = 0
    while (!this.#stopped) {
      const page = await this.#claim({ limit: PAGE, entryPoints, from })
      for (const stored of page) this.#port.taken(stored, how)
      count += page.length
      if (page.length < PAGE) break
      // what was taken is committed and goes on before more is taken
      await new Promise<void>((resolve) => nextTurn(resolve))
    }
    return count
  }

  async #claim(of: Omit<ClaimRequest, 'owner' | 'now' | 'setBack'>): Promise<readonly StoredExecution[]> {
    const { store, clock, lease } = this.#port
    // what is due, and what is left of it, goes by how far the clock was set back
    clock.glance()
    try {
      const page = await store.claim({ ...of, owner: lease.key, now: clock.now(), setBack: clock.setBack })
      // what was triggered after a pause does not start, however long ago this process has looked for pauses
      if (page.some(({ status }) => status === 'queued')) await this.#port.followPauses()
      return page
    } catch (error) {
      this.#unsure = true
      throw error
    }
  }
}
