/**
 * States in pieces, in SQLite.
 *
 * Owns: their table, and that a commit writes the pieces which have changed, and no others. The row of an execution whose
 * state is in pieces has an empty one, which is never read as a state. `sqlite-commits.ts` says which pieces are there; this module
 * compares their texts: a wrong cut costs time, never a piece.
 */
import type { Commit, StatePiece } from '../snapshot-store.js'
import type { SqliteDatabase } from './sqlite-database.js'

/** A state that is in its row alone. */
export const noPieces: readonly StatePiece[] = []

/** The pieces of a commit's state; none if it is to be kept whole. */
export function piecesOf({ state, pieces: given }: Commit): readonly StatePiece[] {
  // a store wrapper in between may have changed the state
  if (given === undefined || given.state !== state) return noPieces
  let length = 0
  let last = -Infinity
  for (const { place, text } of given.pieces) {
    if (!(place > last)) return noPieces
    last = place
    length += text.length
  }
  return length === state.length && given.pieces.length > 0 ? given.pieces : noPieces
}

/** Makes `pieces` of what is there, in a writing transaction: `before`, or whatever it is if that is undefined. */
export type SqlitePieceWriter = (
  position: number,
  pieces: readonly StatePiece[],
  before: readonly StatePiece[] | undefined,
) => void

/** Writes the pieces of one open database. */
export function sqlitePieceWriter(database: SqliteDatabase): SqlitePieceWriter {
  const put = database.prepare(`
    INSERT INTO stateward_state_pieces (position, place, text) VALUES (?, ?, ?)
    ON CONFLICT (position, place) DO UPDATE SET text = excluded.text`)
  const drop = database.prepare('DELETE FROM stateward_state_pieces WHERE position = ? AND place = ?')
  const dropAll = database.prepare('DELETE FROM stateward_state_pieces WHERE position = ?')

  return (position, pieces, before) => {
    const old = before ?? noPieces
    if (old.length === 0 || pieces.length === 0) {
      dropAll.run(position)
      for (const { place, text } of pieces) put.run(position, place, text)
      return
    }
    let next = 0
    for (const { place, text } of pieces) {
      for (; (old[next]?.place ?? Infinity) < place; next++) drop.run(position, (old[next] as StatePiece).place)
      const same = old[next]?.place === place ? old[next++] : undefined
      if (same?.text !== text) put.run(position, place, text)
    }
    for (; next < old.length; next++) drop.run(position, (old[next] as StatePiece).place)
  }
}

/** Reads the state of an execution whose row has none. Undefined: it has moved on from `revision` since, its row is to be read again. */
export type SqlitePieceReader = (position: number, revision: number) => string | undefined

/** Reads the pieces of one open database. */
export function sqlitePieceReader(database: SqliteDatabase): SqlitePieceReader {
  // row by row: put together by SQLite, a long state takes several times as long
  const all = database.prepare<{ revision: number; text: string | null }>(`
    SELECT revision, text FROM stateward_executions e LEFT JOIN stateward_state_pieces p ON p.position = e.position
    WHERE e.position = ? ORDER BY place`)
  return (position, revision) => {
    const found = all.all(position)
    return found[0]?.revision === revision ? found.map(({ text }) => text ?? '').join('') : undefined
  }
}
