/**
 * A process that triggers and runs a debounced and a batching entry point on one SQLite file, to be killed and frozen.
 *
 * Says on its standard output, a line each: `started`; `acked <entry point> <element> <execution>` for each trigger, once it is
 * acknowledged; and `ran <entry point> <input as JSON>` for each execution that it ran. Its arguments are the path of the file, and its
 * name, with which its elements begin; it triggers until it is killed.
 */
import { createRuntime, defineEntryPoint, fromStep, type StepArguments } from '../../../src/index.js'
import { sqliteStore } from '../../../src/sqlite.js'

const [db = '', name = ''] = process.argv.slice(2)
const say = (line: string) => process.stdout.write(`${line}\n`)
const ran = (id: string) =>
  fromStep(({ input }: StepArguments<string | readonly string[]>) => void say(`ran ${id} ${JSON.stringify(input)}`))

const runtime = createRuntime({
  store: sqliteStore(db),
  entryPoints: [
    defineEntryPoint({ id: 'last', program: ran('last') as never, debounce: { quiet: 30, atMost: 120 } }),
    defineEntryPoint({ id: 'lines', program: ran('lines') as never, batch: { size: 7, within: 60 } as never }),
  ],
  pollInterval: 20,
  lease: 1_000,
  logger: (...line: unknown[]) => process.stderr.write(`${line.map(String).join(' ')}\n`),
})
await runtime.start()
say('started')
if (name !== '')
  for (let n = 0; ; n++) {
    const element = `${name}-${n}`
    for (const id of ['last', 'lines'] as const) {
      const execution = await runtime.trigger(id, element as never)
      say(`acked ${id} ${element} ${execution.id}`)
    }
    // a pause now and then, so that executions start
    if (n % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 50))
  }
