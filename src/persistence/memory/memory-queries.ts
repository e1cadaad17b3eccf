/**
 * Questions to the memory store: pages of executions, counts, and what may be forgotten.
 *
 * Owns: which index answers which filter, and pruning.
 */
import { isTerminal, type ExecutionStatus } from '../../events/execution-status.js'
import { groupOf } from '../../ids.js'
import { wholeOf } from './memory-joins.js'
import { isUnderWay, type MemoryRow, separator } from './memory-rows.js'
import type { MemoryTables } from './memory-tables.js'
import type { ExecutionCounts, ExecutionPage, ExecutionQuery, Pruned, PruneRequest, StoredExecution } from '../snapshot-store.js'
import { answerKept, atMost, decodeCursor, encodeCursor, lengthOf, tombstoneKept } from '../store-rules.js'

/** A page of executions, as the contract says. */
export function queryMemory(tables: MemoryTables, query: ExecutionQuery): ExecutionPage {
  const before = decodeCursor(query.cursor)
  const limit = atMost(query.limit)
  const statuses = query.status && new Set(query.status)
  const places = query.places && new Set(query.places)
  const tagPlaces = new Set(query.tagged?.places)
  const found = [...candidates(tables, query)]
    .filter((row) => {
      const { position, execution } = row
      if (position >= before) return false
      if (query.entryPoint !== undefined && execution.entryPoint !== query.entryPoint) return false
      if (query.group !== undefined && groupOf(execution.entryPoint) !== query.group) return false
      if (query.sessionId !== undefined && execution.sessionId !== query.sessionId) return false
      if (query.correlationId !== undefined && execution.correlationId !== query.correlationId) return false
      if (query.parentId !== undefined && execution.parentId !== query.parentId) return false
      if (places && !standsIn(execution, places)) return false
      if (query.tagged && !execution.tags?.includes(query.tagged.tag) && !standsIn(execution, tagPlaces)) return false
      if (query.idempotencyKey !== undefined && !hasKey(row, query.idempotencyKey)) return false
      if (query.gathers !== undefined && execution.gathers !== query.gathers) return false
      if (query.owner !== undefined && !(execution.owner === query.owner && isUnderWay(execution))) return false
      return !statuses || statuses.has(execution.status)
    })
    .toSorted((a, b) => b.position - a.position)
  const page: MemoryRow[] = []
  let left = query.length ?? Infinity
  for (const row of found.slice(0, limit)) {
    page.push(row)
    if (!query.brief && query.length !== undefined) left -= lengthOf(wholeOf(row))
    if (left <= 0) break
  }
  const last = page.at(-1)
  return {
    executions: page.map((row) => {
      if (query.gathers !== undefined) return row.execution
      const execution = tables.admissions.shown(row)
      return query.brief ? briefly(execution) : execution
    }),
    ...(last && last !== found.at(-1) ? { cursor: encodeCursor(last.position) } : {}),
  }
}

function standsIn({ status, startedAt, place }: StoredExecution, places: ReadonlySet<string | null>): boolean {
  return startedAt !== null && !isTerminal(status) && places.has(place?.text ?? null)
}

function briefly(execution: StoredExecution): StoredExecution {
  return { ...execution, input: '', elements: null, state: '', output: null, error: null }
}

const hasKey = ({ execution, joins }: MemoryRow, key: string) =>
  execution.idempotencyKey === key || joins.some(({ idempotencyKey }) => idempotencyKey === key)

function candidates({ rows, admissions, joins }: MemoryTables, query: ExecutionQuery): Iterable<MemoryRow> {
  if (query.gathers !== undefined) {
    const row = query.entryPoint === undefined ? undefined : joins.gathering(query.entryPoint, query.gathers)
    return row ? [row] : []
  }
  if (query.concurrencyKey !== undefined) {
    const { entryPoint, concurrencyKey, permitted } = query
    if (entryPoint === undefined) return []
    return permitted ? admissions.permittedUnder(entryPoint, concurrencyKey) : admissions.ofKey(entryPoint, concurrencyKey)
  }
  if (query.idempotencyKey !== undefined && query.entryPoint !== undefined) {
    const { entryPoint, idempotencyKey } = query
    const id = rows.idOfKey(entryPoint, idempotencyKey) ?? joins.find(entryPoint, { idempotencyKey })?.id
    const row = id === undefined ? undefined : rows.byId.get(id)
    return row ? [row] : []
  }
  if (query.owner !== undefined) return rows.under('held', query.owner)
  if (query.parentId !== undefined) return rows.under('parent', query.parentId)
  if (query.sessionId !== undefined) return rows.under('session', query.sessionId)
  if (query.correlationId !== undefined) return rows.under('correlation', query.correlationId)
  if (query.places !== undefined) return [...new Set(query.places)].flatMap((place) => [...rows.under('place', place ?? '')])
  if (query.tagged !== undefined) {
    const standing = query.tagged.places.flatMap((place) => [...rows.under('place', place ?? '')])
    return new Set([...rows.tagged(query.tagged.tag), ...standing])
  }
  if (query.entryPoint === undefined && query.group === undefined && query.status === undefined) return rows.byId.values()
  return rows
    .keys('status')
    .filter((key) => {
      const [status, entryPoint] = parse(key)
      if (query.group !== undefined && groupOf(entryPoint) !== query.group) return false
      return (query.status?.includes(status) ?? true) && (query.entryPoint ?? entryPoint) === entryPoint
    })
    .flatMap((key) => [...rows.under('status', key)])
}

/** The places in which executions stand, as the contract says. */
export function placesInMemory({ rows }: MemoryTables, entryPoint: string | undefined): (string | null)[] {
  return rows
    .keys('place')
    .filter(
      (place) =>
        entryPoint === undefined || [...rows.under('place', place)].some((row) => row.execution.entryPoint === entryPoint),
    )
    .map((place) => (place === '' ? null : place))
}

/** Counts of the stored executions, as the contract says. */
export function countMemory({ rows }: MemoryTables): ExecutionCounts {
  const counts: Record<string, Partial<Record<ExecutionStatus, number>>> = {}
  for (const key of rows.keys('status')) {
    const [status, entryPoint] = parse(key)
    const of = (counts[entryPoint] ??= {})
    of[status] = rows.under('status', key).size
  }
  return counts
}

function parse(key: string): [ExecutionStatus, string] {
  const end = key.indexOf(separator)
  return [key.slice(0, end) as ExecutionStatus, key.slice(end + 1)]
}

/** Forgets what may be forgotten, as the contract says. */
export function pruneMemory(tables: MemoryTables, request: PruneRequest): Pruned {
  const ended = tables.rows.under('ended', request.entryPoint)
  const tooMany = request.keep === undefined ? 0 : ended.size - atMost(request.keep)
  const { endedBefore } = request
  const isOld = ({ execution: { endedAt } }: MemoryRow) => endedBefore !== undefined && endedAt !== null && endedAt < endedBefore
  // sorted is only what may go by its place
  const doomed = [...ended]
    .filter((row) => tooMany > 0 || isOld(row))
    .toSorted((a, b) => (a.execution.endedAt ?? 0) - (b.execution.endedAt ?? 0) || a.position - b.position)
    .filter((row, index) => !row.execution.owed && (index < tooMany || isOld(row)))
    .slice(0, atMost(request.limit))
  for (const row of doomed) {
    tables.joins.forget(row)
    for (const seq of row.answered) tables.answers.delete(seq)
    for (const seq of row.open.keys()) tables.open.delete(seq)
    tables.rows.remove(row)
    tables.tombstones.set(row.execution.id, request.now)
  }
  if (doomed.length > 0) {
    const events = doomed.flatMap(({ journal }) => journal.all())
    tables.events.drop(request.entryPoint, events)
  }
  for (const [seq, { at, row }] of tables.answers) {
    if (at >= request.now - answerKept) continue
    tables.answers.delete(seq)
    row.answered.delete(seq)
  }
  for (const [id, at] of tables.tombstones) if (at < request.now - tombstoneKept) tables.tombstones.delete(id)
  for (const id of tables.tombstones.keys()) {
    if (request.traces === undefined || tables.tombstones.size <= request.traces) break
    tables.tombstones.delete(id)
  }
  return { executions: doomed.length, more: request.limit >= 1 && doomed.length >= atMost(request.limit) }
}
