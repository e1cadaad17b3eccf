/**
 * Takes the snapshot of an execution from the store that it lives on.
 *
 * Owns: which reads that needs, and their order. What a snapshot is made of is decided in `record-snapshot.ts`.
 */
import { executionRecord, type ExecutionRecord } from '../../actors/execution/execution-record.js'
import { runtimeEvent } from '../../actors/supervisor/journal-feed.js'
import type { RuntimeEvent } from '../../events/runtime-event.js'
import { WallClock } from '../../wall-clock.js'
import { systemClock } from '../../clock.js'
import { StatewardError } from '../../errors.js'
import { portKey, type ExecutionHandle } from '../../runtime/execution-handle.js'
import type { ExecutionPage, SnapshotStore } from '../../persistence/snapshot-store.js'
import { actorNamesOf, testRuntimeOf } from '../world/test-runtime.js'
import type { StepCall } from '../world/step-calls.js'
import { snapshotOfRecord } from './record-snapshot.js'
import { isExecutionSnapshot, originOf, type ExecutionSnapshot, type RanSnapshot } from './snapshot-form.js'

/** Which part of an execution's journal a snapshot shows, and how coarse its times are. */
export interface SnapshotOptions {
  /** Events after this `seq`, or after those that an earlier snapshot shows; default all. */
  readonly since?: number | ExecutionSnapshot
  /** Times are taken in whole units of so many ms; default 1, and 1,000 where the clock of the machine runs. */
  readonly precision?: number
}

/** What of a runtime is needed. */
interface Runtimes {
  execution(id: string): ExecutionHandle
}

const PAGE = 500

/**
 * The snapshot of an execution as of its last commit, whichever runtime and process holds it.
 *
 * One of a test runtime comes to rest first, as by `settle()`; of another runtime, see to it that it rests: record, journal
 * and inbox are read one after the other. Errors: `not_found`, `invalid_id`, `invalid_option`, `store_failed`; `stuck`, as `settle()`.
 *
 * @example
 * ```ts
 * const before = await executionSnapshot(runtime, execution)
 * await execution.send({ type: 'APPROVE' })
 * const after = await executionSnapshot(runtime, execution.id, { since: before })
 * console.log(before.status, before.value) // prints waiting open
 * console.log(after.events.map(({ type }) => type)) // prints [ 'execution.completed' ]
 * ```
 */
export async function executionSnapshot(
  runtime: Runtimes,
  execution: string | ExecutionHandle,
  options: SnapshotOptions = {},
): Promise<ExecutionSnapshot> {
  return snapshotOf(runtime.execution(typeof execution === 'string' ? execution : execution.id), options)
}

/**
 * The snapshot of the execution behind a handle.
 *
 * As `executionSnapshot`, by way of the runtime that made the handle. Errors: `not_found`, `store_failed`, `stuck`, `invalid_option`.
 *
 * @example
 * ```ts
 * const snapshot = await snapshotOf(execution)
 * console.log(formatExecution(snapshot).split('\n')[0]) // prints execution <id> of tickets: waiting in open
 * ```
 */
export async function snapshotOf(handle: ExecutionHandle, options: SnapshotOptions = {}): Promise<ExecutionSnapshot> {
  const { id } = handle
  const since = seqOf(id, options.since)
  const { precision: asked } = options
  if (asked !== undefined && !(Number.isFinite(asked) && asked > 0)) throw refused('precision', 'a number of ms above 0')
  const world = testRuntimeOf(handle)
  await world?.settle()
  const { store, clock } = await handle[portKey].storage()
  const stored = await store.load(id)
  if (!stored) {
    const absence = await store.absence(id)
    throw new StatewardError('not_found', `There is no execution ${id}${absence === 'expired' ? ' any more' : ''}.`, {
      details: { id },
    })
  }
  const isReal = clock === systemClock || (clock instanceof WallClock && clock.isOf(systemClock))
  const precision = asked ?? (isReal ? 1_000 : 1)
  const actors = actorNamesOf(handle)
  return snapshotOfRecord(executionRecord(stored), {
    now: clock.now(),
    precision,
    events: await journal(store, id, since),
    since,
    inbox: await store.inbox({ execution: id }),
    executions: await startedBy(store, id),
    ...(actors ? { actors } : {}),
    ...(world ? { ran: counted(world.calls.filter(({ execution }) => execution === id)) } : {}),
  })
}

/** The last event that is not shown. Infinity shows none. */
function seqOf(id: string, since: SnapshotOptions['since'] = 0): number {
  if (isExecutionSnapshot(since)) {
    const { of, seq } = originOf(since)
    if (of !== id) throw refused('since', `an earlier snapshot of ${id}, not one of ${of}`)
    return seq
  }
  if (typeof since === 'number' && since >= 0) return since
  throw refused('since', 'the `seq` of an event, or an earlier snapshot itself, not a copy')
}

function refused(option: string, wanted: string): StatewardError {
  return new StatewardError('invalid_option', `A snapshot's \`${option}\` must be ${wanted}.`, { details: { option } })
}

/** Every execution that a step of this one started. */
async function startedBy(store: SnapshotStore, parentId: string): Promise<ExecutionRecord[]> {
  const records: ExecutionRecord[] = []
  for (let next: { readonly cursor?: string } | undefined = {}; next;) {
    const { executions, cursor }: ExecutionPage = await store.query({ parentId, limit: PAGE, ...next })
    records.push(...executions.map(executionRecord))
    next = cursor === undefined ? undefined : { cursor }
  }
  return records
}

/** What the journal of an execution holds by now. */
async function journal(store: SnapshotStore, execution: string, since: number): Promise<RuntimeEvent[]> {
  const events: RuntimeEvent[] = []
  for (;;) {
    const page = await store.events({ since: events.at(-1)?.seq ?? since, execution, limit: PAGE })
    events.push(...page.map(runtimeEvent))
    if (page.length < PAGE) return events
  }
}

/** How often each step was called, in the order of the first calls. */
function counted(calls: readonly StepCall[]): RanSnapshot[] {
  const times = new Map<string, number>()
  for (const { step } of calls) times.set(step, (times.get(step) ?? 0) + 1)
  return [...times].map(([step, count]) => ({ step, times: count }))
}
