/**
 * Takes executions up again that were lost to a failing store.
 *
 * Owns: when that is tried. Only once the store takes a write, so that steps don't run again and again for ends that
 * can't be kept; and ever more rarely for an execution whose commits go on failing.
 */
import type { Clock } from '../clock.js'
import type { SnapshotStore } from '../persistence/snapshot-store.js'
import { backoffDelay } from './backoff.js'

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
export class Reloads {
  readonly #port: ReloadPort
  readonly #attempts = new Map<string, Promise<void>>()
  /** How often each was lost since its last commit. */
  readonly #losses = new Map<string, number>()
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
    return this.#attempts.get(id)
  }

  /** An execution was lost: it is taken up again as soon as that makes sense. */
  lost(id: string): void {
    if (this.#stopped) return
    const losses = (this.#losses.get(id) ?? 0) + 1
    this.#losses.set(id, losses)
    const attempt = this.#try(id, losses)
    this.#attempts.set(id, attempt)
    attempt.then(
      () => void (this.#attempts.delete(id) && this.#port.settled()),
      (error: unknown) => {
        this.#attempts.delete(id)
        this.#port.failed(id, error)
        this.lost(id)
      },
    )
  }

  /** A commit of it is durable. */
  committed(id: string): void {
    if (this.#losses.size > 0) this.#losses.delete(id)
  }

  stop(): void {
    this.#stopped = true
  }

  async #try(id: string, losses: number): Promise<void> {
    const { clock } = this.#port
    const wait = backoffDelay(backoff, losses, () => this.#port.random())
    await new Promise<void>((resolve) => clock.setTimeout(resolve, wait))
    if (this.#stopped) return
    await this.#prove()
    if (!this.#stopped && !(await this.#port.takeAgain(id))) this.#losses.delete(id)
  }

  /** Resolves once the store has taken a write; those that wait at the same time share it. */
  #prove(): Promise<void> {
    const { store, id, clock } = this.#port
    this.#proof ??= store.setControl(`stream:${id}:proof`, String(clock.now())).finally(() => (this.#proof = undefined))
    return this.#proof
  }
}
