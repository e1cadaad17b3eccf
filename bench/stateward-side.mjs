/** Side (c): Stateward through its public face, with the unmodified machine and every default but the limit. */
import { join } from 'node:path'
import { createRuntime, defineEntryPoint, sqliteStore } from './stateward-package.mjs'
import { machine } from './workload.mjs'

export async function open({ dir, concurrency }) {
  const bench = defineEntryPoint({ id: 'bench', program: machine, maxConcurrent: concurrency })
  const runtime = createRuntime({ store: sqliteStore(join(dir, 'stateward.db')), entryPoints: [bench] })
  await runtime.start()
  const run = async (n) => {
    const execution = await runtime.trigger('bench', { n })
    const outcome = await execution.result()
    if (outcome.status !== 'completed') throw new Error(`${execution.id} ended ${JSON.stringify(outcome)}`)
    return outcome.output
  }
  return { run, close: () => runtime.stop() }
}
