/**
 * What an exploration found.
 *
 * Owns: the report, in data and in words, and the error that carries one of a scenario that did not survive.
 */
import { StatewardError } from '../../errors.js'
import { shortText } from '../world/readable.js'
import { causeOf } from './cause-rules.js'
import type { Cause } from './cause.js'
import type { Difference } from './differences.js'
import { describePlan, type Run } from './run.js'
import { sideBySide } from './side-by-side.js'

/** One run that came out otherwise. */
export interface ExplorationFailure {
  /** What was done, and where: `crash before commit 3 of order-1`. */
  readonly at: string
  readonly cause: Cause
  readonly differences: readonly Difference[]
  readonly expected: Run
  readonly actual: Run
  /** All of it in words, with the two stories side by side. */
  toString(): string
}

/** What came of one exploration. */
export interface ExplorationReport {
  readonly what: 'crashes' | 'pauses' | 'cancels' | 'restarts'
  readonly host: string
  /** How the scenario comes out by itself. */
  readonly undisturbed: Run
  /** The points of the undisturbed run. */
  readonly points: number
  /** How many runs there were, the undisturbed ones included. */
  readonly runs: number
  /** Points, or pairs of them, that the budget left out. */
  readonly leftOut: number
  /** Runs that came out otherwise for a cause that is accepted. */
  readonly accepted: number
  /** Runs that did not reach the point of their disturbance. */
  readonly unreached: number
  /** The smallest first: one disturbance before two, and the earliest. */
  readonly failures: readonly ExplorationFailure[]
  toString(): string
}

/** A failure of two runs that should have had the same outcome. */
export function explorationFailure(
  expected: Run,
  actual: Run,
  differences: readonly Difference[],
  cause?: Cause,
): ExplorationFailure {
  const failure = {
    at: describePlan(actual),
    cause: cause ?? causeOf({ expected, actual, differences }),
    differences,
    expected,
    actual,
  }
  return Object.defineProperty(failure, 'toString', { value: () => words(failure) }) as ExplorationFailure
}

function words({ at, cause, differences, expected, actual }: Omit<ExplorationFailure, 'toString'>): string {
  const shown = differences.slice(0, 8).map(({ execution, path, expected: a, actual: b }) => {
    return `  ${execution === null ? '' : `${execution}: `}${path} is ${shortText(b)} instead of ${shortText(a)}`
  })
  if (differences.length > shown.length) shown.push(`  and ${differences.length - shown.length} more`)
  return [
    `${at}: ${cause.code}`,
    `  ${cause.message}`,
    ...shown,
    '',
    sideBySide(expected.history.lines, actual.history.lines, ['undisturbed', at]),
  ].join('\n')
}

/** A report that reads as text. */
export function explorationReport(report: Omit<ExplorationReport, 'toString'>): ExplorationReport {
  return Object.defineProperty({ ...report }, 'toString', { value: () => summary(report) }) as ExplorationReport
}

function summary({
  what,
  host,
  points,
  runs,
  leftOut,
  accepted,
  unreached,
  failures,
}: Omit<ExplorationReport, 'toString'>): string {
  const extent = `${runs} runs over ${points} points on ${host}`
  const gaps = [
    ...(leftOut > 0 ? [`${leftOut} left out by the budget`] : []),
    ...(accepted > 0 ? [`${accepted} differ for causes that are accepted`] : []),
    ...(unreached > 0 ? [`${unreached} came to their end before the point`] : []),
  ]
  const head = `${what}: ${extent}${gaps.length === 0 ? '' : ` (${gaps.join(', ')})`}`
  const [smallest] = failures
  if (!smallest) return `${head}: survived`
  const others = [...new Set(failures.slice(1).map(({ cause, at }) => `${cause.code} at ${at}`))].slice(0, 5)
  return [
    `${head}: ${failures.length} came out otherwise. The smallest:`,
    String(smallest),
    ...(others.length === 0 ? [] : ['', `Also: ${others.join('; ')}`]),
  ].join('\n')
}

/** A scenario did not survive; `report` says all, the message the smallest failure. Code `exploration_failed`. */
export class ExplorationError extends StatewardError {
  readonly report: ExplorationReport

  constructor(report: ExplorationReport) {
    const [smallest] = report.failures
    super('exploration_failed', String(report), {
      details: { what: report.what, failures: report.failures.length, at: smallest?.at, cause: smallest?.cause },
    })
    this.report = report
  }
}
