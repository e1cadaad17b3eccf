/**
 * Adds up what became of the payloads: the same totals after any number of kills and restarts.
 *
 * Owns: counting. Whatever depends on how fast somebody was (reminders) or on kills (repetitions) is kept apart.
 */
import type { Ending, Outcome } from './outcome.js'
import { entryPointIds, type EntryPointId } from './payloads.js'

/** As much of an execution's record as is counted. */
export interface CountedExecution {
  readonly id: string
  readonly entryPoint: string
  readonly status: string
  readonly output?: unknown
}

/** As much of the runtime as is asked. */
export interface ExecutionsSource {
  executions(options: { entryPoint: EntryPointId; limit: number; cursor?: string }): Promise<{
    readonly executions: readonly CountedExecution[]
    readonly cursor?: string | null
  }>
}

/** What became of the payloads. */
export interface Totals {
  readonly executions: number
  /** By entry point, then status. */
  readonly statuses: Record<string, Record<string, number>>
  /** By kind, then ending. */
  readonly endings: Record<string, Record<Ending, number>>
  /** By name: how many steps are part of the outcomes. */
  readonly steps: Record<string, number>
  readonly labels: number
  readonly urgency: number
}

/** Reads every execution, page by page. */
export async function collect(source: ExecutionsSource): Promise<CountedExecution[]> {
  const all: CountedExecution[] = []
  for (const entryPoint of entryPointIds) {
    let cursor: string | undefined
    do {
      const page = await source.executions({ entryPoint, limit: 100, ...(cursor === undefined ? {} : { cursor }) })
      all.push(...page.executions)
      cursor = page.cursor ?? undefined
    } while (cursor !== undefined)
  }
  return all
}

/** The outcomes of those that completed. */
export function outcomesOf(executions: readonly CountedExecution[]): Outcome[] {
  return executions.filter(({ status }) => status === 'completed').map(({ output }) => output as Outcome)
}

/** Adds up. The order of the executions doesn't matter. */
export function addUp(executions: readonly CountedExecution[]): Totals {
  const statuses: Totals['statuses'] = {}
  const endings: Totals['endings'] = {}
  const steps: Totals['steps'] = {}
  for (const { entryPoint, status } of executions) {
    const counts = (statuses[entryPoint] ??= {})
    counts[status] = (counts[status] ?? 0) + 1
  }
  const outcomes = outcomesOf(executions)
  for (const outcome of outcomes) {
    const counts = (endings[outcome.kind] ??= { delivered: 0, declined: 0, ignored: 0 })
    counts[outcome.ending] += 1
    for (const step of outcome.steps) steps[step] = (steps[step] ?? 0) + 1
  }
  return {
    executions: executions.length,
    statuses,
    endings,
    steps,
    labels: outcomes.reduce((sum, { labels }) => sum + labels.length, 0),
    urgency: outcomes.reduce((sum, { urgency }) => sum + urgency, 0),
  }
}

/** How many ended like this, of all kinds. */
export function endingCount({ endings }: Totals, ending: Ending): number {
  return Object.values(endings).reduce((sum, counts) => sum + counts[ending], 0)
}
