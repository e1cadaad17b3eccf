/**
 * The nine laws as properties of runs: what a run is made of, and what is asked of it.
 *
 * Owns: which questions belong to which law, and those that are asked of every run, whatever it was made for.
 */
import type { StorePlace } from '../support/store-place.js'
import { nothingSilent, repeatsAreIdle, truthfulAnswers } from './law-answers.js'
import { fencing, noLoss, nothingForgotten, oneEnd, outputCommit, restart } from './law-checks.js'
import { firesHold } from './law-fires.js'
import { gathersHold } from './law-gathers.js'
import { limitsHold, permitsAreGiven } from './law-limits.js'
import { countsAgree, countsAtTheEnd, neverMoreThanTheLimit } from './law-conservation.js'
import { answersHold, commandsHold } from './law-commands.js'
import { allEnd, cancelsAreTrue, endsAreLast, goneAtTheEnd, innocentsLive, leavesFirst, nothingLivesOn } from './law-ends.js'
import { timersAreTrue, timersCome } from './law-timers.js'
import type { Script, Started, Weights, Wrong } from './script.js'
import { World } from './world.js'

/** One property. */
export interface Law extends Started {
  /** Commands beside the usual ones. */
  readonly commands: Weights
  /** What a program may do besides. */
  readonly wrong?: Wrong
  /** Asked at each quiet instant of a run. */
  readonly atRest?: (world: World) => void
  /** Asked after a run. Returns what was broken. */
  readonly after: (world: World, script: Script) => string[] | Promise<string[]>
}

const crashes: Weights = { crash: 1, takeover: 1, join: 1, fault: 1, scope: 1, jump: 2 }

/** By what they say. Law 6 compares two runs, and stands in `isolation.ts`. */
export const laws: Readonly<Record<string, Law>> = {
  'law 1: every accepted execution ends once, and record, event and result agree': {
    commands: { ...crashes, call: 6 },
    after: async (world) => [
      ...(await oneEnd(world)),
      ...cancelsAreTrue(world),
      ...(await endsAreLast(world)),
      ...goneAtTheEnd(world),
    ],
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
    atRest: timersCome,
    after: async (world) => [
      ...allEnd(world),
      ...(await noLoss(world)),
      ...(await nothingForgotten(world)),
      ...timersAreTrue(world),
    ],
  },
  'law 7: an owner that was taken over neither commits nor lets anything out': {
    commands: { ...crashes, takeover: 4 },
    after: fencing,
  },
  'law 8: every answer is true, and a command may be repeated': {
    commands: { ...crashes, pause: 4, call: 6 },
    atRest: commandsHold,
    after: async (world) => [...truthfulAnswers(world), ...answersHold(world), ...(await repeatsAreIdle(world))],
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
  'law 1, where an execution ends each process that runs it: the others come to their ends': {
    commands: { trigger: 8 },
    wrong: 'kills',
    after: async (world) => [...(await oneEnd(world)), ...innocentsLive(world)],
  },
  'law 1, of what fires: each tick, event and delivery has one execution, and each event stands in the journal once': {
    commands: { crash: 2, takeover: 2, join: 1, fault: 2, scope: 1, publish: 8, deliver: 8, wait: 4, advance: 5 },
    isFired: true,
    after: (world, { fires }) => (fires ? firesHold(world, fires) : []),
  },
  'law 1, of what fires where clocks are set: each event and delivery has one execution, and ticks go on': {
    commands: { crash: 2, takeover: 1, join: 1, fault: 1, scope: 1, publish: 4, deliver: 4, advance: 6, jump: 4 },
    isFired: true,
    after: (world, { fires }) => (fires ? firesHold(world, fires) : []),
  },
  'law 2, of keys and rates: no limit is passed, and nobody waits for a permit that is free': {
    commands: { trigger: 12, crash: 2, takeover: 1, join: 1, fault: 1, scope: 1 },
    isLimited: true,
    atRest: permitsAreGiven,
    after: limitsHold,
  },
  'law 5, of what gathers: each trigger that was acknowledged is in the one execution that was named, once': {
    commands: {
      gather: 14,
      trigger: 1,
      later: 1,
      step: 2,
      send: 2,
      advance: 5,
      crash: 2,
      takeover: 2,
      join: 2,
      fault: 2,
      scope: 1,
    },
    isGathered: true,
    after: (world, { gathers }) => (gathers ? gathersHold(world, gathers) : []),
  },
  'law 2, where code of the program throws or rejects: no slot is lost': {
    commands: { crash: 1, scope: 1 },
    wrong: 'throws',
    atRest: countsAgree,
    after: countsAtTheEnd,
  },
}

/** Runs a script and returns what it broke of a law, in words. `isAlone`: of that law only, and not of any other. */
export async function brokenIn(script: Script, place: StorePlace, law: Law, isAlone = false): Promise<string[]> {
  const look = (world: World) => (nothingLivesOn(world), commandsHold(world), timersCome(world), law.atRest?.(world))
  const world = await World.run(script, place, isAlone ? law.atRest : look)
  return [...new Set([...world.findings, ...(isAlone ? [] : await ofAnyRun(world)), ...(await law.after(world, script))])]
}

/** What is asked of every run. */
async function ofAnyRun(world: World): Promise<string[]> {
  return [
    ...allEnd(world),
    ...restart(world),
    ...outputCommit(world),
    ...(await noLoss(world)),
    ...fencing(world),
    ...truthfulAnswers(world),
    ...answersHold(world),
    ...timersAreTrue(world),
    ...leavesFirst(world),
    ...cancelsAreTrue(world),
    ...goneAtTheEnd(world),
    ...(await endsAreLast(world)),
  ]
}
