/**
 * Takes executions up again that were lost to a failing store.
 *
 * Owns: when that is tried. Only once the store takes a write, so that steps don't run again and again for ends that
 * can't be kept; and ever more rarely for an execution whose commits go on failing. A call that comes for one which was lost
 * to the lock of another process has it tried at once.
 */
import type { Clock } from '../../clock.js'
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import { isHeldUp, type StatewardError } from '../../errors.js'
import { backoffDelay } from '../../backoff.js'

/** What reloads need of the stream that they work for. */
export interface ReloadPort {
  /** Of the stream. */
  readonly id: string
  readonly store: SnapshotStore
  readonly clock: Clock
  random(): number
  /** Takes it up from what is durable, if it is still held here. False: it is not. */
  takeAgain(id: string): Promise<boolean>
  failed(id: string, error: unknown): void
  /** An attempt has come to its end. */
  settled(): void
}

const backoff = { initial: 50, max: 5_000 }

/** The reloads of one stream. */
export class ReloadSchedule {
  readonly #port: ReloadPort
  readonly #attempts = new Map<string, Promise<void>>()
  /** How often each was lost since its last commit. */
  readonly #losses = new Map<string, number>()
  /** What those were lost to that another process's lock has cost. */
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

  /** Resolves once the attempt under way has taken the execution up, and rejects if it fails; undefined if there is none. */
  attempt(id: string): Promise<void> | undefined {
    if (this.#busy.has(id)) this.#hurry.get(id)?.()
    return this.#attempts.get(id)
  }

  /** An execution was lost: it is taken up again as soon as that makes sense. */
  lost(id: string, cause: unknown): void {
    if (this.#stopped) return
    if (isHeldUp(cause)) this.#busy.set(id, cause)
    else this.#busy.delete(id)
    const losses = (this.#losses.get(id) ?? 0) + 1
    this.#losses.set(id, losses)
    const attempt = this.#try(id, losses)
    this.#attempts.set(id, attempt)
    attempt.then(
      () => void (this.#attempts.delete(id) && this.#port.settled()),
      (error: unknown) => {
        this.#attempts.delete(id)
        this.#port.failed(id, error)
        this.lost(id, error)
      },
    )
  }

  /** A commit of it is durable. */
  committed(id: string): void {
    if (this.#losses.size === 0) return
    this.#losses.delete(id)
    this.#busy.delete(id)
  }

  /** Why it was lost, if another process's lock was the cause. */
  busy(id: string): StatewardError | undefined {
    return this.#busy.get(id)
  }

  stop(): void {
    this.#stopped = true
  }

  async #try(id: string, losses: number): Promise<void> {
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
    if (this.#stopped || (await this.#port.takeAgain(id))) return
    this.#losses.delete(id)
    this.#busy.delete(id)
  }

  /** Resolves once the store has taken a write; those that wait at the same time share it. */
  #prove(): Promise<void> {
    const { store, id, clock } = this.#port
    this.#proof ??= store.setControl(`stream:${id}:proof`, String(clock.now())).finally(() => (this.#proof = undefined))
    return this.#proof
  }
}
