/**
 * Folder watch: measures a folder every ten seconds, and says so each time that it is larger than its limit. What was measured, and
 * whom it was told, survives a kill. `node dist-examples/folder-watch/main.js <folder> <limit in bytes>`
 */
import { createRuntime } from 'stateward'
import { sqliteStore } from 'stateward/sqlite'
import { folderWatch } from './folder-watch.js'

const [folder = '.', limit = '100000000'] = process.argv.slice(2)
const entryPoints = folderWatch({
  folder,
  limit: Number(limit),
  interval: 10_000,
  publish: (...event) => runtime.publish(...event),
  warn: async ({ bytes }) => console.log(`${folder} has ${bytes} bytes, more than ${limit}`),
})
const runtime = createRuntime({ store: sqliteStore('folder-watch.db'), entryPoints, logger: console })
process.once('SIGINT', () => void runtime.stop())
await runtime.start()
console.log(`Watching ${folder}; Ctrl-C stops.`)
