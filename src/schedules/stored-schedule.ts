/**
 * Schedules as documents of the store.
 *
 * Owns: the form of the document, in which a schedule and how far its ticks have come stand together, so that one write changes both or
 * neither; changes by compare-and-set; and the notice to other processes that something has changed. Knows nothing of ticks.
 */
import type { Intervention } from '../events/execution-events.js'
import { StatewardError } from '../errors.js'
import type { SnapshotStore, StoredDocument } from '../persistence/snapshot-store.js'
import type { StoredTiming } from './schedule-timing.js'

/** What a schedule is set to. */
export interface ScheduleDefinition {
  readonly entryPoint: string
  readonly timing: StoredTiming
  /** A text of the codec; null: none. */
  readonly input: string | null
  readonly overlap: 'queue' | 'skip' | 'replace'
  readonly missed: 'once' | 'none' | 'all'
  readonly maxMissed: number
  readonly jitter: number
}

/** One stored schedule. */
export interface StoredSchedule {
  readonly id: string
  readonly definition: ScheduleDefinition
  /** Tells it from an earlier one of the same id. */
  readonly uid: string
  /** Of its present times: the idempotency keys of their ticks are made of it. Absent: the uid, for the times that it was made with. */
  readonly series?: string
  /** Where else ticks of the present times may have fired: the entry points that it had before. Absent: nowhere. */
  readonly former?: readonly string[]
  /** Invariant: grows with each change but that of its place. */
  readonly version: number
  /** What its last change is in the journal. */
  readonly event: 'schedule.set' | 'schedule.paused' | 'schedule.resumed' | 'schedule.ended'
  readonly createdAt: number
  readonly updatedAt: number
  readonly pause: Intervention | null
  readonly endedAt: number | null
  /** How far its ticks have come: the text of a `TickPlace`. */
  readonly place: string
}

/** The format of the documents. */
const FORMAT = 1
const prefix = 'schedule:'
const keyOf = (id: string) => `${prefix}${id}`
/** Written anew after each change. */
const noticeKey = 'schedules'

/** A schedule with the revision of its document. */
export interface ReadSchedule {
  readonly schedule: StoredSchedule
  readonly revision: number
}

/** The schedules of one store. */
export class ScheduleStore {
  readonly #store: SnapshotStore

  constructor(store: SnapshotStore) {
    this.#store = store
  }

  /** Throws `corrupt`, `unknown_format`. */
  async read(id: string): Promise<ReadSchedule | undefined> {
    const document = await this.#store.document(keyOf(id))
    return document && { schedule: parsed(id, document.text), revision: document.revision }
  }

  /** Writes one that was read, or a new one (revision 0); null takes it away. False: it has changed since. */
  async write(id: string, schedule: StoredSchedule | null, revision: number): Promise<ReadSchedule | boolean> {
    const text = schedule && textOf(schedule)
    const verdict = await this.#store.putDocument({ key: keyOf(id), text, revision })
    if (verdict.status === 'stored') return schedule ? { schedule, revision: verdict.revision } : true
    const { document } = verdict
    // a write that was carried out twice finds its own text
    if (text === null) return document === undefined
    return document?.text === text && schedule ? { schedule, revision: document.revision } : false
  }

  /**
   * Changes a schedule; `change` gets what is there, and gives what is to be there (null: nothing), or undefined: leave it. Resolves with
   * what was there and what is there. Other processes are told.
   */
  async change<T extends StoredSchedule | null | undefined>(
    id: string,
    change: (current: StoredSchedule | undefined) => T,
  ): Promise<{ readonly before: StoredSchedule | undefined; readonly after: T }> {
    for (;;) {
      const read = await this.read(id)
      const before = read?.schedule
      const after = change(before)
      if (after === undefined) return { before, after }
      if (!(await this.write(id, after, read?.revision ?? 0))) continue
      await this.#notify()
      return { before, after }
    }
  }

  /** Changes with each notice; 0: there was never one. */
  async notices(): Promise<number> {
    return (await this.#store.document(noticeKey))?.revision ?? 0
  }

  /** A page in the order of the ids; `after`: the id of the last one before. `unreadable` gets what can't be read. */
  async page(
    after: string | undefined,
    limit: number,
    unreadable: (id: string, error: unknown) => void,
  ): Promise<{ readonly schedules: StoredSchedule[]; readonly last: string | undefined }> {
    const documents = await this.#store.documents({ prefix, limit, ...(after === undefined ? {} : { after: keyOf(after) }) })
    const schedules = documents.flatMap((document) => readable(document, unreadable))
    return { schedules, last: documents.length < limit ? undefined : documents.at(-1)?.key.slice(prefix.length) }
  }

  /** After the change itself: whoever sees the notice sees the change. If another process has written one meanwhile, it stands for this one too. */
  async #notify(): Promise<void> {
    const document = await this.#store.document(noticeKey)
    await this.#store.putDocument({ key: noticeKey, text: 'changed', revision: document?.revision ?? 0 })
  }
}

function readable({ key, text }: StoredDocument, unreadable: (id: string, error: unknown) => void): StoredSchedule[] {
  const id = key.slice(prefix.length)
  try {
    return [parsed(id, text)]
  } catch (error) {
    unreadable(id, error)
    return []
  }
}

const textOf = ({ id: _, ...schedule }: StoredSchedule) => JSON.stringify({ format: FORMAT, ...schedule })

function parsed(id: string, text: string): StoredSchedule {
  const wrong = (code: 'corrupt' | 'unknown_format', what: string, cause?: unknown) =>
    new StatewardError(code, `The stored schedule ${id} ${what}.`, { details: { schedule: id }, cause })
  let value: { readonly format?: unknown } & Omit<StoredSchedule, 'id'>
  try {
    value = JSON.parse(text) as typeof value
  } catch (cause) {
    throw wrong('corrupt', 'is no JSON', cause)
  }
  const { format, ...schedule } = value
  if (format !== FORMAT) throw wrong('unknown_format', `has the format ${String(format)}; this version knows ${FORMAT}`)
  return { id, ...schedule }
}
