/**
 * Drives one side: `concurrency` executions at a time, each that ends replaced at once, every output checked.
 * Takes the time of each execution from its trigger to its result, and the CPU time of the whole process.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expectedOutput } from './workload.mjs'

export const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]

export const median = (values) =>
  percentile(
    values.toSorted((a, b) => a - b),
    0.5,
  )

/**
 * Runs `executions` of them, or as many as are started within `seconds`. `pause` is waited before each (an idle
 * system is one at a time with a pause). Times are in milliseconds.
 */
export async function closedLoop({ run, executions, concurrency, seconds = Infinity, pause = 0 }) {
  const latencies = []
  let next = 0
  const cpuBefore = process.cpuUsage()
  const blocksBefore = process.resourceUsage().fsWrite
  const start = performance.now()
  const lane = async () => {
    while (next < executions && performance.now() - start < seconds * 1_000) {
      if (pause > 0) await sleep(pause)
      const n = next++
      const from = performance.now()
      const output = await run(n)
      latencies.push(performance.now() - from)
      if (output !== expectedOutput(n)) throw new Error(`execution ${n} gave ${output}, not ${expectedOutput(n)}`)
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, executions) }, lane))
  const elapsed = performance.now() - start
  const cpu = process.cpuUsage(cpuBefore)
  latencies.sort((a, b) => a - b)
  const done = latencies.length
  return {
    executions: done,
    perSecond: (done / elapsed) * 1_000,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    cpu: (cpu.user + cpu.system) / 1_000 / done,
    writtenKb: (process.resourceUsage().fsWrite - blocksBefore) / 2 / done,
  }
}
