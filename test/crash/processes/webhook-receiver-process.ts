/**
 * A process that takes signed deliveries over HTTP, on one SQLite file, to be killed and started again on the same port.
 *
 * Says on its standard output, a line each: `listening <port>`; and `idle` after its standard input has said that nothing more comes
 * and everything has ended.
 */
import { once } from 'node:events'
import { fromPromise, setup } from 'xstate'
import { createRuntime, defineEntryPoint, fromStep } from '../../../src/index.js'
import { serve } from '../../../src/server.js'
import { sqliteStore } from '../../../src/sqlite.js'
import { header, hmac, webhook } from '../../../src/triggers.js'
import { StepLog } from './step-log.js'
import { readWebhookSettings, secret, type ReceiverSettings } from './webhook-settings.js'

const { db, log, port } = readWebhookSettings() as ReceiverSettings
const say = (line: string) => process.stdout.write(`${line}\n`)
const steps = new StepLog(log, { synced: false })

const note = fromStep<void, number>(async ({ input: n, idempotencyKey }) => {
  steps.append({ kind: 'step', name: 'note', key: idempotencyKey, n })
})
const program = setup({
  types: { input: {} as { n: number }, context: {} as { n: number }, output: {} as number },
  actors: { note, pass: fromPromise(async () => undefined) },
}).createMachine({
  id: 'delivered',
  context: ({ input }) => input,
  initial: 'noting',
  states: {
    noting: { invoke: { src: 'note', input: ({ context }) => context.n, onDone: 'passing' } },
    passing: { invoke: { src: 'pass', onDone: 'done' } },
    done: { type: 'final' },
  },
  output: ({ context }) => context.n,
})
const deliveries = defineEntryPoint({
  id: 'deliveries',
  program,
  maxConcurrent: 20,
  maxRecoveries: 1_000,
  trigger: webhook({
    path: '/deliveries',
    verify: hmac({ header: 'x-signature', secret }),
    idempotencyKey: header('x-delivery'),
    input: ({ body }) => body as { n: number },
  }),
})
const logger = (...line: unknown[]) => process.stderr.write(`${line.map(String).join(' ')}\n`)
const runtime = createRuntime({ store: sqliteStore(db), entryPoints: [deliveries], logger })
await runtime.start()
const server = await serve(runtime, { port })
say(`listening ${server.port}`)
await once(process.stdin.resume(), 'end')
await runtime.drain()
await runtime.stop()
steps.close()
say('idle')
