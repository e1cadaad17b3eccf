/**
 * The nine laws of the design, each as a property of random runs: random machines, random commands, crashes, faults,
 * takeovers, all decided by a seed that is printed when one fails. `STATEWARD_RUNS` says how many runs each law gets.
 */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fateOfOne, pairs, type Pair } from './isolation.js'
import { cancelsAreTrue, endsAreLast, leavesFirst, nothingLivesOn } from './law-ends.js'
import { ofAnyRun } from './laws.js'
import { nothingSilent, repeatsAreIdle, truthfulAnswers } from './law-answers.js'
import { fencing, noLoss, nothingForgotten, oneEnd, outputCommit, restart } from './law-checks.js'
import { countsAgree, countsAtTheEnd, neverMoreThanTheLimit } from './law-conservation.js'
import { scripts, type Script, type Weights, type Wrong } from './script.js'
import { makePlace } from '../harness/store-place.js'
import { World } from './world.js'

type Place = keyof typeof makePlace
/** A run on SQLite costs several times one in memory. */
const fewer = { memory: 16, sqlite: 6 }
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

interface Law {
  /** Commands beside the usual ones. */
  readonly commands: Weights
  /** What a program may do besides. */
  readonly wrong?: Wrong
  /** Asked at each quiet instant of a run. */
  readonly atRest?: (world: World) => void
  /** Asked after a run. Returns what was broken. */
  readonly after: (world: World, script: Script) => string[] | Promise<string[]>
}

const crashes: Weights = { crash: 1, takeover: 1, join: 1, fault: 1, scope: 1 }

const laws: Record<string, Law> = {
  'law 1: every accepted execution ends once, and record, event and result agree': {
    commands: { ...crashes, call: 6 },
    after: async (world) => [...(await oneEnd(world)), ...cancelsAreTrue(world), ...(await endsAreLast(world))],
  },
  'law 2: no slot is lost or given twice, and the queue adds up': {
    commands: { crash: 1, fault: 1, scope: 1 },
    atRest: countsAgree,
    after: async (world, { streams }) => [
      ...neverMoreThanTheLimit(
        world,
        streams.map(({ options }) => options.maxConcurrent),
      ),
      ...(await countsAtTheEnd(world)),
    ],
  },
  'law 3: what was committed never runs again, wherever the process is killed': {
    commands: { ...crashes, crash: 4, pause: 4, resume: 4 },
    after: restart,
  },
  'law 4: nothing is seen before its cause is durable': { commands: crashes, after: outputCommit },
  'law 5: nothing that was acknowledged is lost, and nothing goes backwards': {
    commands: { ...crashes, send: 8 },
    after: async (world) => [...(await noLoss(world)), ...(await nothingForgotten(world))],
  },
  'law 7: an owner that was taken over neither commits nor lets anything out': {
    commands: { ...crashes, takeover: 4 },
    after: fencing,
  },
  'law 8: every answer is true, and a command may be repeated': {
    commands: { ...crashes, pause: 4, call: 6 },
    after: async (world) => [...truthfulAnswers(world), ...(await repeatsAreIdle(world))],
  },
  'law 9: what fails is told, and the execution kept': {
    commands: { ...crashes, fault: 3, badSend: 1, badTrigger: 1 },
    wrong: 'poison',
    after: async (world) => [...nothingSilent(world), ...(await oneEnd(world))],
  },
  'law 1, where code of the program throws or rejects: nothing goes on after its end': {
    commands: { crash: 1, call: 4 },
    wrong: 'throws',
    atRest: nothingLivesOn,
    after: async (world) => [...(await oneEnd(world)), ...restart(world), ...leavesFirst(world)],
  },
  'law 2, where code of the program throws or rejects: no slot is lost': {
    commands: { crash: 1, scope: 1 },
    wrong: 'throws',
    atRest: countsAgree,
    after: countsAtTheEnd,
  },
}

async function holds(place: Place, { commands, wrong, atRest, after }: Law): Promise<void> {
  const run = async (script: Script) => {
    const store = makePlace[place]()
    try {
      // with a line taken out, only its own law is asked
      const look = (at: World) => (nothingLivesOn(at), atRest?.(at))
      const world = await World.run(script, store, process.env['MUTATION'] === undefined ? look : atRest)
      const broken = [
        ...world.findings,
        ...(process.env['MUTATION'] === undefined ? await ofAnyRun(world) : []),
        ...(await after(world, script)),
      ]
      expect([...new Set(broken)].join('\n')).toBe('')
    } finally {
      await store.remove()
    }
  }
  await fc.assert(fc.asyncProperty(scripts(commands, wrong), run), parameters(place))
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
