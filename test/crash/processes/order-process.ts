/**
 * A process that runs orders on one SQLite file, to be killed and started again.
 *
 * Says on its standard output, a line each: `started`, `accepted <n> <id>` (once the trigger has resolved),
 * `first-step <ms since start() was called>`, `outcome <n> <json>`, `commits <n>`, `finished`; and `answer <n> <json>` to
 * each request on its standard input.
 */
import { existsSync } from 'node:fs'
import { createRuntime, defineEntryPoint } from '../../../src/index.js'
import { sqliteStore } from '../../../src/sqlite.js'
import { startApproving } from './approving.js'
import { dyingStore } from './dying-store.js'
import { numbStore } from './numb-store.js'
import { orderMachine } from './order-machine.js'
import { readOrderSettings } from './order-settings.js'
import { answerRequests } from './requests.js'
import { StepLog } from './step-log.js'

const { db, log, death, gate, gatedStep = 'ship', numb = false, from = 0, to = 0, ...settings } = readOrderSettings()
const { stays = false, approves = true, ...rest } = settings
const { maxConcurrent = 10, maxQueued = 10_000, synced = true, ...runtimeOptions } = rest
const say = (line: string) => process.stdout.write(`${line}\n`)

let begun = 0
const steps = new StepLog(log, { synced, onFirst: () => say(`first-step ${performance.now() - begun}`) })
const atGate = async (step: string) => {
  if (gate === undefined || step !== gatedStep) return
  while (!existsSync(gate)) await new Promise((resolve) => setTimeout(resolve, 10))
}
const orders = defineEntryPoint({
  id: 'orders',
  program: orderMachine(steps, atGate),
  maxConcurrent,
  maxQueued,
  maxRecoveries: 1_000,
  cancelTimeout: 1_000,
})
const { store, counts } = dyingStore(numb ? numbStore(sqliteStore(db)) : sqliteStore(db), death)
const logger = (...line: unknown[]) => process.stderr.write(`${line.map(String).join(' ')}\n`)
const runtime = createRuntime({ store, entryPoints: [orders], logger, ...runtimeOptions })

const trigger = async (n: number) => {
  const execution = await runtime.trigger('orders', { n }, { idempotencyKey: `order-${n}` })
  say(`accepted ${n} ${execution.id}`)
  return execution
}
const complete = async (n: number) => say(`outcome ${n} ${JSON.stringify(await (await trigger(n)).result())}`)

begun = performance.now()
await runtime.start()
say('started')
const quit = stays ? answerRequests(runtime, trigger, say) : Promise.resolve()
const approving = approves ? startApproving(runtime) : undefined
await Promise.all(Array.from({ length: to - from }, (_, index) => complete(from + index)))
say(`commits ${counts['commit'] ?? 0}`)
say('finished')
await quit
await approving?.stop()
await runtime.stop()
steps.close()
say('stopped')
