/**
 * Plug-ins: loads the modules of a folder, and takes commands: `load reminders`, `unload reminders`, `run greetings/hello Ann`,
 * `list`. Change a module and load it again; kill the host whenever you like. `node dist-examples/plug-ins/main.js [folder]`
 */
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createRuntime, toErrorRecord, type Runtime } from 'stateward'
import { sqliteStore } from 'stateward/sqlite'
import { PlugInHost } from './plug-in-host.js'

const folder = process.argv[2] ?? fileURLToPath(new URL('modules', import.meta.url))
const runtime: Runtime = createRuntime({ store: sqliteStore('plug-ins.db'), entryPoints: [], logger: console })
const host = new PlugInHost(runtime, folder)
await runtime.start()
for (const name of await host.found()) console.log('loaded', await host.load(name))

const commands: Readonly<Record<string, (...words: readonly string[]) => Promise<unknown>>> = {
  load: (name = '') => host.load(name),
  unload: (name = '') => host.unload(name),
  list: async () => runtime.entryPoints,
  run: async (entryPoint = '', ...input) => (await runtime.trigger(entryPoint, input.join(' '))).result(),
}
for await (const line of createInterface({ input: process.stdin })) {
  const [command = '', ...words] = line.trim().split(/\s+/)
  const answer = commands[command]?.(...words) ?? Promise.resolve(`one of ${Object.keys(commands).join(', ')}`)
  answer.catch((error: unknown) => toErrorRecord(error)).then(console.log, console.error)
}
await runtime.stop()
