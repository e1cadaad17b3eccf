/**
 * The events of a memory store: those of executions, and publications.
 *
 * Owns: their numbers, the ids of publications, and what stands in the place of those that are not kept.
 */
import { gapData, gapType } from '../journal-gap.js'
import { atMost } from '../store-rules.js'
import type { Commit, EventPruneRequest, EventQuery, Publication, PublicationVerdict, StoredEvent } from '../snapshot-store.js'
import { MemoryJournal } from './memory-journal.js'
import type { MemoryRow } from './memory-rows.js'

/** All events, each in the journals in which it is looked for. */
export class MemoryEvents {
  lastSeq = 0
  readonly #all = new MemoryJournal()
  readonly #ofEntry = new Map<string, MemoryJournal>()
  readonly #published = new MemoryJournal()
  readonly #publications = new Map<string, StoredEvent>()

  /** Of everything, or of one entry point. */
  find({ entryPoint, since, limit }: EventQuery): StoredEvent[] {
    const journal = entryPoint === undefined ? this.#all : this.#ofEntry.get(entryPoint)
    return journal?.after(since, atMost(limit)) ?? []
  }

  /** The events of a commit. */
  append(row: MemoryRow, commit: Commit): void {
    if (commit.events.length === 0) return
    const { entryPoint, sessionId, correlationId, causationId, parentId } = row.execution
    const ids = { id: null, sessionId, correlationId, causationId: causationId ?? parentId }
    const ofEntry = this.#ofEntry.get(entryPoint) ?? new MemoryJournal()
    this.#ofEntry.set(entryPoint, ofEntry)
    const journals = [this.#all, ofEntry, row.journal]
    for (const event of commit.events) {
      const stored = { seq: ++this.lastSeq, executionId: commit.id, entryPoint, revision: commit.revision, ...ids, ...event }
      for (const journal of journals) journal.append(stored)
    }
    if (commit.journal === undefined) return
    replace(commit.id, row.journal.allBut(Math.max(1, commit.journal)), journals)
  }

  publish({ id, type, at, data, sessionId, correlationId, causationId }: Publication): PublicationVerdict {
    const taken = this.#publications.get(id)
    if (taken) return { status: 'duplicate', event: taken }
    const ids = { id, sessionId, correlationId, causationId }
    const event = { seq: ++this.lastSeq, executionId: null, entryPoint: null, revision: 0, ...ids, type, at, data }
    for (const journal of [this.#all, this.#published]) journal.append(event)
    this.#publications.set(id, event)
    return { status: 'published', seq: event.seq }
  }

  prunePublications({ before, keep, limit }: EventPruneRequest): { events: number; more: boolean } {
    const all = this.#published.all()
    const firstYoung = before === undefined ? 0 : all.findIndex(({ at, type }) => at >= before && type !== gapType)
    const old = firstYoung < 0 ? all.length : firstYoung
    const doomed = all.slice(0, Math.max(old, keep === undefined ? 0 : all.length - atMost(keep)))
    const publications = doomed.filter(({ type }) => type !== gapType)
    const gone = publications.slice(0, atMost(limit))
    const last = gone.at(-1)
    if (last) {
      replace('the application', doomed.slice(0, doomed.indexOf(last) + 1), [this.#all, this.#published])
      for (const { id } of gone) this.#publications.delete(id ?? '')
    }
    return { events: gone.length, more: gone.length > 0 && gone.length < publications.length }
  }

  /** All events of executions of that entry point that are forgotten. */
  drop(entryPoint: string, events: readonly StoredEvent[]): void {
    this.#all.drop(events)
    this.#ofEntry.get(entryPoint)?.drop(events)
  }
}

/** Takes these events out, and puts one in the place of the last that tells of them. */
function replace(id: string, dropped: readonly StoredEvent[], journals: readonly MemoryJournal[]): void {
  const [oldest, last] = [dropped[0], dropped.at(-1)]
  if (!oldest || !last || last.type === gapType) return
  const gap = { ...last, id: null, type: gapType, data: gapData(id, oldest, last.seq, dropped.length) }
  const cleared = last.executionId === null ? { ...gap, sessionId: null, correlationId: null, causationId: null } : gap
  for (const journal of journals) journal.replace(dropped, cleared)
}
