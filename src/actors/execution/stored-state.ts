/**
 * The stored form of an execution's state: the lifecycle on the first line, its program (`stored-program.ts`) on those behind it.
 *
 * Owns: that form. Two texts, so that a commit that moves only the lifecycle need not take the program's snapshot again.
 */
import type { ExecutionContext } from '../../events/execution-events.js'
import { decode, encode } from '../../codec/snapshot-codec.js'
import type { StatePieces } from '../../persistence/snapshot-store.js'
import type { ProgramText } from '../program/stored-program.js'

/** State value and context of the execution machine. */
export interface Lifecycle {
  readonly value: string | Readonly<Record<string, string>>
  readonly context: ExecutionContext
  /** True if its process has died while it waited or was queued, or deaths count against it, and it has done nothing since. Absent: false. */
  readonly isUnproven?: boolean
}

/** Both texts as one. JSON texts contain no line breaks, so the first one ends the lifecycle. */
export function joinState(lifecycle: string, program: string | undefined): string {
  return program === undefined ? lifecycle : `${lifecycle}\n${program}`
}

/** Defaults that are omitted from the stored text. Never change one: stored snapshots depend on it. */
const usual = { attempt: 1, maxAttempts: 1, onExhausted: 'fail', compensates: false } as const

/** The text of a lifecycle, without the defaults and without what the execution's row says as well. */
export function encodeLifecycle({ value, context, isUnproven }: Lifecycle, id: string): string {
  const rest: Record<string, unknown> = {}
  for (const key of Object.keys(context) as (keyof ExecutionContext)[]) {
    const part = context[key]
    if (key === 'executionId' || key === 'entryPoint' || (usual as Record<string, unknown>)[key] === part) continue
    if (key !== 'limits' || Object.keys(context.limits).length > 0) rest[key] = part
  }
  return encode({ value, context: rest, ...(isUnproven ? { isUnproven } : {}) }, { id, what: 'lifecycle' })
}

/** The lifecycle, decoded, and the program's text. Throws `corrupt`, `unknown_format`. */
export function splitState(state: string, id: string): { lifecycle: Lifecycle; program: string | undefined } {
  const end = state.indexOf('\n')
  const {
    value,
    context,
    isUnproven = false,
  } = decode<Lifecycle>(end < 0 ? state : state.slice(0, end), { id, what: 'lifecycle' })
  const lifecycle = { value, context: { ...usual, ...context, limits: context.limits ?? {} }, isUnproven }
  return { lifecycle, program: end < 0 ? undefined : state.slice(end + 1) }
}

/** True of a compensation that waits for its turn as a suspect. Its stored count of recoveries is one less, since a death adds one although it does not run. */
export const isHeldBack = (value: unknown): boolean => (value as { cancelling?: string }).cancelling === 'held'

/** The pieces of the state that begins with this lifecycle; undefined for a short state. */
export function piecesOf(state: string, lifecycle: string, { program, timers }: ProgramText): StatePieces | undefined {
  if (timers.pieces.length === 0) return undefined
  return { state, pieces: [{ place: 0, text: joinState(lifecycle, program) }, ...timers.pieces] }
}
