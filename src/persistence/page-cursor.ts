/** The opaque cursor of a page of executions. Owns: its form, and the refusal of anything else. */
import { StatewardError } from '../errors.js'

/** The cursor after the execution at `position`, its place in the order of acceptance. */
export function encodeCursor(position: number): string {
  return Buffer.from(`after:${position}`).toString('base64url')
}

/** The position in a cursor; all positions are before `Infinity`, where a query without a cursor begins. */
export function decodeCursor(cursor: string | undefined): number {
  if (cursor === undefined) return Number.MAX_SAFE_INTEGER
  const text = typeof cursor === 'string' ? Buffer.from(cursor, 'base64url').toString() : ''
  const position = Number(/^after:(\d{1,16})$/.exec(text)?.[1] ?? Number.NaN)
  if (Number.isSafeInteger(position) && encodeCursor(position) === cursor) return position
  throw new StatewardError('invalid_option', 'the cursor is none that a page of executions gave', {
    details: { option: 'cursor' },
  })
}
