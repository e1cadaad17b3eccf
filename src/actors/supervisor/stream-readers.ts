/**
 * Follows the stream of an execution.
 *
 * Owns: that every entry comes once and in order, from whatever process; that a reader which is slow holds up nobody, since it reads
 * pages of its own; and that it ends once the execution has, with how each run has ended, or when the runtime stops, with all that is stored. What this process writes wakes it; what others
 * write is found at each poll.
 */
import { inBackground, type Clock } from '../../clock.js'
import { decode } from '../../codec/snapshot-codec.js'
import type { StepChunk, StreamOptions } from '../../events/step-chunk.js'
import type { ChunkPage, SnapshotStore, StoredChunk, StreamRun } from '../../persistence/snapshot-store.js'

/** The most entries of a page. */
const PAGE = 500

/** What readers are made with. */
export interface StreamReadersPort {
  readonly settings: { readonly store: SnapshotStore; readonly clock: Clock; readonly pollInterval: number }
  readonly admissions: { naming(id: string): Promise<unknown> | undefined }
  open(): Promise<void>
}

/** Somebody who follows a stream. */
interface Reader {
  readonly id: string
  /** The offset of the last entry that it has, or is being given. */
  at: number
  /** What it gets in place of the store's answers once the runtime stops: all that is stored behind `at`. */
  rest: Promise<(ChunkPage | undefined)[]> | undefined
}

/** The readers of one process. */
export class StreamReaders {
  readonly #port: StreamReadersPort
  readonly #readers = new Set<Reader>()
  readonly #waiting = new Map<string, Set<() => void>>()
  #isOver = false

  constructor(port: StreamReadersPort) {
    this.#port = port
  }

  /** Something has come to the stream of that execution here, or it has ended. */
  wake(id: string): void {
    for (const resolve of this.#waiting.get(id) ?? []) resolve()
  }

  /** The runtime stops. Resolves once the store is asked no more: each reader has what is left for it, and its iteration then ends. */
  async close(): Promise<void> {
    this.#isOver = true
    const rests = [...this.#readers].map((reader) => (reader.rest = this.#restOf(reader)))
    for (const id of [...this.#waiting.keys()]) this.wake(id)
    // what keeps one from its rest is told to that one
    await Promise.allSettled(rests)
  }

  /** Every entry after an offset, until the execution has ended or the runtime stops. Rejects with `store_failed`, and with `already_stopped` after that. */
  async *follow(id: string, { since = 0, signal }: StreamOptions): AsyncGenerator<StepChunk, void> {
    const { settings, admissions } = this.#port
    await this.#port.open()
    await admissions.naming(id)
    // it may have stopped meanwhile
    if (this.#isOver) await this.#port.open()
    const reader: Reader = { id, at: since, rest: undefined }
    this.#readers.add(reader)
    try {
      while (!signal?.aborted) {
        // asked for before the store is: what comes meanwhile is not missed
        const change = this.#change(id, signal)
        try {
          const page = await this.#next(reader)
          for (const entry of page?.chunks ?? []) {
            if (signal?.aborted) return
            // what a page that was on its way when the runtime stopped has brought already
            if (entry.offset <= reader.at) continue
            reader.at = entry.offset
            yield chunkOf(id, entry)
          }
          if (page?.chunks.length === PAGE) continue
          if (page?.ended) {
            // nothing is added any more: these stand behind all that is stored, always in the same order
            for (const [index, run] of page.open.entries()) {
              const offset = page.last + index + 1
              if (offset > reader.at) yield { ...of(run), type: 'abandoned', offset, at: settings.clock.now() }
            }
          }
          if (!page || page.ended) return
          if (!reader.rest) await change.happened
        } finally {
          change.forget()
        }
      }
    } finally {
      this.#readers.delete(reader)
    }
  }

  /** The next page; undefined: there is none. */
  async #next(reader: Reader): Promise<ChunkPage | undefined> {
    if (!reader.rest) return this.#page(reader.id, reader.at)
    return (await reader.rest).shift()
  }

  async #restOf({ id, at }: Reader): Promise<(ChunkPage | undefined)[]> {
    const rest: (ChunkPage | undefined)[] = []
    for (let since = at; ;) {
      const page = await this.#page(id, since)
      rest.push(page)
      if (!page || page.chunks.length < PAGE) return rest
      since = page.chunks.at(-1)?.offset ?? since
    }
  }

  #page(execution: string, since: number): Promise<ChunkPage | undefined> {
    return this.#port.settings.store.chunks({ execution, since, limit: PAGE })
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
