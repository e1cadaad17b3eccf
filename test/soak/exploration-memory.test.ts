/**
 * What explorations keep in memory: nothing of the runs that are over.
 *
 * Owns: the measurement, after the garbage was collected.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { defineEntryPoint } from 'stateward'
import { exploreCrashes } from 'stateward/testing'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const doors = defineEntryPoint({
  id: 'doors',
  program: createMachine({ id: 'door', initial: 'shut', states: { shut: { on: { OPEN: 'open' } }, open: { type: 'final' } } }),
})

/** Explores until there were so many runs; resolves with what the heap holds then, in MB. */
async function heapAfter(runs: number): Promise<number> {
  for (let done = 0; done < runs;) {
    const report = await exploreCrashes(doors, async (world) => {
      const door = await world.trigger('doors')
      await door.send({ type: 'OPEN' })
    })
    done += report.runs
  }
  collect()
  return process.memoryUsage().heapUsed / 1e6
}

test('a thousand runs leave no more behind than a hundred', async () => {
  const before = await heapAfter(100)
  const after = await heapAfter(1_000)
  expect(after - before).toBeLessThan(15)
})
