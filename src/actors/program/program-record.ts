/**
 * The persisted form of a program: its snapshot, timers, steps and pending actions.
 *
 * Owns: that form, how it is taken from a live program, and how the actors that it names are found again.
 * `snapshot-compatibility.ts` decides whether it fits a program.
 * A change here needs a new format number in the codec's golden files.
 */
import type { AnyEventObject } from 'xstate'
import type { ChildTurn } from './child-port.js'
import { StatewardError } from '../../errors.js'
import type { WallClock } from '../../wall-clock.js'

/** A delayed event, with the absolute time at which it is delivered. */
export interface TimerRecord {
  /** The actor that set it: ids from the root down, each escaped, joined by `/`; the root's is empty. */
  readonly source: string
  /** The actor that receives the event. */
  readonly target: string
  readonly id: string
  readonly event: AnyEventObject
  readonly delay: number
  readonly dueAt: number
  /** Set if `cancel` does not reach the timer, because another one was set under its id. */
  readonly loose?: boolean
  /** The time that was left, in ms, when the execution was paused; counts from the restoration on. */
  readonly left?: number
}

/** A step that is active in the snapshot. */
export interface StepRecord {
  /** Invariant: unique within the execution, the same after a restart, fresh on re-entry. */
  readonly visit: number
  readonly attempt: number
  /** Which child the step waits for, or starts next after a child that failed. */
  readonly child?: ChildTurn
  /** For a step whose `onRecovery` is not `rerun`: true if it had begun by this commit, false if it begins only after a further commit. */
  readonly begun?: boolean
}

/** A custom action that was asked for and not yet acknowledged. */
export interface PendingAction {
  readonly n: number
  readonly path: string
  readonly via: readonly string[]
  readonly name: string
  readonly params?: unknown
  /** The place, from 0, of the action of the same transition that holds event and context; absent: they are here. */
  readonly as?: number
  readonly event?: AnyEventObject
  readonly context?: unknown
}

/** An entry of the outbox: an action, or what waits behind one: an event to emit, the end or the failure of an actor. */
export type PendingOutput =
  | PendingAction
  | { readonly n: number; readonly path: string; readonly emit: unknown }
  | { readonly n: number; readonly path: string; readonly end: true }
  | { readonly n: number; readonly path: string; readonly fail: unknown }

/** Everything that a restart needs of a program. */
export interface ProgramRecord {
  /** The version of the program that made it. */
  readonly version: string
  readonly hash: string
  readonly snapshot: PersistedProgram
  readonly timers?: readonly TimerRecord[]
  readonly steps?: Readonly<Record<string, StepRecord>>
  /** True once a step has started another execution, or was about to. */
  readonly children?: boolean
  /** The keys of steps that were left and whose executions must still be cancelled. */
  readonly leaving?: readonly string[]
  /** The last visit number given out. */
  readonly visits: number
  /** The last number in an id that was generated for a child; absent if there was none. */
  readonly ids?: number
  /** Children that live and that no snapshot contains; see `xstate/strays.ts`. */
  readonly strays?: readonly StrayRecord[]
  /** Each encoded by itself, oldest first. */
  readonly outbox?: readonly string[]
  /** Which of them belong to actors that have ended meanwhile. */
  readonly outlived?: readonly number[]
}

/** A child that lives although it is not among its parent's children, in the form in which XState stores children. */
export interface StrayRecord extends PersistedChild {
  /** The address under which its steps, timers and refs are stored. */
  readonly address: string
  readonly parent: string
  readonly systemId?: string
  readonly syncSnapshot?: boolean
}

/** The part of XState's persisted snapshots that a host reads. */
export interface PersistedProgram {
  readonly status: string
  readonly value?: unknown
  readonly context?: unknown
  readonly output?: unknown
  readonly error?: unknown
  readonly children?: Readonly<Record<string, PersistedChild>>
}

/** The strays as they are stored; refuses inline spawned actors by name. */
export function persistedStrays(strays: readonly StrayRecord[], id: string): readonly StrayRecord[] {
  return strays.map((stray, at) => {
    if (typeof stray.src !== 'string') throw inlineActor(id, `strays[${at}]`)
    return { ...stray, snapshot: persistedProgram(stray.snapshot, id, `strays[${at}].snapshot.`) }
  })
}

/** True for the stored form of a machine's snapshot; the user's own logic may have a `value` or `children` as well. */
export function isMachineMade({ value, children }: PersistedProgram): boolean {
  if (value === undefined || typeof children !== 'object' || children === null) return false
  return Object.values(children).every((child) => typeof child === 'object' && child !== null && 'snapshot' in child)
}

interface PersistedChild {
  readonly src: unknown
  readonly snapshot: PersistedProgram
}

/** The persisted snapshot without the fields that XState leaves undefined; refuses inline spawned actors by name. */
export function persistedProgram(snapshot: PersistedProgram, id: string, path = ''): PersistedProgram {
  const clean = defined(snapshot)
  if (!isMachineMade(snapshot)) return clean as unknown as PersistedProgram
  const children: Record<string, unknown> = {}
  for (const name in snapshot.children) {
    const child = snapshot.children[name]
    if (!child) continue
    const at = `${path}children.${name}`
    if (typeof child.src !== 'string') throw inlineActor(id, at)
    const entry = defined(child)
    entry['snapshot'] = persistedProgram(child.snapshot, id, `${at}.snapshot.`)
    children[name] = entry
  }
  clean['children'] = children
  return clean as unknown as PersistedProgram
}

function defined(value: object): Record<string, unknown> {
  const clean: Record<string, unknown> = {}
  for (const key in value) {
    const part = (value as Record<string, unknown>)[key]
    if (part !== undefined) clean[key] = part
  }
  return clean
}

function inlineActor(id: string, path: string) {
  return new StatewardError(
    'not_storable',
    `Execution ${id} spawned an inline actor at ${path}; it could not be found again after a restart. Name its logic in setup({ actors }) and spawn it by that name.`,
    { details: { id, path, kind: 'inline actor' } },
  )
}

/** A delayed event, or a reference, to an actor that no restoration could find. */
export function actorOutside(id: string, path: string, what: string): StatewardError {
  const message = `Execution ${id} can't keep ${what}, at ${path}: it is for an actor outside of the program, which could not be found again after a restart. Send it from a step, or to an actor of the program.`
  return new StatewardError('not_storable', message, { details: { id, path, kind: 'actor' } })
}

/** What timers do while an execution is paused: keep the time that is left, go on, or start anew on resume. */
export type PausedTimers = 'freeze' | 'run' | 'restart'

/** The timers as they are stored with a pause. */
export function frozenTimers(timers: readonly TimerRecord[], policy: PausedTimers, now: number): readonly TimerRecord[] {
  if (policy === 'run') return timers
  const left = ({ delay, dueAt }: TimerRecord) => (policy === 'restart' ? delay : Math.max(0, dueAt - now))
  return timers.map((timer) => (timer.left === undefined ? { ...timer, left: left(timer) } : timer))
}

/** The timers as they are armed after a restoration. If the clock was set back since a timer was set, the timer keeps the time that it had left. */
export function thawedTimers(
  timers: readonly TimerRecord[],
  clock: Pick<WallClock, 'now' | 'setBackSince'>,
): readonly TimerRecord[] {
  if (timers.length === 0) return timers
  const now = clock.now()
  return timers.map(({ left, ...timer }) => {
    if (left !== undefined) return { ...timer, dueAt: now + left }
    const { dueAt, delay } = timer
    const setAt = dueAt - delay
    return setAt > now ? { ...timer, dueAt: Math.min(dueAt - clock.setBackSince(setAt), now + delay) } : timer
  })
}
