/**
 * A process that runs one step which streams many chunks, to be killed; or one that follows it.
 *
 * Arguments: the path of the SQLite file, then `speak <chunks> <ms>`, where it pauses for so long after each hundred, or `listen <since>`. The speaker says `started` and `ended`. The listener
 * says `entry <json>` for each entry of the stream of execution `speech`, and `over` at its end.
 */
import { setTimeout } from 'node:timers/promises'
import { createClient, createRuntime, defineEntryPoint, fromStep } from '../../../src/index.js'
import { sqliteStore } from '../../../src/sqlite.js'

const [db = '', role = '', number = '0', pause = '0'] = process.argv.slice(2)
const say = (line: string) => process.stdout.write(`${line}\n`)
const chunks = Number(number)
const speech = fromStep(async ({ stream }) => {
  for (let n = 0; n < chunks; n++) {
    await stream(n)
    if (n % 100 === 99) await setTimeout(Number(pause))
  }
  return chunks
})
const entryPoints = [defineEntryPoint({ id: 'speeches', program: speech, maxRecoveries: 100 })]
const options = { store: sqliteStore(db), entryPoints, pollInterval: 20 }

if (role === 'speak') {
  const runtime = createRuntime({ ...options, lease: 1_000 })
  await runtime.start()
  const execution = await runtime.trigger('speeches', undefined, { id: 'speech', idempotencyKey: 'speech' })
  say('started')
  await execution.result()
  say('ended')
} else {
  for await (const entry of createClient(options).execution('speech').stream({ since: chunks }))
    say(`entry ${JSON.stringify(entry)}`)
  say('over')
}
