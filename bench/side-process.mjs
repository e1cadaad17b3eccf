/**
 * One measurement in a process of its own: opens a side on a new database, warms it up, measures, answers by IPC.
 * Started by child-process.mjs with its job as JSON.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { closedLoop } from './closed-loop.mjs'
import { watchConnections } from './sqlite-probe.mjs'

const { side, concurrency, executions, warmUp, seconds, pause, root } = JSON.parse(process.argv[2])
if (root) process.env.STATEWARD_ROOT = root
const xstate = import.meta.resolve('xstate')
if (xstate.includes('development')) throw new Error(`not XState's production build: ${xstate}`)

const dir = mkdtempSync(join(tmpdir(), `stateward-bench-${side}-`))
try {
  const probe = watchConnections()
  const { open } = await import(`./${side}.mjs`)
  const { run, close } = await open({ dir, concurrency })
  await closedLoop({ run, executions: warmUp, concurrency, seconds: seconds / 4 })
  probe.stop()
  const durability = probe.durability()
  const rowsBefore = probe.rowsWritten()
  const figures = await closedLoop({ run, executions, concurrency, seconds, pause })
  const rows = (probe.rowsWritten() - rowsBefore) / figures.executions
  await close()
  process.send({ ...figures, rows, durability, node: process.versions.node, xstate: xstate.slice(xstate.lastIndexOf('/') + 1) })
} finally {
  rmSync(dir, { recursive: true, force: true })
}
