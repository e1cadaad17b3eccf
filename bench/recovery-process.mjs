/**
 * The two lives of recovery.mjs. `role: 'victim'` starts executions that stop in their second step, tells when all of
 * them are there, and waits to be killed. `role: 'heir'` starts on the same file, lets the steps end, and answers how
 * long it took until the first step ran and until all had ended, with every output checked.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRuntime, defineEntryPoint, sqliteStore } from './stateward-package.mjs'
import { expectedOutput, heldMachine } from './workload.mjs'

const { role, file, idsFile, executions } = JSON.parse(process.argv[2])

const LANES = 500

let inSecondStep = 0
let firstStepAt
let firstStepsRepeated = 0
const allInSecondStep = Promise.withResolvers()
const program = heldMachine({
  hold: () => (role === 'victim' ? new Promise(() => undefined) : Promise.resolve()),
  onStep: (name) => {
    firstStepAt ??= performance.now()
    if (name === 'first') firstStepsRepeated++
    if (name === 'second' && ++inSecondStep === executions) allInSecondStep.resolve()
  },
})
const entryPoint = defineEntryPoint({ id: 'held', program, maxConcurrent: executions, maxQueued: executions })
const runtime = createRuntime({ store: sqliteStore(file), entryPoints: [entryPoint] })
const from = performance.now()

if (role === 'victim') {
  await runtime.start()
  const accepted = []
  let next = 0
  const lane = async () => {
    while (next < executions) {
      const n = next++
      accepted.push([(await runtime.trigger('held', { n })).id, n])
    }
  }
  await Promise.all([allInSecondStep.promise, ...Array.from({ length: LANES }, lane)])
  writeFileSync(idsFile, JSON.stringify(accepted))
  process.send({ accepted: accepted.length })
} else {
  await runtime.start()
  const startedAfter = performance.now() - from
  const ids = JSON.parse(readFileSync(idsFile, 'utf8'))
  let next = 0
  let lost = 0
  let wrong = 0
  const lane = async () => {
    while (next < ids.length) {
      const [id, n] = ids[next++]
      const outcome = await runtime.execution(id).result()
      if (outcome.status !== 'completed') lost++
      else if (outcome.output !== expectedOutput(n)) wrong++
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  process.send({
    executions: ids.length,
    lost,
    wrong,
    firstStepsRepeated,
    startMs: startedAfter,
    firstStepMs: firstStepAt - from,
    allMs: performance.now() - from,
  })
  await runtime.stop()
}
