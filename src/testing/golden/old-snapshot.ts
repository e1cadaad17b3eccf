/**
 * The forms in which an old snapshot is given to be checked.
 *
 * Owns: telling them apart, their names, and what each of them knows (a snapshot of XState's own knows neither its version
 * nor its timers). Does not look at the program that it is to fit.
 */
import type { ExecutionRecord } from '../../actors/execution/execution-record.js'
import type { PersistedProgram, ProgramRecord } from '../../actors/program/program-record.js'
import { StatewardError } from '../../errors.js'
import { isTerminal, type ExecutionStatus } from '../../events/execution-status.js'
import { programName } from './program-name.js'

/** What a golden file keeps of an execution in one of its states. */
export interface GoldenExecution {
  /** The state, such as `paying.charging`. */
  readonly name: string
  readonly status: ExecutionStatus
  readonly record: ProgramRecord
}

/** What `execution.get()` answers, what a golden file holds, or what XState's `getPersistedSnapshot()` gives. */
export type OldSnapshot = ExecutionRecord | GoldenExecution | PersistedProgram

/** Old snapshots: one, many, or many by name. */
export type OldSnapshots =
  | OldSnapshot
  | Iterable<OldSnapshot>
  | AsyncIterable<OldSnapshot>
  | Readonly<Record<string, OldSnapshot>>

/** An old snapshot in the form in which a runtime would find it. */
export interface OldProgram {
  readonly name: string
  /** Undefined: it had not started, and would start afresh. */
  readonly record: ProgramRecord | undefined
  /** The entry point that it was stored under, if it says so. */
  readonly entryPoint?: string
  /** True if nothing of it will ever run again. */
  readonly isOver: boolean
  /** False: its version and hash were not told. */
  readonly hasOrigin: boolean
  /** False: whether timers were set was not told. */
  readonly hasTimers: boolean
}

/** The given ones in their order, each with a name of its own. Throws `invalid_option` for what is none. */
export async function* oldPrograms(given: OldSnapshots): AsyncGenerator<OldProgram, void> {
  const taken = new Map<string, number>()
  for await (const [key, old] of entriesOf(given)) {
    const program = programOf(old, key)
    const times = (taken.get(program.name) ?? 0) + 1
    taken.set(program.name, times)
    yield times === 1 ? program : { ...program, name: `${program.name} (${times})` }
  }
}

async function* entriesOf(given: OldSnapshots): AsyncGenerator<readonly [string | undefined, OldSnapshot], void> {
  if (isGolden(given) || isRecord(given) || isPersisted(given)) yield [undefined, given]
  else if (isIterable(given)) for await (const old of given) yield [undefined, old]
  else yield* Object.entries(given)
}

function programOf(old: OldSnapshot, key: string | undefined): OldProgram {
  if (isGolden(old)) {
    const { name, status, record } = old
    const isOver = isTerminal(status) && !record.outbox
    return { name: key ?? name, record, isOver, hasOrigin: true, hasTimers: true }
  }
  if (isRecord(old)) {
    const { id, entryPoint, status, program, snapshot, timers, steps, owed } = old
    const visits = Math.max(0, ...Object.values(steps).map(({ visit }) => visit))
    const record = snapshot && { version: program.version, hash: program.hash, snapshot, timers, steps, visits }
    return { name: key ?? id, record, entryPoint, isOver: isTerminal(status) && owed === 0, hasOrigin: true, hasTimers: true }
  }
  if (!isPersisted(old)) {
    const what = 'an execution record, a golden execution or a persisted snapshot of XState'
    throw new StatewardError('invalid_option', `${key ?? 'One of the old snapshots'} is no snapshot; it must be ${what}.`, {
      details: { option: 'oldSnapshots', name: key },
    })
  }
  const record = { version: '', hash: '', snapshot: old, visits: 0 }
  return {
    name: key ?? programName(old),
    record,
    isOver: old.status === 'done' || old.status === 'error',
    hasOrigin: false,
    hasTimers: false,
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
const isGolden = (value: unknown): value is GoldenExecution =>
  isObject(value) && isObject(value['record']) && typeof value['name'] === 'string'
const isRecord = (value: unknown): value is ExecutionRecord =>
  isObject(value) && typeof value['revision'] === 'number' && typeof value['entryPoint'] === 'string'
const isPersisted = (value: unknown): value is PersistedProgram => isObject(value) && typeof value['status'] === 'string'
const isIterable = (value: object): value is Iterable<OldSnapshot> | AsyncIterable<OldSnapshot> =>
  Symbol.iterator in value || Symbol.asyncIterator in value
