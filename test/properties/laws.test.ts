/**
 * The nine laws of the design, each as a property of random runs: random machines, random commands, crashes, faults,
 * takeovers, all decided by a seed that is printed when one fails. `STATEWARD_RUNS` says how many runs each law gets.
 */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fateOfOne, pairs, type Pair } from './isolation.js'
import { makePlace } from '../support/store-place.js'
import { brokenIn, laws, type Law } from './laws.js'
import { scripts, type Script } from './script.js'

type Place = keyof typeof makePlace
/** A run on SQLite costs several times one in memory; `npm run test:laws` makes a thousand on each. Users run the production build. */
const fewer = process.env['XSTATE_BUILD'] === 'production' ? { memory: 9, sqlite: 3 } : { memory: 2, sqlite: 1 }
const seed = process.env['STATEWARD_SEED']
const runsOn = (place: Place) => Number(process.env['STATEWARD_RUNS'] ?? fewer[place])
const limitOn = (place: Place) => 60_000 + runsOn(place) * 4_000

/** What every property is checked with; `STATEWARD_SEED` fixes the runs and leaves out shrinking. */
const parameters = (place: Place) => ({
  numRuns: runsOn(place),
  // beyond the time limit, shrinking ends with the smallest counterexample so far
  interruptAfterTimeLimit: limitOn(place) - 5_000,
  ...(seed === undefined ? {} : { seed: Number(seed), endOnFailure: true }),
})

async function holds(place: Place, law: Law): Promise<void> {
  // with a line taken out, only its own law is asked
  const isAlone = process.env['MUTATION'] !== undefined
  const run = async (script: Script) => {
    const store = makePlace[place]()
    try {
      expect((await brokenIn(script, store, law, isAlone)).join('\n')).toBe('')
    } finally {
      await store.remove()
    }
  }
  await fc.assert(fc.asyncProperty(scripts(law.commands, law.wrong, law), run), parameters(place))
}

describe.each(Object.keys(makePlace) as Place[])('on the %s store', (place) => {
  for (const [name, law] of Object.entries(laws)) test(name, () => holds(place, law), limitOn(place))

  test(
    'law 6: an execution fares the same alone and beside another that fails',
    () => {
      const fate = async (pair: Pair, together: boolean) => {
        const store = makePlace[place]()
        const seen = await fateOfOne(pair, together, store)
        await store.remove()
        return seen
      }
      const same = fc.asyncProperty(pairs, async (pair) => {
        const [together, alone] = [await fate(pair, true), await fate(pair, false)]
        expect(together).toBe(alone)
      })
      return fc.assert(same, parameters(place))
    },
    limitOn(place),
  )
})
