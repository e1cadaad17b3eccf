/**
 * Side (b): OpenWorkflow on its own SQLite backend, three `step.run` a workflow.
 *
 * Given its best conditions: a worker in the same process with as many slots as executions are in flight, and results
 * taken from the moment of completion instead of from `handle.result()`, which polls once a second. What is left is
 * its own: the worker looks for new work every 50 to 100 ms at best, and each write is a transaction.
 */
import { join } from 'node:path'
import { OpenWorkflow } from 'openworkflow'
import { BackendSqlite } from 'openworkflow/sqlite'
import { addOne } from './workload.mjs'

export async function open({ dir, concurrency }) {
  const backend = BackendSqlite.connect(join(dir, 'openworkflow.db'))
  // Its backend leaves the setting to SQLite's build; the property is private in its types only.
  backend.db.exec('PRAGMA synchronous = FULL')

  const completed = new Map()
  const complete = backend.completeWorkflowRun.bind(backend)
  backend.completeWorkflowRun = async (params) => {
    const run = await complete(params)
    completed.get(run.id)?.(run.output)
    completed.delete(run.id)
    return run
  }

  const openWorkflow = new OpenWorkflow({ backend })
  const workflow = openWorkflow.defineWorkflow({ name: 'bench' }, async ({ input, step }) => {
    const one = await step.run({ name: 'one' }, () => addOne(input.n))
    const two = await step.run({ name: 'two' }, () => addOne(one))
    return await step.run({ name: 'three' }, () => addOne(two))
  })
  const worker = openWorkflow.newWorker({ concurrency })
  await worker.start()

  const run = async (n) => {
    const handle = await workflow.run({ n })
    return await new Promise((resolve) => completed.set(handle.workflowRun.id, resolve))
  }
  const close = async () => {
    await worker.stop()
    await backend.stop()
  }
  return { run, close }
}
