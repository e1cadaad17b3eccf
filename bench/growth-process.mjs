/**
 * What one execution costs beside others, in a process of its own: fills a database with `stored` executions that have
 * ended and `live` ones that go on (`waiting` in memory, or `running` a step), then measures the same work as compare.mjs.
 * With `prepare`, only fills `file` and leaves it there; with `file` alone, measures on that file.
 */
import { closedLoop } from './closed-loop.mjs'
import { createRuntime, defineEntryPoint, sqliteStore } from './stateward-package.mjs'
import { heldMachine, machine, waitingMachine } from './workload.mjs'

const {
  file,
  stored = 0,
  live = 0,
  kind = 'waiting',
  executions,
  warmUp,
  concurrency,
  prepare = false,
} = JSON.parse(process.argv[2])

let inStep = 0
const allInStep = Promise.withResolvers()
const running = heldMachine({
  hold: () => new Promise(() => undefined),
  onStep: (name) => {
    if (name === 'second' && ++inStep === live) allInStep.resolve()
  },
})
const others = defineEntryPoint({
  id: 'others',
  program: kind === 'running' ? running : waitingMachine,
  maxConcurrent: Math.max(1, live),
  maxQueued: Math.max(1, live),
  passivateAfter: Infinity,
})
/** Everything stays: what is measured is growth, so nothing may be pruned meanwhile. */
const bench = defineEntryPoint({ id: 'bench', program: machine, maxConcurrent: concurrency, retention: { keep: 10_000_000 } })
const runtime = createRuntime({ store: sqliteStore(file), entryPoints: [bench, others] })
await runtime.start()

const run = async (n) => (await (await runtime.trigger('bench', { n })).result()).output
const begin = async (n) => {
  await runtime.trigger('others', { n })
  return n + 3
}

if (stored > 0) await closedLoop({ run, executions: stored, concurrency })
if (live > 0) await closedLoop({ run: begin, executions: live, concurrency })
if (kind === 'running') await allInStep.promise

const measured = async () => {
  await closedLoop({ run, executions: warmUp, concurrency })
  globalThis.gc()
  return await closedLoop({ run, executions, concurrency })
}
const answer = prepare ? { stored } : await measured()
// The live ones are not waited for: their file is thrown away, and holds nothing that is measured again.
if (live === 0) await runtime.stop()
process.send(answer, () => process.exit())
