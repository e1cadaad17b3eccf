/**
 * What this run was told on the command line. None of it is stored: the next run of the same database may choose otherwise.
 */
import { parseArgs } from 'node:util'

/** What `--help` prints. */
export const usage = `GitHub triage: real webhook payloads through three durable streams.

  --db PATH   where the executions are kept (./github-triage.db)
  --fresh     start anew
  --slow MS   stretch every step, to have time to kill it
  --port N    where the deliveries come in (any port that is free)
  --night C   when it is night, as a cron expression (*/2 * * * * *: every two seconds, to see one)
  --help      print this

With npm: npm start -- --fresh`

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
  /** Where deliveries come in; 0: any port that is free. */
  readonly port: number
  /** When the digest of the night is made, as a cron expression; of real nights it would be `0 3 * * *`. */
  readonly night: string
}

/** Reads the command line; `help` if that was asked for. Throws when an option is unknown or a number is none. */
export function readSettings(args: string[]): Settings | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      db: { type: 'string', default: './github-triage.db' },
      fresh: { type: 'boolean', default: false },
      slow: { type: 'string', default: '0' },
      port: { type: 'string', default: '0' },
      night: { type: 'string', default: '*/2 * * * * *' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return 'help'
  const { db, fresh, night } = values
  const slow = Number(values.slow)
  if (!Number.isFinite(slow) || slow < 0) throw new Error(`--slow takes milliseconds, not "${values.slow}"`)
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port takes a port, not "${values.port}"`)
  return { db, outbox: `${db.replace(/\.db$/, '')}.deliveries.jsonl`, fresh, slow, port, night }
}

/** The settings of this run; prints the usage and ends the process where it was asked for, or where the command line says what it can't. */
export function settingsOfProcess(): Settings {
  try {
    const settings = readSettings(process.argv.slice(2))
    if (settings !== 'help') return settings
    console.log(usage)
    process.exit(0)
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`)
    process.exit(2)
  }
}
