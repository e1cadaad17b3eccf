/**
 * Dropped files: give it a folder, drop text files into it, and read how many words each has. Kill it whenever you like: no file
 * is lost, and none is counted twice. `node dist-examples/dropped-files/main.js <folder>`
 */
import { mkdirSync } from 'node:fs'
import { createRuntime, defineEntryPoint } from 'stateward'
import { sqliteStore } from 'stateward/sqlite'
import { filesDropped } from './files-dropped.js'
import { wordCount } from './word-count.js'

const folder = process.argv[2] ?? 'dropped'
mkdirSync(folder, { recursive: true })

const files = defineEntryPoint({ id: 'files', program: wordCount, trigger: filesDropped(folder), maxConcurrent: 4 })
const runtime = createRuntime({ store: sqliteStore(`${folder}.db`), entryPoints: [files], logger: console })
process.once('SIGINT', () => void runtime.stop())
await runtime.start()
console.log(`Drop text files into ${folder}; Ctrl-C stops.`)
for await (const { type, data } of runtime.events({ entryPoint: 'files' })) {
  if (type !== 'execution.completed') continue
  const { name, words } = data as { name: string; words: number }
  console.log(`${name}: ${words} words`)
}
