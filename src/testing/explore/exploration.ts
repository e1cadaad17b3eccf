/**
 * One exploration: undisturbed runs first, then disturbed ones, each compared.
 *
 * Owns: the budget, that two undisturbed runs come to the same before anything is concluded, and the report.
 */
import { StatewardError, toErrorRecord } from '../../errors.js'
import { shortText } from '../world/readable.js'
import type { Difference } from './differences.js'
import { breaches, differences } from './differences.js'
import { causeOf } from './cause-rules.js'
import type { Cause } from './cause.js'
import {
  ExplorationError,
  explorationFailure,
  explorationReport,
  type ExplorationFailure,
  type ExplorationReport,
} from './report.js'
import { run, scenarioFailed, type Disturbance, type Run } from './run.js'
import type { ExplorationOptions } from './exploration-options.js'
import type { Explored } from './scenario.js'
import { statewardHost } from './stateward-host.js'

/** More are not collected: the smallest are what helps. */
const MOST_FAILURES = 10

/** What is explored, and how two of its runs are compared. */
export interface ExplorationPlan {
  readonly what: ExplorationReport['what']
  readonly explored: Explored
  readonly scenario: (runtime: never) => unknown
  readonly options: ExplorationOptions
  readonly compare: (expected: Run, actual: Run) => Difference[]
}

/** Runs and compares. */
export class Exploration {
  readonly #what: ExplorationReport['what']
  readonly #explored: Explored
  readonly #scenario: (runtime: never) => unknown
  readonly #options: ExplorationOptions
  readonly #compare: (expected: Run, actual: Run) => Difference[]
  readonly #failures: ExplorationFailure[] = []
  #undisturbed!: Run
  #runs = 0
  #leftOut = 0
  #accepted = 0
  #unreached = 0

  constructor({ what, explored, scenario, options, compare }: ExplorationPlan) {
    for (const name of ['budget', 'pairs'] as const) {
      const value = options[name]
      if (value !== undefined && !(Number.isInteger(value) && value >= 0)) throw notWhole(name, value)
    }
    this.#what = what
    this.#explored = explored
    this.#scenario = scenario
    this.#options = options
    this.#compare = compare
  }

  get hasFailed(): boolean {
    return this.#failures.length > 0
  }

  /** The undisturbed run. Two of them must have the same outcome. Throws if the scenario fails by itself. */
  async begin(): Promise<Run> {
    const first = await this.#run([])
    if (first.failure) throw scenarioFailed(first)
    if (first.points.length === 0) throw nothingHappens()
    this.#undisturbed = first
    const wrong = breaches(first)
    if (wrong.length > 0) {
      this.#fail(first, wrong)
      return first
    }
    const second = await this.#run([])
    const found = differences(first, second)
    if (found.length > 0) this.#fail(second, found, randomCause(first, second, found))
    else this.#check(second)
    const storable = Object.values(first.executions).some(({ error }) => error?.code === 'not_storable')
    if (storable && !this.hasFailed) this.#fail(second, [])
    return first
  }

  /** A disturbed run, compared; undefined past the budget, or once there are failures enough. */
  async disturb(plan: readonly Disturbance[]): Promise<Run | undefined> {
    if (this.#runs >= (this.#options.budget ?? 1_000)) return void this.#leftOut++
    if (this.#failures.length >= MOST_FAILURES || this.#failures[0]?.actual.plan.length === 0) return undefined
    const actual = await this.#run(plan)
    if (actual.done.length < plan.length) this.#unreached++
    const found = [...breaches(actual), ...this.#compare(this.#undisturbed, actual)]
    if (found.length > 0) this.#fail(actual, found, await this.#memoryLost(actual, found))
    else this.#check(actual)
    return actual
  }

  /** The report; rejects with it if anything came out otherwise. */
  end(): ExplorationReport {
    const report = explorationReport({
      what: this.#what,
      host: (this.#options.host ?? statewardHost).name,
      undisturbed: this.#undisturbed,
      points: this.#undisturbed.points.length,
      runs: this.#runs,
      leftOut: this.#leftOut,
      accepted: this.#accepted,
      unreached: this.#unreached,
      failures: this.#failures.toSorted((a, b) => a.actual.plan.length - b.actual.plan.length),
    })
    if (report.failures.length > 0) throw new ExplorationError(report)
    return report
  }

  #run(plan: readonly Disturbance[], isFresh = this.#options.fresh === 'process'): Promise<Run> {
    this.#runs++
    const { host = statewardHost, seed = 1, store } = this.#options
    return run(host, this.#explored, this.#scenario, { plan, seed, store, fresh: isFresh })
  }

  /** Where processes that share the memory of their machines come to the same as undisturbed, that memory is the cause. */
  async #memoryLost(actual: Run, found: readonly Difference[]): Promise<Cause | undefined> {
    if (this.#options.fresh !== 'process' || typeof this.#explored !== 'function' || found[0] === undefined) return undefined
    const shared = await this.#run(actual.plan, false)
    if (breaches(shared).length > 0 || this.#compare(this.#undisturbed, shared).length > 0) return undefined
    return memoryLost(found.find(({ path }) => path.startsWith('context')) ?? found[0])
  }

  #check(actual: Run): void {
    try {
      this.#options.invariant?.(actual)
    } catch (error) {
      const { name, message } = toErrorRecord(error)
      const broken: Cause = {
        code: 'unknown',
        execution: null,
        where: 'invariant',
        message: `The invariant does not hold: ${name}: ${message}`,
      }
      this.#fail(actual, [{ execution: null, path: 'invariant', expected: 'holds', actual: message }], broken)
    }
  }

  #fail(actual: Run, found: readonly Difference[], cause?: Cause): void {
    const failure = explorationFailure(this.#undisturbed, actual, found, cause)
    if (this.#options.accept?.includes(failure.cause.code)) this.#accepted++
    else this.#failures.push(failure)
  }
}

/** Two undisturbed runs that differ: whatever else may fit, something is random. */
function randomCause(expected: Run, actual: Run, found: readonly Difference[]): Cause {
  const cause = causeOf({ expected, actual, differences: found })
  // an error that names what it refuses is none of chance, though its text may differ
  if (cause.code === 'randomness' || cause.code === 'not_storable') return cause
  const [first] = found
  return {
    code: 'randomness',
    execution: first?.execution ?? null,
    where: first?.path ?? '',
    message: `Two runs that nobody disturbed do not come to the same: ${first?.path} differs. The scenario, a step or a machine is random, counts what outlives a run, or reads the clock. Give the machine fresh surroundings (pass a function that makes the entry point), mock the step, or take the value from the input.`,
  }
}

function memoryLost({ execution, path, expected, actual }: Difference): Cause {
  return {
    code: 'memory_lost',
    execution,
    where: path,
    message: `${path} is ${shortText(actual)} instead of ${shortText(expected)} where each process makes its machines anew, and the same where they share a memory: something is kept outside of the context, in a variable that a guard, an action or a step closes over, and a process takes it along when it goes. Keep it in the context, or ask for it in a step.`,
  }
}

function nothingHappens(): StatewardError {
  return new StatewardError(
    'invalid_option',
    'The scenario comes to no point at which it could be disturbed: it triggers nothing. `await` what it does with the runtime.',
    { details: { option: 'scenario' } },
  )
}

function notWhole(option: string, value: number): StatewardError {
  return new StatewardError('invalid_option', `An exploration's \`${option}\` is ${value}; it must be a whole number from 0.`, {
    details: { option, value },
  })
}
