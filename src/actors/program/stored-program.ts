/**
 * The stored form of a program: its record on the first line, its timers on those behind it, a line each.
 *
 * Owns: that form, and its changes by a pause and by a fork. Does not know: the lifecycle before it in an execution's state.
 */
import { decode, encode } from '../../codec/snapshot-codec.js'
import type { WallClock } from '../../wall-clock.js'
import { frozenTimers, thawedTimers, type PausedTimers, type ProgramRecord, type TimerRecord } from './program-record.js'
import { withoutPlaces } from './program-outbox.js'
import { timerLines, type TimersText } from './timer-texts.js'

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
  // a frozen timer keeps the time that it has left
  const timers = record.timers.map((timer) =>
    timer.left === undefined ? (thawedTimers([timer], clock)[0] as TimerRecord) : timer,
  )
  return encodeProgram({ ...record, timers: frozenTimers(timers, policy, now) }, id)
}

/** True for a stored program that has completed or failed; false if it can't be read: the error shows when it is run. */
export function hasComeToItsEnd(text: string, id: string): boolean {
  try {
    return programOf(text, id).snapshot.status !== 'active'
  } catch {
    return false
  }
}

/** A stored program without the pending actions at these places, which are done. */
export function paidProgram(text: string, id: string, places: readonly number[]): string {
  const { outbox, outlived, ...record } = programOf(text, id)
  return encodeProgram({ ...record, ...withoutPlaces({ outbox, outlived }, places, id) } as ProgramRecord, id)
}

/** A stored program without pending actions. */
export function clearedProgram(text: string, id: string): string {
  const { outbox: _outbox, outlived: _outlived, ...record } = programOf(text, id)
  return encodeProgram(record, id)
}

/** A stored program whose steps may have been in flight when a process died: those of which it does not say so may have begun. */
export function doubtedProgram(text: string, id: string): string {
  const record = programOf(text, id)
  const steps = Object.entries(record.steps ?? {})
  if (!steps.some(([, { begun }]) => begun === undefined)) return text
  const doubted = Object.fromEntries(steps.map(([at, step]) => [at, { ...step, begun: step.begun ?? true }]))
  return encodeProgram({ ...record, steps: doubted }, id)
}

/** A stored program as a fork begins with it: the pending actions, and the steps that had begun, stay with the original execution. */
export function forkedProgram(text: string, id: string): string {
  const { outbox, outlived: _, ...record } = programOf(text, id)
  const steps = Object.entries(record.steps ?? {})
  if (!outbox && !steps.some(([, { begun }]) => begun !== undefined)) return text
  const fresh = Object.fromEntries(steps.map(([at, { begun: _begun, ...step }]) => [at, step]))
  return encodeProgram(record.steps ? { ...record, steps: fresh } : record, id)
}
