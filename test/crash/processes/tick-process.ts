/**
 * A process that runs two entry points with ticks on one SQLite file, to be killed and frozen: a cron of each second and an interval;
 * one with a schedule that each process sets, and one whose executions are to start later.
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
    defineEntryPoint({ id: 'scheduled', program: ran('scheduled') }),
    defineEntryPoint({ id: 'later', program: ran('later') }),
  ],
  pollInterval: 50,
  lease: 1_000,
  logger: (...line: unknown[]) => process.stderr.write(`${line.map(String).join(' ')}\n`),
})
await runtime.start()
await runtime.schedules.set('often', { entryPoint: 'scheduled', input: 0, every: 200, missed: 'all', maxMissed: 1_000 })
for (let n = 0; n < 60; n++) await runtime.trigger('later', n, { idempotencyKey: `later-${n}`, startAt: Date.now() + n * 150 })
say('started')
