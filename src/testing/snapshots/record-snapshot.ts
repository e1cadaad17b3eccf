/**
 * Makes the snapshot of an execution from its record and what is known beside it.
 *
 * Owns: which parts of a record are kept, and that every time is relative. Talks to: `program-snapshot.ts` for the program's
 * parts, `normal-form.ts` for values. Reads nothing itself: `execution-snapshot.ts` does.
 */
import type { ExecutionRecord } from '../../actors/execution/execution-record.js'
import type { RuntimeEvent } from '../../events/runtime-event.js'
import type { Intervention, Limits } from '../../events/execution-events.js'
import { isTerminal } from '../../events/execution-status.js'
import type { ErrorRecord } from '../../errors.js'
import { decode } from '../../codec/snapshot-codec.js'
import type { InboxMessage } from '../../persistence/snapshot-store.js'
import { passed, remaining } from './coarse-time.js'
import { normalForm } from './normal-form.js'
import { childSnapshots, numberedActors, orderedValue, stepSnapshots, timerSnapshots } from './program-snapshot.js'
import {
  marked,
  type EventSnapshot,
  type ExecutionSnapshot,
  type InboxSnapshot,
  type InterventionSnapshot,
  type RanSnapshot,
  type StartedSnapshot,
} from './snapshot-form.js'
import { StandIns } from './stand-ins.js'

/** What is known of an execution beside its record. */
export interface RecordSurroundings {
  /** In ms since the epoch; default the time of the last commit. */
  readonly now?: number
  /** How coarse times are taken, in ms; default 1. */
  readonly precision?: number
  /** Of its journal, oldest first, with a greater `seq` than `since`; default none. */
  readonly events?: readonly RuntimeEvent[]
  /** Default 0. */
  readonly since?: number
  /** What stands in its inbox, in order; default nothing. */
  readonly inbox?: readonly InboxMessage[]
  /** Those that its steps started; default none. */
  readonly executions?: readonly ExecutionRecord[]
  /** How often its steps were called; default unknown. */
  readonly ran?: readonly RanSnapshot[]
  /** The names of all actors that there are, so that a wrong one is told from one that did not run. */
  readonly actors?: ReadonlySet<string>
}

/**
 * The snapshot of a record that you have. Its own id becomes `<id>`, those that its steps started `<id:2>`, `<id:3>` in
 * the order of acceptance, its starter's `<parent>`. So they do inside of texts: those that a runtime made wherever they
 * stand, those that somebody chose where no letter or digit stands beside them.
 *
 * Times become milliseconds since the acceptance, or until something is due. What a program keeps of clocks and random
 * sources in its own context stands as it is. Errors: `corrupt` for a message of the inbox that can not be read.
 *
 * @example
 * ```ts
 * const record = await execution.get()
 * if ('revision' in record) console.log(snapshotOfRecord(record).value) // prints open
 * ```
 */
export function snapshotOfRecord(record: ExecutionRecord, surroundings: RecordSurroundings = {}): ExecutionSnapshot {
  const { now = record.updatedAt, precision = 1, events = [], inbox = [], ran } = surroundings
  const executions = (surroundings.executions ?? []).toSorted((a, b) => a.acceptedAt - b.acceptedAt || (a.id < b.id ? -1 : 1))
  const { snapshot: program = { status: 'active' }, id, status, context, output, error, pause, cancel } = record
  const standIns = new StandIns(
    new Map([
      ...numberedActors(record.snapshot),
      ...executions.map((execution, index) => [execution.id, `<id:${index + 2}>`] as const),
      ...(record.parentId === null ? [] : [[record.parentId, '<parent>'] as const]),
      [id, '<id>'],
    ]),
  )
  const live = !isTerminal(status)
  const sinceAccepted = (at: number) => passed(at - record.acceptedAt, precision)
  const value = orderedValue(record.value)
  const form: ExecutionSnapshot = {
    id: '<id>',
    entryPoint: record.entryPoint,
    status,
    attempt: record.attempt,
    ...(record.idempotencyKey === null ? {} : { idempotencyKey: standIns.in(record.idempotencyKey) }),
    ...(value === undefined ? {} : { value }),
    ...(context === undefined ? {} : { context: normalForm(context, standIns) }),
    steps: Object.freeze(live ? stepSnapshots(program, record.steps, standIns, record.entryPoint) : []),
    children: childSnapshots(program, record.steps, standIns),
    executions: Object.freeze(executions.map((execution) => startedSnapshot(execution, standIns))),
    timers: Object.freeze(live ? timerSnapshots(program, record.timers, standIns, { now, precision }) : []),
    limits: Object.freeze(live ? leftOf(record, now, precision) : {}),
    inbox: Object.freeze(inbox.map((message) => inboxSnapshot(message, standIns))),
    events: Object.freeze(events.map((event) => eventSnapshot(event, sinceAccepted, standIns))),
    ...(pause ? { pause: interventionSnapshot(pause, sinceAccepted, standIns) } : {}),
    ...(cancel ? { cancel: interventionSnapshot(cancel, sinceAccepted, standIns) } : {}),
    ...(output === undefined ? {} : { output: normalForm(output, standIns) }),
    ...(error ? { error: normalForm(error, standIns) as ErrorRecord } : {}),
    ...(ran ? { ran: Object.freeze(ran.map(({ step, times }) => Object.freeze({ step, times }))) } : {}),
  }
  const seq = events.at(-1)?.seq ?? surroundings.since ?? 0
  return marked(form, { of: id, seq, ...(surroundings.actors ? { actors: surroundings.actors } : {}) })
}

function startedSnapshot(
  { id, entryPoint, status, value, idempotencyKey }: ExecutionRecord,
  standIns: StandIns,
): StartedSnapshot {
  return Object.freeze({
    id: standIns.in(id),
    entryPoint,
    status,
    ...(value === undefined ? {} : { value: orderedValue(value) as NonNullable<StartedSnapshot['value']> }),
    ...(idempotencyKey === null ? {} : { idempotencyKey: standIns.in(idempotencyKey) }),
  })
}

const names = {
  queueUntil: 'queueTimeout',
  timeoutAt: 'timeout',
  deadlineAt: 'deadline',
  retryAt: 'retry',
  stopBy: 'stop',
} satisfies Record<keyof Limits, string>

/** What is left of the limits; those of the run and of the queue stand still in a pause. */
function leftOf({ limits, pause }: ExecutionRecord, now: number, precision: number): Record<string, number> {
  const entries = Object.entries(limits as Record<keyof Limits, number>) as [keyof Limits, number][]
  const from = (name: keyof Limits) => (name === 'timeoutAt' || name === 'queueUntil' ? (pause?.at ?? now) : now)
  return Object.fromEntries(entries.map(([name, at]) => [names[name], remaining(at - from(name), precision)]))
}

function inboxSnapshot({ executionId: id, kind, payload }: InboxMessage, standIns: StandIns): InboxSnapshot {
  const message = decode<{ readonly type: string }>(payload, { id, what: kind })
  return Object.freeze(kind === 'event' ? { event: normalForm(message, standIns) } : { command: message.type })
}

function eventSnapshot({ type, at, data }: RuntimeEvent, since: (at: number) => number, standIns: StandIns): EventSnapshot {
  const known = isProgramData(type) ? data : withoutTimes(data)
  return Object.freeze({ at: since(at), type, ...(known === undefined ? {} : { data: normalForm(known, standIns) }) })
}

/** What comes from a program may have an `at` of its own. */
const isProgramData = (type: string) => /^execution\.(emitted|progress|completed)$/.test(type)

/** An intervention without its time, which its event has as well; undefined if nothing else is left of it. */
function withoutTimes(data: unknown): unknown {
  if (typeof data !== 'object' || data === null) return data
  const { at: _, intervention, ...rest } = data as { readonly at?: unknown; readonly intervention?: unknown }
  const who = withoutTimes(intervention)
  const kept = who === undefined ? rest : { ...rest, intervention: who }
  return Object.keys(kept).length === 0 ? undefined : kept
}

function interventionSnapshot(
  intervention: Intervention,
  since: (at: number) => number,
  standIns: StandIns,
): InterventionSnapshot {
  return Object.freeze({ ...(normalForm(intervention, standIns) as InterventionSnapshot), at: since(intervention.at) })
}
