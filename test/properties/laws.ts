/** What is asked of every run, whatever it was made for. Owns which questions these are. */
import { truthfulAnswers } from './law-answers.js'
import { fencing, noLoss, outputCommit, restart } from './law-checks.js'
import { cancelsAreTrue, endsAreLast, leavesFirst } from './law-ends.js'
import type { World } from './world.js'

/** Returns what was broken, in words. */
export async function ofAnyRun(world: World): Promise<string[]> {
  return [
    ...restart(world),
    ...outputCommit(world),
    ...(await noLoss(world)),
    ...fencing(world),
    ...truthfulAnswers(world),
    ...leavesFirst(world),
    ...cancelsAreTrue(world),
    ...(await endsAreLast(world)),
  ]
}
