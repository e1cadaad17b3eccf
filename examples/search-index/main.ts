/**
 * Search index: give it a folder, edit text files in it, and see each indexed once you pause, however often your editor saves.
 * `node dist-examples/search-index/main.js <folder>`
 */
import { mkdirSync, watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createRuntime } from 'stateward'
import { sqliteStore } from 'stateward/sqlite'
import { indexing, SearchIndex } from './search-index.js'

const folder = process.argv[2] ?? 'texts'
mkdirSync(folder, { recursive: true })
const index = new SearchIndex()
const runtime = createRuntime({ store: sqliteStore(`${folder}.db`), entryPoints: [indexing(index)], logger: console })
await runtime.start()
const watcher = watch(folder, (_, name) => void (name?.endsWith('.txt') && saved(join(folder, name))))
process.once('SIGINT', () => (watcher.close(), void runtime.stop()))
console.log(`Edit text files in ${folder}; Ctrl-C stops.`)
for await (const { type, data } of runtime.events({ entryPoint: 'index' })) {
  if (type !== 'execution.completed') continue
  const { path, words } = data as { path: string; words: number }
  console.log(`${path}: ${words} words; indexed ${index.runs} times in all`)
}

async function saved(path: string): Promise<void> {
  try {
    await runtime.trigger('index', { path, text: await readFile(path, 'utf8') })
  } catch (error) {
    console.error(path, 'is not indexed:', error)
  }
}
