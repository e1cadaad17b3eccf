/**
 * One run of a scenario, with what was done at which of its points.
 *
 * Owns: carrying out a plan, and the outcome of a run. The same scenario with the same plan has the same outcome.
 */
import { StatewardError, toErrorRecord, type ErrorRecord } from '../../errors.js'
import type { Breach } from '../world/commit-oracle.js'
import { History } from '../world/history.js'
import { describePoint, type Point } from '../world/points.js'
import type { StepCall } from '../world/step-calls.js'
import type { TestRuntimeOptions } from '../world/test-runtime-options.js'
import type { ExplorationCommand, ExplorationHost, ExplorationWorld, LossyValue, ObservedExecution } from './exploration-host.js'
import { withStallWatchdog } from './stall-watchdog.js'
import { canonical } from './canonical-ids.js'
import { entryPointsFor, type Explored } from './scenario.js'

/** What is done at a point. */
export interface Disturbance {
  /** The point's number; or after every commit. */
  readonly at: number | 'every commit'
  /** `restart`: the process stops as it should, and another one begins. `passivation`: the execution that came there leaves memory. */
  readonly what: 'crash' | 'restart' | 'passivation' | ExplorationCommand
}

/** How a scenario came out. */
export interface Run {
  readonly plan: readonly Disturbance[]
  /** The points at which disturbances happened; fewer than planned if the run did not reach them. */
  readonly done: readonly Point[]
  readonly points: readonly Point[]
  /** By name: the id, or where it was started by another execution. */
  readonly executions: Readonly<Record<string, ObservedExecution>>
  readonly calls: readonly StepCall[]
  /** What the scenario resolved with. */
  readonly returned: unknown
  /** What the scenario threw. */
  readonly failure: ErrorRecord | null
  readonly lossy: readonly LossyValue[]
  /** Steps that began as they must not: before their commit, or again after it. */
  readonly breaches: readonly Breach[]
  readonly history: History
}

/** Runs a scenario once. */
export async function run(
  host: ExplorationHost,
  explored: Explored,
  scenario: (runtime: never) => unknown,
  {
    plan,
    seed,
    store,
    fresh,
  }: {
    readonly plan: readonly Disturbance[]
    readonly seed: number
    readonly store?: (() => TestRuntimeOptions['store']) | undefined
    /** Whether each process makes its entry points anew. */
    readonly fresh?: boolean
  },
): Promise<Run> {
  const points: Point[] = []
  const done: Point[] = []
  const commands: Promise<unknown>[] = []
  const left = plan.filter(isOnce).toSorted((a, b) => a.at - b.at)
  const always = plan.find((disturbance) => !isOnce(disturbance))
  const world = host.begin({
    entryPoints: entryPointsFor(explored),
    seed,
    store: store?.(),
    fresh: fresh === true && typeof explored === 'function' ? () => entryPointsFor(explored) : undefined,
    onPoint: (point) => {
      points.push(point)
      const isCommit = point.kind === 'commit' && point.side === 'after'
      const disturbance = left[0]?.at === point.n ? left.shift() : isCommit ? always : undefined
      if (!disturbance) return
      done.push(point)
      const command = carryOut(world, disturbance, point)
      // it is awaited below
      command.catch(() => undefined)
      commands.push(command)
    },
  })
  const attended = <T>(work: Promise<T>) =>
    withStallWatchdog(work, { settle: () => world.settle(), moves: () => points.length + world.history().entries.length })
  let returned: unknown
  let failure: ErrorRecord | null = null
  try {
    returned = await attended(Promise.resolve(scenario(world.runtime as never)))
  } catch (error) {
    failure = withoutStack(toErrorRecord(error))
  }
  const come = async (ending: () => Promise<unknown>) => {
    await ending().catch((error: unknown) => (failure ??= withoutStack(toErrorRecord(error))))
  }
  await come(() => world.runToIdle())
  // what was begun at a point, and what that began
  for (let settled = 0; settled < commands.length;) {
    while (settled < commands.length) await come(() => attended(commands[settled++] as Promise<unknown>))
    await come(() => world.runToIdle())
  }
  const { executions, rename } = canonical(await world.observe())
  const result = {
    plan,
    done: rename(done),
    points: rename([...points]),
    executions,
    calls: rename([...world.calls]),
    returned,
    failure,
    lossy: world.lossy,
    breaches: rename([...world.breaches]),
    history: new History(rename([...world.history().entries])),
  }
  await world.end()
  return result
}

async function carryOut(world: ExplorationWorld, { what }: Disturbance, point: Point): Promise<void> {
  if (what === 'restart') return world.redeploy()
  if (what === 'passivation') return world.passivate(point.execution)
  if (what !== 'crash') return world.command(point.execution, what)
  world.crash()
  // when what came to the point has returned
  await Promise.resolve()
  await world.restart()
}

const isOnce = (disturbance: Disturbance): disturbance is Disturbance & { readonly at: number } =>
  typeof disturbance.at === 'number'

/** The points, by number, to which executions came that others had started. */
export function pointsOfChildren({ points, executions }: Run): number[] {
  return points.filter(({ execution }) => typeof executions[execution]?.parentId === 'string').map(({ n }) => n)
}

/** What was done, and where, for people. */
export function describePlan({ plan, done }: Pick<Run, 'plan' | 'done'>): string {
  if (plan.length === 0) return 'undisturbed'
  return plan
    .map(
      ({ what, at }, index) =>
        `${what} ${typeof at === 'string' ? `after ${at}` : done[index] ? describePoint(done[index]) : `at point ${at}, which was not reached`}`,
    )
    .join(', then ')
}

function withoutStack({ stack: _, ...record }: ErrorRecord): ErrorRecord {
  return record
}

/** A story of ordinary length as it is; of a longer one how it began and how it ended. */
function shortened(lines: readonly string[], most = 60): readonly string[] {
  if (lines.length <= most) return lines
  const half = most / 2
  return [...lines.slice(0, half), `… and ${lines.length - most} more …`, ...lines.slice(-half)]
}

/** The error of a scenario that fails by itself. */
export function scenarioFailed({ failure, history }: Run): StatewardError {
  return new StatewardError(
    'exploration_failed',
    `The scenario fails without any disturbance: ${failure?.name}: ${failure?.message}\n${shortened(history.lines).join('\n')}`,
    { details: { failure } },
  )
}
