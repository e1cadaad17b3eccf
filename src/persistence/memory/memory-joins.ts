/**
 * The triggers that the executions of a memory store have taken in.
 *
 * Owns: their names and keys, each of which is taken once at an entry point, and the elements of an execution.
 */
import type { Commit, CommitVerdict, Join, Joined, StoredExecution } from '../snapshot-store.js'
import { separator, type MemoryRow, type MemoryRows } from './memory-rows.js'

interface Place {
  readonly row: MemoryRow
  readonly join: Join
}

/** The joins of one memory store. */
export class MemoryJoins {
  readonly #rows: MemoryRows
  readonly #byRef = new Map<string, Map<string, Place>>()
  readonly #byKey = new Map<string, Map<string, Place>>()

  constructor(rows: MemoryRows) {
    this.#rows = rows
  }

  /** The verdict on a commit whose triggers may not join. */
  joinedBefore(entryPoint: string, joins: readonly Join[]): CommitVerdict | undefined {
    const found = joins.find(({ ref }) => this.#byRef.get(entryPoint)?.has(ref))
    return found && { status: 'duplicate', id: this.find(entryPoint, { ref: found.ref })?.id as string, of: 'join' }
  }

  /** The verdict on a commit one of whose keys is taken. */
  takenBefore(entryPoint: string, { id, gathers, joins = [], accept }: Commit): CommitVerdict | undefined {
    const own = accept?.idempotencyKey
    for (const idempotencyKey of [...joins.map((join) => join.idempotencyKey), own]) {
      if (typeof idempotencyKey !== 'string') continue
      const taken = this.find(entryPoint, { idempotencyKey })?.id ?? this.#rows.idOfKey(entryPoint, idempotencyKey)
      if (taken !== undefined) return { status: 'duplicate', id: taken, of: 'idempotency_key' }
    }
    const other = typeof gathers === 'string' ? this.gathering(entryPoint, gathers) : undefined
    return other && other.execution.id !== id ? { status: 'duplicate', id: other.execution.id, of: 'gathers' } : undefined
  }

  /** The execution that gathers under that key. */
  gathering(entryPoint: string, key: string): MemoryRow | undefined {
    const [row] = this.#rows.under('gathers', `${entryPoint}${separator}${key}`)
    return row
  }

  add(row: MemoryRow, joins: readonly Join[]): void {
    const { entryPoint } = row.execution
    for (const join of joins) {
      const { ref, idempotencyKey } = join
      row.joins.push(join)
      placeOf(this.#byRef, entryPoint).set(ref, { row, join })
      if (idempotencyKey !== null) placeOf(this.#byKey, entryPoint).set(idempotencyKey, { row, join })
    }
  }

  find(entryPoint: string, of: { readonly ref: string } | { readonly idempotencyKey: string }): Joined | undefined {
    const place = 'ref' in of ? this.#byRef.get(entryPoint)?.get(of.ref) : this.#byKey.get(entryPoint)?.get(of.idempotencyKey)
    return place && { id: place.row.execution.id, ref: place.join.ref, digest: place.join.digest }
  }

  /** The execution was forgotten. */
  forget({ joins, execution: { entryPoint } }: MemoryRow): void {
    for (const { ref, idempotencyKey } of joins) {
      this.#byRef.get(entryPoint)?.delete(ref)
      if (idempotencyKey !== null) this.#byKey.get(entryPoint)?.delete(idempotencyKey)
    }
  }
}

/** An execution as it is answered: with its elements, if these are its input. */
export function wholeOf({ execution, joins }: MemoryRow): StoredExecution {
  if (execution.input !== '') return execution
  return { ...execution, elements: joins.flatMap(({ element }) => (element === null ? [] : [element])) }
}

function placeOf<T>(of: Map<string, Map<string, T>>, entryPoint: string): Map<string, T> {
  let places = of.get(entryPoint)
  if (!places) of.set(entryPoint, (places = new Map<string, T>()))
  return places
}
