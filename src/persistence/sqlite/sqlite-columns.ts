/**
 * Lists of columns, of which statements are made.
 *
 * Owns: that as many values are given as there are columns: a list of another length does not compile. Knows no table.
 */
import type { SqliteValue } from './sqlite-driver.js'

/** A value for each of the columns, in their order. */
export type ValuesOf<TColumns extends readonly string[]> = { readonly [K in keyof TColumns]: SqliteValue }

/** For `SET`. */
export const set = (columns: readonly string[]): string => columns.map((column) => `${column} = ?`).join(', ')

/** For `INSERT`, with its brackets. */
export const inserted = (columns: readonly string[]): string =>
  `(${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`
