/**
 * Follows the stream of an execution.
 *
 * Owns: that every entry comes once and in order, from whatever process; that a reader which is slow holds up nobody, since it reads
 * pages of its own; and that it ends once the execution has, with how each run has ended. What this process writes wakes it; what others
 * write is found at each poll.
 */
import { inBackground, type Clock } from '../../clock.js'
import { decode } from '../../codec/snapshot-codec.js'
import type { StepChunk, StreamOptions } from '../../events/step-chunk.js'
import type { SnapshotStore, StoredChunk, StreamRun } from '../../persistence/snapshot-store.js'

/** The most entries of a page. */
const PAGE = 500

/** What readers are made with. */
export interface StreamReadersPort {
  readonly settings: { readonly store: SnapshotStore; readonly clock: Clock; readonly pollInterval: number }
  readonly admissions: { naming(id: string): Promise<unknown> | undefined }
  open(): Promise<void>
  /** Resolves once the runtime was stopped. */
  readonly closed: Promise<void>
}

/** The readers of one process. */
export class StreamReaders {
  readonly #port: StreamReadersPort
  readonly #waiting = new Map<string, Set<() => void>>()
  #isOver = false

  constructor(port: StreamReadersPort) {
    this.#port = port
  }

  /** Something has come to the stream of that execution here, or it has ended. */
  wake(id: string): void {
    for (const resolve of this.#waiting.get(id) ?? []) resolve()
  }

  /** Nobody waits any longer: the runtime stops. */
  close(): void {
    this.#isOver = true
    for (const id of [...this.#waiting.keys()]) this.wake(id)
  }

  /** Every entry after an offset, until the execution has ended. Rejects with `store_failed`. */
  async *follow(id: string, { since = 0, signal }: StreamOptions): AsyncGenerator<StepChunk, void> {
    const { settings, admissions } = this.#port
    await this.#port.open()
    await admissions.naming(id)
    for (let at = since; !signal?.aborted;) {
      // asked for before the store is: what comes meanwhile is not missed
      const change = this.#change(id, signal)
      try {
        const page = await settings.store.chunks({ execution: id, since: at, limit: PAGE })
        for (const entry of page?.chunks ?? []) {
          if (signal?.aborted) return
          at = entry.offset
          yield chunkOf(id, entry)
        }
        if (page?.chunks.length === PAGE) continue
        if (page?.ended) {
          // nothing is added any more: these stand behind all that is stored, always in the same order
          for (const [index, run] of page.open.entries()) {
            const offset = page.last + index + 1
            if (offset > at) yield { ...of(run), type: 'abandoned', offset, at: settings.clock.now() }
          }
        }
        if (!page || page.ended || this.#isOver) return
        await change.happened
      } finally {
        change.forget()
      }
    }
  }

  #change(id: string, signal: AbortSignal | undefined): { readonly happened: Promise<void>; forget(): void } {
    const { clock, pollInterval } = this.#port.settings
    const all = this.#waiting.get(id) ?? new Set()
    let timer: unknown
    let resolve: () => void = () => undefined
    const happened = new Promise<void>((resolved) => {
      resolve = resolved
      timer = clock.setTimeout(resolved, pollInterval, inBackground)
      signal?.addEventListener('abort', resolve, { once: true })
    })
    this.#waiting.set(id, all.add(resolve))
    const forget = () => {
      clock.clearTimeout(timer)
      signal?.removeEventListener('abort', resolve)
      all.delete(resolve)
      if (all.size === 0 && this.#waiting.get(id) === all) this.#waiting.delete(id)
    }
    return { happened, forget }
  }
}

const of = ({ id, step, name, key, attempt }: StreamRun) => ({ run: id, step, ...(name === null ? {} : { name }), key, attempt })

function chunkOf(id: string, { offset, kind, at, data, run }: StoredChunk): StepChunk {
  const about = { ...of(run), offset, at }
  if (kind !== 'chunk') return { ...about, type: kind }
  return { ...about, type: 'chunk', data: data === null ? undefined : decode(data, { id, what: 'chunk' }) }
}
