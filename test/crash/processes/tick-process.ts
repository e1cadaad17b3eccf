/**
 * A process that runs two entry points with ticks on one SQLite file, to be killed and frozen: a cron of each second and an interval.
 *
 * Says on its standard output, a line each: `started`, and `ran <entry point> <tick>` for each execution that it ran. Its one
 * argument is the path of the file.
 */
import { fromPromise } from 'xstate'
import { createRuntime, defineEntryPoint } from '../../../src/index.js'
import { sqliteStore } from '../../../src/sqlite.js'
import { cron, every } from '../../../src/triggers.js'

const [db = ''] = process.argv.slice(2)
const say = (line: string) => process.stdout.write(`${line}\n`)
const ran = (id: string) => fromPromise(async ({ input }: { input: number }) => void say(`ran ${id} ${input}`))
const options = { missed: 'all', maxMissed: 1_000, input: ({ at }: { at: number }) => at } as const

const runtime = createRuntime({
  store: sqliteStore(db),
  entryPoints: [
    defineEntryPoint({ id: 'seconds', program: ran('seconds'), trigger: cron('* * * * * *', options) }),
    defineEntryPoint({ id: 'interval', program: ran('interval'), trigger: every(150, options) }),
  ],
  pollInterval: 50,
  lease: 1_000,
  logger: (...line: unknown[]) => process.stderr.write(`${line.map(String).join(' ')}\n`),
})
await runtime.start()
say('started')
