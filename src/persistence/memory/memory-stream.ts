/** The stream of one execution in memory. Owns: its offsets, and that a run which has ended adds nothing. */
import type { ChunkAppend, ChunkPage, ChunkVerdict, StoredChunk, StreamRun } from '../snapshot-store.js'
import { atMost } from '../store-rules.js'

interface Run {
  readonly run: StreamRun
  isOpen: boolean
  chunks: number
}

/** What the steps of one execution have said while they ran. */
export class MemoryStream {
  readonly #entries: StoredChunk[] = []
  readonly #runs = new Map<string, Run>()

  append({ run, first, chunks }: ChunkAppend): ChunkVerdict {
    const own = this.#runs.get(run.id) ?? this.#open(run, chunks[0]?.at ?? 0)
    if (!own.isOpen) return 'closed'
    const fresh = chunks.slice(Math.max(0, own.chunks - first))
    for (const { at, data } of fresh) this.#add(own, 'chunk', at, data)
    if (fresh.length > 0) own.chunks = first + chunks.length
    return 'appended'
  }

  end(run: string, how: 'committed' | 'abandoned', at: number): void {
    const own = this.#runs.get(run)
    if (!own?.isOpen) return
    own.isOpen = false
    this.#add(own, how, at, null)
  }

  page(since: number, limit: number, ended: boolean): ChunkPage {
    const from = Math.max(0, since)
    const open = [...this.#runs.values()].filter(({ isOpen }) => isOpen).map(({ run }) => run)
    return { chunks: this.#entries.slice(from, from + atMost(limit)), last: this.#entries.length, ended, open }
  }

  #open({ id, step, name, key, attempt }: StreamRun, at: number): Run {
    for (const other of this.#runs.values()) if (other.run.key === key) this.end(other.run.id, 'abandoned', at)
    const own = { run: { id, step, name, key, attempt }, isOpen: true, chunks: 0 }
    this.#runs.set(id, own)
    return own
  }

  #add({ run }: Run, kind: StoredChunk['kind'], at: number, data: string | null): void {
    this.#entries.push({ offset: this.#entries.length + 1, kind, at, data, run })
  }
}
