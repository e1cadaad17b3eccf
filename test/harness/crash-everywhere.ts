/**
 * One promise about many programs: a crash at any commit changes nothing of how they end.
 *
 * Owns: the comparison of every crashed run with the uninterrupted one.
 */
import { expect, test } from 'vitest'
import { essence, lasting, playThrough, repeated, type Scenario, type Trace } from './crash-in-process.js'
import { places } from './store-place.js'

/** Runs a scenario whole, has `check` look at it, then crashes it before and after each of its commits; on every store. */
export function crashEverywhere(name: string, scenario: Scenario, check: (trace: Trace) => void): void {
  test.each(places)(`${name}, on %s`, async (_, place) => {
    const store = place()
    const whole = await playThrough(store, scenario)
    check(whole)
    expect(repeated(whole)).toEqual([])
    for (const side of ['before', 'after'] as const) {
      for (let commit = 1; commit <= whole.commits; commit++) {
        const trace = await playThrough(store, scenario, { commit, side })
        const at = `crashed ${side} commit ${commit} of ${whole.commits}`
        expect(trace.crashed, at).toBe(true)
        expect(essence(trace), at).toEqual(essence(whole))
        expect(lasting(trace), at).toEqual(lasting(whole))
        expect(repeated(trace), at).toEqual([])
      }
    }
  })
}
