/**
 * The stored form of an execution's state: the lifecycle on the first line, the program on the second, its timers on those behind it.
 *
 * Owns: that form. Two texts, so that a commit that moves only the lifecycle need not take the program's snapshot again.
 */
import type { ExecutionContext } from '../../events/execution-events.js'
import { decode, encode } from '../../codec/snapshot-codec.js'
import type { StatePieces } from '../../persistence/snapshot-store.js'
import { withoutPlaces } from '../program/program-outbox.js'
import { frozenTimers, thawedTimers, type PausedTimers, type ProgramRecord, type TimerRecord } from '../program/program-record.js'
import { timerLines, type TimersText } from '../program/timer-texts.js'
import type { WallClock } from '../../wall-clock.js'

/** Where the execution machine stands, and what it keeps. */
export interface Lifecycle {
  readonly value: string | Readonly<Record<string, string>>
  readonly context: ExecutionContext
}

/** Both texts as one; JSON has no line breaks of its own. */
export function joinState(lifecycle: string, program: string | undefined): string {
  return program === undefined ? lifecycle : `${lifecycle}\n${program}`
}

/** What most lifecycles keep for their whole life: not written, so that a commit is short. Never change a value: stored texts rely on it. */
const usual = { attempt: 1, maxAttempts: 1, onExhausted: 'fail', compensates: false } as const

/** The text of a lifecycle; what the execution's row says besides, and what is usual, is left out. */
export function encodeLifecycle({ value, context }: Lifecycle, id: string): string {
  const rest: Record<string, unknown> = {}
  for (const key of Object.keys(context) as (keyof ExecutionContext)[]) {
    const part = context[key]
    if (key === 'executionId' || key === 'entryPoint' || (usual as Record<string, unknown>)[key] === part) continue
    if (key !== 'limits' || Object.keys(context.limits).length > 0) rest[key] = part
  }
  return encode({ value, context: rest }, { id, what: 'lifecycle' })
}

/** The lifecycle, decoded, and the program's text. Throws `corrupt`, `unknown_format`. */
export function splitState(state: string, id: string): { lifecycle: Lifecycle; program: string | undefined } {
  const end = state.indexOf('\n')
  const { value, context } = decode<Lifecycle>(end < 0 ? state : state.slice(0, end), { id, what: 'lifecycle' })
  const lifecycle = { value, context: { ...usual, ...context, limits: context.limits ?? {} } }
  return { lifecycle, program: end < 0 ? undefined : state.slice(end + 1) }
}

/** The program, decoded: its timers stand behind it, a line each, or in it, as they did before. Throws `corrupt`, `unknown_format`. */
export function programOf(text: string, id: string): ProgramRecord {
  const [program = '', ...timers] = text.split('\n')
  const record = decode<ProgramRecord>(program, { id, what: 'program' })
  if (timers.length === 0) return record
  return { ...record, timers: timers.map((line) => decode<TimerRecord>(line, { id, what: 'timer' })) }
}

/** A stored program, and what it was put together from. */
export interface ProgramText {
  readonly text: string
  readonly program: string
  readonly timers: TimersText
}

/** A program's text and those of its timers as one. */
export function joinProgram(program: string, timers: TimersText): ProgramText {
  return { text: program + timers.text, program, timers }
}

/** The pieces of the state that begins with this lifecycle; undefined if it is not long. */
export function piecesOf(state: string, lifecycle: string, { program, timers }: ProgramText): StatePieces | undefined {
  if (timers.pieces.length === 0) return undefined
  return { state, pieces: [{ place: 0, text: joinState(lifecycle, program) }, ...timers.pieces] }
}

function encodeProgram({ timers = [], ...record }: ProgramRecord, id: string): string {
  return encode(record, { id, what: 'program' }) + timerLines(timers, id)
}

/** A stored program with its timers as a pause leaves them. */
export function withFrozenTimers(
  text: string,
  id: string,
  policy: PausedTimers,
  clock: Pick<WallClock, 'now' | 'setBackSince'>,
): string {
  const record = programOf(text, id)
  if (!record.timers || policy === 'run') return text
  const now = clock.now()
  // one that is frozen already keeps what it has left
  const timers = record.timers.map((timer) =>
    timer.left === undefined ? (thawedTimers([timer], clock)[0] as TimerRecord) : timer,
  )
  return encodeProgram({ ...record, timers: frozenTimers(timers, policy, now) }, id)
}

/** True for a stored program that has ended, well or not; false if it can't be read: who runs it is told why. */
export function hasComeToItsEnd(text: string, id: string): boolean {
  try {
    return programOf(text, id).snapshot.status !== 'active'
  } catch {
    return false
  }
}

/** A stored program without the actions that it owed at these places: they are done. */
export function paidProgram(text: string, id: string, places: readonly number[]): string {
  const { outbox, outlived, ...record } = programOf(text, id)
  return encodeProgram({ ...record, ...withoutPlaces({ outbox, outlived }, places, id) } as ProgramRecord, id)
}

/** A stored program as a fork begins with it: the actions that are owed, and the steps that had begun, are those of the execution that it was. */
export function forkedProgram(text: string, id: string): string {
  const { outbox, outlived: _, ...record } = programOf(text, id)
  const steps = Object.entries(record.steps ?? {})
  if (!outbox && !steps.some(([, { begun }]) => begun !== undefined)) return text
  const fresh = Object.fromEntries(steps.map(([at, { begun: _begun, ...step }]) => [at, step]))
  return encodeProgram(record.steps ? { ...record, steps: fresh } : record, id)
}
