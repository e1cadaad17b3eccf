/**
 * One promise about many programs: a crash anywhere changes nothing of how they end.
 *
 * Owns: what a program played is to the kit's `exploreCrashes`, and what of its undisturbed run is looked at.
 */
import { expect, test } from 'vitest'
import type { AnyActorLogic } from 'xstate'
import { defineEntryPoint, type EntryPointOptions, type ExecutionRecord } from '../../src/index.js'
import { exploreCrashes, type ObservedExecution } from '../../src/testing/index.js'
import { play, type Play } from './playthrough.js'
import { places, type StorePlace } from './store-place.js'

/** What programs write down about their effects. Words that begin with `once:` may be said at most once a run. */
export type Say = (word: string) => void

/** A program to run, made anew for each run. */
export interface Scenario extends Play {
  readonly program: (say: Say) => AnyActorLogic
  /** False where a second crash, before what the first one cut off has begun again, may lose something. */
  readonly isCrashedTwice?: boolean
}

/** How a run came out that nobody disturbed. */
export interface Ended extends ObservedExecution {
  readonly said: readonly string[]
  /** In ms of simulated time; null if it goes on for ever. */
  readonly took: number | null
  readonly snapshot: ExecutionRecord['snapshot']
}

/** Has `check` look at a whole run, then crashes it around each of its commits and outputs, and in pairs; on every store. */
export function crashEverywhere(
  name: string,
  { program, isCrashedTwice = true, ...how }: Scenario,
  check: (ended: Ended) => void,
): void {
  test.each(places)(`${name}, on %s`, async (kind, place) => {
    let said: string[] = []
    let ended: Ended | undefined
    let last: StorePlace | undefined
    const explored = () => {
      const own: string[] = (said = [])
      return defineEntryPoint({ id: 'run', program: program((word) => void own.push(word)) } as EntryPointOptions)
    }
    const report = await exploreCrashes(
      explored,
      async (runtime) => {
        const { snapshot, acceptedAt, endedAt } = await play(runtime as never, how)
        // a word that a crash repeats counts once
        const words = new Set(said.filter((word) => !word.startsWith('once:')))
        return { snapshot, took: endedAt === null ? null : endedAt - acceptedAt, words: [...words].toSorted() }
      },
      {
        store: () => {
          void last?.remove()
          return (last = place()).open
        },
        pairs: isCrashedTwice && kind === 'memory' ? 5 : 0,
        // nobody owes them after a crash (docs: "not promised")
        inlineActions: 'ignore',
        invariant({ executions, returned }) {
          ended ??= { ...(executions['it'] as ObservedExecution), ...(returned as Ended), said: [...said] }
          const twice = said.filter((word, at) => word.startsWith('once:') && said.indexOf(word) !== at)
          if (twice.length > 0) throw new Error(`said twice: ${twice.join(', ')}`)
        },
      },
    )
    expect(report).toMatchObject({ leftOut: 0, unreached: 0 })
    check(ended as Ended)
  })
}
