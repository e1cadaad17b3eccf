/**
 * Executions that take the place of those before them: `onBusy: 'replace'`.
 *
 * Owns: which ones must go. They are cancelled as by a command, wherever they run; the new one starts once they have ended. A process that dies
 * meanwhile has cancelled some: whoever takes the new execution up finds the rest.
 */
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import { isTerminal } from '../../events/execution-status.js'
import type { HeldExecution } from '../execution/execution-port.js'

/** The parts of the runtime that are used. */
export interface ReplacementsPort {
  readonly entryPoint: string
  /** How many of a key may live: the new one is one of them. */
  readonly limit: number
  readonly store: SnapshotStore
  /** Cancels an execution whose permit another one is to have. */
  replace(id: string, by: string): Promise<void>
  failed(error: unknown): void
}

/** How many are read at a time. */
const PAGE = 200

/** The replacements of one stream. */
export class Replacements {
  readonly #port: ReplacementsPort
  /** Those whose cancels have failed. */
  readonly #left = new Set<HeldExecution>()

  constructor(port: ReplacementsPort) {
    this.#port = port
  }

  /** The execution waits for its permit from now on: those before it go. */
  add(execution: HeldExecution): void {
    this.#replace(execution).catch((error: unknown) => {
      this.#left.add(execution)
      this.#port.failed(error)
    })
  }

  /** Tries those again that have failed. */
  again(): void {
    const left = [...this.#left]
    this.#left.clear()
    for (const execution of left) if (execution.status === 'queued') this.add(execution)
  }

  async #replace({ id, keys, parentId }: HeldExecution): Promise<void> {
    const { limit, replace } = this.#port
    const concurrencyKey = keys?.concurrency ?? null
    if (concurrencyKey === null) return
    const [before, ancestors] = [await this.#before(id, concurrencyKey), await this.#ancestors(parentId)]
    // they wait for this one: to cancel one of them would cancel this one as well
    const others = before.filter((other) => !ancestors.has(other))
    const kept = Math.max(0, limit - 1 - (before.length - others.length))
    const cancelled = await Promise.allSettled(others.slice(kept).map((other) => replace(other, id)))
    const failed = cancelled.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
  }

  /** Those under its key that were accepted before it and have not ended, the newest first. */
  async #before(id: string, concurrencyKey: string): Promise<readonly string[]> {
    const { entryPoint, store } = this.#port
    const before: string[] = []
    let isBefore = false
    for (let cursor: string | undefined, goesOn = true; goesOn; goesOn = cursor !== undefined) {
      const page = await store.query({ entryPoint, concurrencyKey, limit: PAGE, brief: true, ...(cursor ? { cursor } : {}) })
      for (const other of page.executions) {
        if (other.id === id) isBefore = true
        else if (isBefore && !isTerminal(other.status)) before.push(other.id)
      }
      cursor = page.cursor
    }
    return before
  }

  /** The execution that started it, the one that started that, and so on. */
  async #ancestors(parentId: string | null): Promise<ReadonlySet<string>> {
    const found = new Set<string>()
    for (let id = parentId; id !== null && !found.has(id);) {
      found.add(id)
      id = (await this.#port.store.load(id))?.parentId ?? null
    }
    return found
  }
}
