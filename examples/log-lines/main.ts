/**
 * Log lines: type lines such as `web started`, and see them written in batches, one for each service.
 * `node dist-examples/log-lines/main.js <folder>`
 */
import { mkdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createRuntime } from 'stateward'
import { sqliteStore } from 'stateward/sqlite'
import { logWriter } from './log-writer.js'

const folder = process.argv[2] ?? 'logs'
mkdirSync(folder, { recursive: true })
const entryPoint = logWriter(folder, { size: 5, within: 3_000 })
const runtime = createRuntime({ store: sqliteStore(`${folder}.db`), entryPoints: [entryPoint], logger: console })
await runtime.start()
console.log('Type a service and a text; five lines of a service, or three seconds, make a batch. Ctrl-D stops.')
for await (const line of createInterface({ input: process.stdin })) {
  const [service = '', ...words] = line.split(' ')
  if (service === '') continue
  const batch = await runtime.trigger('log', { service, text: words.join(' ') })
  if (batch.created) void batch.result().then((outcome) => console.log(service, outcome))
}
await runtime.stop()
