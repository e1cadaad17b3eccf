/**
 * Finds stored executions by where they stand, for how long, and what they wait for.
 *
 * Owns: what each part of a filter means, and that no snapshot is read to find out: the store answers by places and tags, and
 * what it gives is looked at without its state. Only what an earlier version has stored must be read.
 * Does not know: what they are found for.
 */
import { matchesState } from 'xstate'
import { executionStatuses, isTerminal, liveStatuses, type ExecutionStatus } from '../../events/execution-status.js'
import type { ExecutionFilter, ExecutionWhere } from '../../events/execution-filter.js'
import { waitsFor as byStatus } from '../../events/waits-for.js'
import type { ExecutionQuery, SnapshotStore, StoredExecution } from '../../persistence/snapshot-store.js'
import { executionPage, type ExecutionList } from '../execution/execution-page.js'
import { executionRecord, type ExecutionRecord } from '../execution/execution-record.js'
import { placeOf, standsSince, storedWaits, type Place } from '../execution/places.js'

/** How many are looked at with one read. */
const PAGE = 1_000

type Row = StoredExecution

/** What a store is asked, and what each row that it gives must be besides. */
interface Search {
  readonly query: Omit<ExecutionQuery, 'limit' | 'cursor'>
  /** Undefined: the store has looked at everything. */
  readonly fits: ((row: Row) => boolean | 'unknown') | undefined
  /** The same of one that was read whole. */
  readonly fitsWhole: (row: Row) => boolean
}

const listOf = <T>(value: T | readonly T[] | undefined): readonly T[] | undefined =>
  value === undefined ? undefined : Array.isArray(value) ? (value as readonly T[]) : [value as T]

/** The statuses of a filter that may hold; undefined: all. */
function statusesOf({ status, state, since, for: duration, waitsFor }: ExecutionWhere): readonly ExecutionStatus[] | undefined {
  const stands = state !== undefined || since !== undefined || duration !== undefined
  const asked = listOf(status) ?? (stands || waitsFor !== undefined ? liveStatuses : undefined)
  if (waitsFor === undefined) return asked
  return (asked ?? executionStatuses).filter(
    (each) => each === 'queued' || each === 'waiting' || byStatus({ status: each }).length > 0,
  )
}

/** The search for what a filter asks; undefined: nothing can fit. `now`: the time from which a duration counts. */
async function searchFor(store: SnapshotStore, where: ExecutionWhere, now: number): Promise<Search | undefined> {
  const { entryPoint, group, sessionId, correlationId, parentId, idempotencyKey, state, tag, since, for: duration } = where
  const words = listOf(where.waitsFor)
  const status = statusesOf(where)
  if (status?.length === 0) return undefined
  const own = { entryPoint, group, sessionId, correlationId, parentId, idempotencyKey, status }
  const query = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)) as Search['query']
  const until = Math.min(since ?? Infinity, duration === undefined ? Infinity : now - duration)
  const isPlain = state === undefined && tag === undefined && words === undefined && until === Infinity
  if (isPlain) return { query, fits: undefined, fitsWhole: () => true }

  const isThere = (value: Place['value']) => state === undefined || (value !== undefined && matchesState(state, value))
  const inTime = (row: Row) => {
    if (until === Infinity) return true
    if (!row.place) return row.updatedAt <= until
    const isGiven = tag !== undefined && row.tags?.includes(tag) === true
    const at = standsSince(row.place, {
      ...(state === undefined ? {} : { state }),
      ...(tag === undefined || isGiven ? {} : { tag }),
    })
    return at !== undefined && at <= until
  }
  const fits = (row: Row): boolean | 'unknown' => {
    const isGiven = tag === undefined || row.tags?.includes(tag) === true
    const waits = storedWaits(row)
    const isUnknown = (row.place ?? undefined) === undefined && row.startedAt !== null && (state !== undefined || !isGiven)
    if (isUnknown || (words !== undefined && waits === undefined)) return 'unknown'
    if (words !== undefined && !words.some((word) => waits?.includes(word))) return false
    const place = row.place ? placeOf(row.place.text) : undefined
    if (!isThere(place?.value)) return false
    if (!isGiven && (isTerminal(row.status) || place?.tags.includes(tag as string) !== true)) return false
    return inTime(row)
  }
  const fitsWhole = (row: Row): boolean => {
    const known = fits(row)
    if (known !== 'unknown') return known
    const record = executionRecord(row)
    if (words !== undefined && !words.some((word) => record.waitsFor.includes(word))) return false
    // which tags its states had is not stored: it has them with its next commit
    if (tag !== undefined && !record.tags.includes(tag)) return false
    return isThere(record.value as Place['value']) && inTime(row)
  }

  const isAlive = status?.every((each) => !isTerminal(each)) ?? false
  if (tag !== undefined) {
    const places = await placesWhere(store, entryPoint, ({ tags }) => tags.includes(tag))
    return { query: { ...query, tagged: { tag, places } }, fits, fitsWhole }
  }
  if (state === undefined || !isAlive) return { query, fits, fitsWhole }
  const places = await placesWhere(store, entryPoint, ({ value }) => isThere(value))
  return places.length === 0 ? undefined : { query: { ...query, places }, fits, fitsWhole }
}

/** The places that are like that, and null if some execution stands where it is not known. */
async function placesWhere(store: SnapshotStore, entryPoint: string | undefined, is: (place: Place) => boolean) {
  const all = await store.places(entryPoint === undefined ? {} : { entryPoint })
  return all.filter((place) => place === null || is(placeOf(place)))
}

/** One page of the executions that a filter finds. */
export async function findPage(store: SnapshotStore, filter: ExecutionFilter, now: number): Promise<ExecutionList> {
  const { limit = 50, cursor } = filter
  const search = await searchFor(store, filter, now)
  if (!search) return { executions: [] }
  const { query, fits, fitsWhole } = search
  if (!fits) return executionPage(store, { ...query, limit, ...(cursor === undefined ? {} : { cursor }) })
  const executions: ExecutionRecord[] = []
  let at = cursor
  for (;;) {
    const from = at === undefined ? {} : { cursor: at }
    const page = await store.query({ ...query, ...from, limit: PAGE, brief: true })
    for (const [index, row] of page.executions.entries()) {
      if (fits(row) === false) continue
      const whole = await store.load(row.id)
      if (!whole || !fitsWhole(whole)) continue
      executions.push(executionRecord(whole))
      if (executions.length < limit) continue
      // the cursor of a page stands behind its last execution
      const isLast = index === page.executions.length - 1
      const next = isLast ? page.cursor : (await store.query({ ...query, ...from, limit: index + 1, brief: true })).cursor
      return { executions, ...(next === undefined ? {} : { cursor: next }) }
    }
    at = page.cursor
    if (at === undefined) return { executions }
  }
}

/** All that a filter finds, page by page, without their states; those that are read are looked at again when they are asked for. */
export async function* findAll(store: SnapshotStore, where: ExecutionWhere, now: number): AsyncGenerator<readonly Row[], void> {
  const search = await searchFor(store, where, now)
  let cursor: string | undefined
  while (search) {
    const page = await store.query({ ...search.query, limit: PAGE, brief: true, ...(cursor === undefined ? {} : { cursor }) })
    const found: Row[] = []
    for (const row of page.executions) {
      const known = search.fits?.(row) ?? true
      const whole = known === 'unknown' ? await store.load(row.id) : undefined
      if (known === 'unknown' ? whole !== undefined && search.fitsWhole(whole) : known) found.push(row)
    }
    yield found
    cursor = page.cursor
    if (cursor === undefined) return
  }
}

/** How many a filter finds. */
export async function countFound(store: SnapshotStore, where: ExecutionWhere, now: number): Promise<number> {
  let count = 0
  for await (const page of findAll(store, where, now)) count += page.length
  return count
}
