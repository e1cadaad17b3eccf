/**
 * Reloads executions that were lost because the store failed.
 *
 * Owns: when a reload is tried. Only once the store has taken a write, so that steps don't run again and again for ends that
 * can't be stored; and ever more rarely for an execution whose commits keep failing. A call for an execution that was lost
 * because of another process's lock makes the reload start at once.
 */
import type { Clock } from '../../clock.js'
import type { HeldExecution } from '../execution/execution-port.js'
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import { isHeldUp, type StatewardError } from '../../errors.js'
import { backoffDelay } from '../../backoff.js'

/** How an execution stood when it was lost, as of the last commit that was acknowledged. */
export type LostExecution = Pick<HeldExecution, 'id' | 'epoch' | 'revision' | 'status'>

/** The parts of the stream that reloads use. */
export interface ReloadPort {
  /** The id of the stream. */
  readonly id: string
  readonly store: SnapshotStore
  readonly clock: Clock
  random(): number
  /** Loads the execution from its last commit, if this process still owns it. False: it does not. */
  takeAgain(lost: LostExecution): Promise<boolean>
  failed(id: string, error: unknown): void
  /** An attempt has ended. */
  settled(): void
}

const backoff = { initial: 50, max: 5_000 }

/** The reloads of one stream. */
export class ReloadSchedule {
  readonly #port: ReloadPort
  readonly #attempts = new Map<string, Promise<void>>()
  /** How often each execution was lost since its last commit. */
  readonly #losses = new Map<string, number>()
  /** The errors of executions that were lost because of another process's lock. */
  readonly #busy = new Map<string, StatewardError>()
  /** Ends the wait before an attempt. */
  readonly #hurry = new Map<string, () => void>()
  #proof: Promise<void> | undefined
  #stopped = false

  constructor(port: ReloadPort) {
    this.#port = port
  }

  get size(): number {
    return this.#attempts.size
  }

  /** Resolves once the attempt under way has loaded the execution, and rejects if it fails; undefined if there is no attempt. */
  attempt(id: string): Promise<void> | undefined {
    if (this.#busy.has(id)) this.#hurry.get(id)?.()
    return this.#attempts.get(id)
  }

  /** An execution was lost: schedules its reload. */
  lost({ id, epoch, revision, status }: LostExecution, cause: unknown): void {
    if (this.#stopped) return
    const execution = { id, epoch, revision, status }
    if (isHeldUp(cause)) this.#busy.set(id, cause)
    else this.#busy.delete(id)
    const losses = (this.#losses.get(id) ?? 0) + 1
    this.#losses.set(id, losses)
    const attempt = this.#try(execution, losses)
    this.#attempts.set(id, attempt)
    attempt.then(
      () => void (this.#attempts.delete(id) && this.#port.settled()),
      (error: unknown) => {
        this.#attempts.delete(id)
        this.#port.failed(id, error)
        this.lost(execution, error)
      },
    )
  }

  /** A commit of the execution is durable. */
  committed(id: string): void {
    if (this.#losses.size === 0) return
    this.#losses.delete(id)
    this.#busy.delete(id)
  }

  /** Why the execution was lost, if another process's lock was the cause. */
  busy(id: string): StatewardError | undefined {
    return this.#busy.get(id)
  }

  stop(): void {
    this.#stopped = true
  }

  async #try(execution: LostExecution, losses: number): Promise<void> {
    const { id } = execution
    const { clock } = this.#port
    const wait = backoffDelay(backoff, losses, () => this.#port.random())
    let timer: unknown
    await new Promise<void>((resolve) => {
      timer = clock.setTimeout(resolve, wait)
      this.#hurry.set(id, resolve)
    })
    this.#hurry.delete(id)
    clock.clearTimeout(timer)
    if (this.#stopped) return
    await this.#prove()
    if (this.#stopped || (await this.#port.takeAgain(execution))) return
    this.#losses.delete(id)
    this.#busy.delete(id)
  }

  /** Resolves once the store has taken a write; calls that wait at the same time share one write. */
  #prove(): Promise<void> {
    const { store, id, clock } = this.#port
    this.#proof ??= store.setControl(`stream:${id}:proof`, String(clock.now())).finally(() => (this.#proof = undefined))
    return this.#proof
  }
}
