/**
 * The form of an execution in its row.
 *
 * Owns: reading rows back into `StoredExecution`s, and the short numbers of statuses and entry points.
 */
import { StatewardError } from '../../errors.js'
import type { ExecutionStatus } from '../../events/execution-status.js'
import { groupOf } from '../../ids.js'
import type { ExecutionQuery, StoredExecution } from '../snapshot-store.js'
import type { SqliteDatabase } from './sqlite-database.js'
import { sqliteElements } from './sqlite-joins.js'
import { sqlitePieceReader } from './sqlite-pieces.js'
import { statusNumbers } from './sqlite-schema.js'

const none: readonly string[] = []
const statuses = new Map<number, ExecutionStatus>(
  Object.entries(statusNumbers).map(([status, number]) => [number, status as ExecutionStatus]),
)

/** The number of a status; an unknown one is refused, so that it never gets into a file. */
export function numberOfStatus(status: ExecutionStatus): number {
  const number = statusNumbers[status]
  if (number === undefined) {
    throw new StatewardError('invalid_option', `"${String(status)}" is not a status`, { details: { option: 'status' } })
  }
  return number
}

/** The status of a stored number; one that this code does not know makes the file `corrupt`. */
export function statusOfNumber(number: number): ExecutionStatus {
  const status = statuses.get(number)
  if (status === undefined) throw new StatewardError('corrupt', `a stored execution has the unknown status ${number}`)
  return status
}

interface ExecutionRow {
  readonly id: string
  readonly position: number
  readonly entryRef: number
  readonly status: number
  readonly revision: number
  readonly epoch: number
  readonly owner: string | null
  readonly owed: number
  readonly priority: number
  readonly acceptedAt: number
  readonly startedAt: number | null
  readonly endedAt: number | null
  readonly updatedAt: number
  readonly dueAt: number | null
  readonly startAt: number | null
  readonly gathers: string | null
  readonly recoveries: number
  readonly programId: string
  readonly programVersion: string
  readonly programHash: string
  readonly sessionId: string | null
  readonly correlationId: string | null
  readonly idempotencyKey: string | null
  readonly parentId: string | null
  readonly causationId: string | null
  readonly tags: string | null
  readonly place: string | null
  readonly entered: string | null
  readonly heldBy: 'key' | 'rate' | null
  readonly input: string
  readonly output: string | null
  readonly error: string | null
  readonly state: string
}

/** Why it waits for a permit under its keys (see `sqlite-admissions.ts`); an empty table for most. All executions of a rate without keys wait for the same. */
const heldBy = `
SELECT CASE WHEN l.aside_at > 0 THEN 'key' WHEN l.aside_at = -1 OR f.rate_key = '=' THEN 'rate' END
FROM stateward_flow f LEFT JOIN stateward_lanes l
  ON l.entry_ref = f.entry_ref AND l.key = f.key AND l.rate_key = f.rate_key AND l.priority = f.priority
WHERE f.position = e.position AND f.place = 1`
const current = `
SELECT e.id, e.position, entry_ref AS entryRef, status, revision, epoch, owner, owed, priority, accepted_at AS acceptedAt,
  started_at AS startedAt, ended_at AS endedAt, updated_at AS updatedAt, due_at AS dueAt, start_at AS startAt, gathers, recoveries,
  program_id AS programId, program_version AS programVersion, program_hash AS programHash, session_id AS sessionId,
  correlation_id AS correlationId, idempotency_key AS idempotencyKey, parent_id AS parentId, causation_id AS causationId,
  tags, standing AS place, entered,
  CASE WHEN status = ${statusNumbers.queued} THEN (${heldBy}) END AS heldBy`
const select = `${current}, coalesce(e.input, i.input) AS input, output, error, state
FROM stateward_executions e LEFT JOIN stateward_inputs i ON i.position = e.position`
/** Reads nothing of what spills over from its row. */
const selectBrief = `${current}, '' AS input, NULL AS output, NULL AS error, '' AS state FROM stateward_executions e`

/** Reads executions, and translates entry points. */
export interface SqliteRows {
  byId(id: string): StoredExecution | undefined
  byPosition(position: number): StoredExecution | undefined
  /** Without its elements. */
  bareByPosition(position: number): StoredExecution | undefined
  /** Without input, state, output and error. */
  briefByPosition(position: number): StoredExecution | undefined
  /** The number of an entry point, made if it has none yet: in a writing transaction only. */
  entryRef(name: string): number
  /** The numbers of those of these entry points that have one. */
  knownRefs(names: readonly string[]): number[]
  entryName(ref: number): string
  entryPoints(): { readonly ref: number; readonly name: string }[]
}

/** The rows of one open database. */
export function sqliteRows(database: SqliteDatabase): SqliteRows {
  const byId = database.prepare<ExecutionRow>(`${select} WHERE e.id = ?`)
  const byPosition = database.prepare<ExecutionRow>(`${select} WHERE e.position = ?`)
  const briefByPosition = database.prepare<ExecutionRow>(`${selectBrief} WHERE e.position = ?`)
  const stateInPieces = sqlitePieceReader(database)
  const elementsOf = sqliteElements(database)
  const findRef = database.prepare<{ ref: number }>('SELECT ref FROM stateward_entry_points WHERE name = ?')
  const findName = database.prepare<{ name: string }>('SELECT name FROM stateward_entry_points WHERE ref = ?')
  const addName = database.prepare('INSERT INTO stateward_entry_points (name) VALUES (?)')
  const all = database.prepare<{ ref: number; name: string }>('SELECT ref, name FROM stateward_entry_points')
  const refs = new Map<string, number>()
  const names = new Map<number, string>()
  database.onRollback(() => {
    refs.clear()
    names.clear()
  })

  function knownRef(name: string): number | undefined {
    const cached = refs.get(name)
    if (cached !== undefined) return cached
    const ref = findRef.get(name)?.ref
    if (ref !== undefined) refs.set(name, ref)
    return ref
  }

  function entryName(ref: number): string {
    const cached = names.get(ref)
    if (cached !== undefined) return cached
    const name = findName.get(ref)?.name
    if (name === undefined) throw new StatewardError('corrupt', `a stored execution has the unknown entry point ${ref}`)
    names.set(ref, name)
    return name
  }

  /** With the state that is elsewhere if its row has an empty one. */
  function whole(read: () => ExecutionRow | undefined, isBare = false): StoredExecution | undefined {
    for (;;) {
      const row = read()
      const elements = row?.input === '' && !isBare ? elementsOf(row.position, row.revision) : null
      // it was pruned meanwhile
      if (elements?.length === 0 && read() === undefined) return undefined
      if (row?.state !== '') return toExecution(row, elements)
      const state = stateInPieces(row.position, row.revision)
      if (state !== undefined) return toExecution({ ...row, state }, elements)
    }
  }

  const toExecution = (row: ExecutionRow | undefined, elements: readonly string[] | null = null): StoredExecution | undefined =>
    row && {
      id: row.id,
      entryPoint: entryName(row.entryRef),
      programId: row.programId,
      programVersion: row.programVersion,
      programHash: row.programHash,
      status: statusOfNumber(row.status),
      revision: row.revision,
      epoch: row.epoch,
      owner: row.owner,
      priority: row.priority,
      acceptedAt: row.acceptedAt,
      startedAt: row.startedAt,
      endedAt: row.endedAt,
      updatedAt: row.updatedAt,
      dueAt: row.dueAt,
      startAt: row.startAt,
      gathers: row.gathers,
      owed: row.owed === 1,
      recoveries: row.recoveries,
      sessionId: row.sessionId,
      correlationId: row.correlationId,
      idempotencyKey: row.idempotencyKey,
      parentId: row.parentId,
      causationId: row.causationId,
      tags: row.tags === null ? none : (JSON.parse(row.tags) as readonly string[]),
      place: row.place === null ? null : { text: row.place, entered: row.entered ?? '' },
      ...(row.heldBy === null ? {} : { heldBy: row.heldBy }),
      input: row.input,
      elements,
      state: row.state,
      output: row.output,
      error: row.error,
    }

  return {
    byId: (id) => whole(() => byId.get(id)),
    byPosition: (position) => whole(() => byPosition.get(position)),
    bareByPosition: (position) => whole(() => byPosition.get(position), true),
    briefByPosition: (position) => toExecution(briefByPosition.get(position)),
    entryRef: (name) => {
      const known = knownRef(name)
      if (known !== undefined) return known
      const ref = Number(addName.run(name).lastInsertRowid)
      refs.set(name, ref)
      return ref
    },
    knownRefs: (wanted) => wanted.map(knownRef).filter((ref) => ref !== undefined),
    entryName,
    entryPoints: () => all.all(),
  }
}

/** The entry points that a query is about. */
export function refsOf(rows: SqliteRows, { entryPoint, group }: Pick<ExecutionQuery, 'entryPoint' | 'group'>): readonly number[] {
  if (entryPoint !== undefined) return group === undefined || groupOf(entryPoint) === group ? rows.knownRefs([entryPoint]) : []
  const all = rows.entryPoints()
  return (group === undefined ? all : all.filter(({ name }) => groupOf(name) === group)).map(({ ref }) => ref)
}
