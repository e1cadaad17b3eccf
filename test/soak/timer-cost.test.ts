/**
 * What it costs to set one more timer, by how many are set already. Prints ms an event.
 *
 * The program encodes the new one alone, which the memory store shows; SQLite writes an execution's whole state with each commit.
 */
import { enqueueActions, raise, setup } from 'xstate'
import { expect, test } from 'vitest'
import { defineEntryPoint } from '../../src/index.js'
import { begin } from '../harness/begin.js'
import { places } from '../harness/store-place.js'

const rounds = 60
const day = 86_400_000

interface SetTimers {
  readonly type: 'SET'
  readonly from: number
  readonly count: number
}

/** Sets timers by the dozen. */
const reminders = setup({ types: { events: {} as SetTimers | { type: 'REMIND'; n: number } } }).createMachine({
  id: 'reminders',
  on: {
    SET: {
      actions: enqueueActions(({ enqueue, event: { from, count } }) => {
        for (let n = from; n < from + count; n++) enqueue(raise({ type: 'REMIND', n }, { id: `reminder-${n}`, delay: day + n }))
      }),
    },
  },
})

test.each(places)(
  'the 10,000th timer costs its program at most twice the first, on %s',
  { timeout: 300_000 },
  async (name, placeOf) => {
    const runtime = await begin({ store: placeOf().open(), entryPoints: [defineEntryPoint({ id: 'run', program: reminders })] })
    const execution = await runtime.trigger('run')
    let set = 0
    /** The median of some rounds, in ms an event. */
    const cost = async (live: number) => {
      if (live > set) await execution.send({ type: 'SET', from: set, count: live - set })
      set = Math.max(set, live)
      const took: number[] = []
      for (let round = 0; round < rounds; round++) {
        const before = performance.now()
        await execution.send({ type: 'SET', from: set++, count: 1 })
        took.push(performance.now() - before)
      }
      return took.toSorted((a, b) => a - b)[rounds >> 1] as number
    }
    await cost(1)
    const costs: Record<number, number> = {}
    for (const live of [100, 1_000, 4_000, 10_000]) costs[live] = await cost(live)
    const figures = Object.entries(costs).map(([live, ms]) => `${live} live: ${ms.toFixed(2)} ms an event`)
    process.stdout.write(`${name}: ${figures.join(', ')}\n`)
    if (name === 'memory') expect(costs[10_000]).toBeLessThan(2 * (costs[100] as number))
    await runtime.stop()
  },
)
