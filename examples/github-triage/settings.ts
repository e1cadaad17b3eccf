/**
 * What this run was told on the command line. None of it is stored: the next run of the same database may choose otherwise.
 */
import { parseArgs } from 'node:util'

/** The options of one run. */
export interface Settings {
  /** Where the executions are kept. */
  readonly db: string
  /** Where the deliveries are appended: beside the database. */
  readonly outbox: string
  /** True to throw away an earlier run first. */
  readonly fresh: boolean
  /** By how much each step is stretched, in milliseconds, so that a person has time to kill the process. */
  readonly slow: number
}

/** Reads the command line; throws when an option is unknown or a number is none. */
export function readSettings(args: string[]): Settings {
  const { values } = parseArgs({
    args,
    options: {
      db: { type: 'string', default: './github-triage.db' },
      fresh: { type: 'boolean', default: false },
      slow: { type: 'string', default: '0' },
    },
  })
  const slow = Number(values.slow)
  if (!Number.isFinite(slow) || slow < 0) throw new Error(`--slow takes milliseconds, not "${values.slow}"`)
  return { db: values.db, outbox: `${values.db.replace(/\.db$/, '')}.deliveries.jsonl`, fresh: values.fresh, slow }
}
