/**
 * Tells the kinds of actor logic apart: machines, promises, and the rest.
 *
 * Owns: the questions that XState's public types leave open, answered without calling anything of the user's. `test/actors/program/xstate/program-logic.test.ts` holds the answers
 * for each of XState's creators, under both of its builds.
 */
import { fromCallback, fromEventObservable, fromObservable, fromPromise, fromTransition, type AnyActorLogic } from 'xstate'

/** The part of a state machine that a host reads. */
export interface ProgramMachine {
  readonly id: string
  readonly version?: string
  readonly config: Readonly<Record<string, unknown>>
  readonly options?: { readonly maxIterations?: number }
  readonly implementations: {
    readonly actions: Readonly<Record<string, unknown>>
    readonly actors: Readonly<Record<string, AnyActorLogic>>
  }
  readonly root: MachineNode
}

/** A state node, as far as its structure is concerned. */
export interface MachineNode {
  readonly id: string
  readonly type: string
  readonly path: readonly string[]
  readonly tags?: readonly string[]
  readonly states: Readonly<Record<string, MachineNode>>
  readonly on: Readonly<Record<string, unknown>>
  readonly invoke: readonly { readonly id: string; readonly src: unknown }[]
}

/** True for a state machine, also one that a second copy of XState made. */
export function isProgramMachine(logic: AnyActorLogic): logic is AnyActorLogic & ProgramMachine {
  return 'getStateNodeById' in logic && 'implementations' in logic
}

/**
 * The machine that can be seen in a logic: a machine itself, one derived from it, or a copy of its members with others in their
 * places (`{ ...machine, transition }`); undefined for what hides it, or is none.
 */
export function machineIn(logic: AnyActorLogic): (AnyActorLogic & ProgramMachine) | undefined {
  return 'implementations' in logic && 'root' in logic ? (logic as AnyActorLogic & ProgramMachine) : undefined
}

/** True if a machine's snapshots are stored as XState stores them: it has the methods for it that XState gave it. */
export function storesLikeMachine(logic: AnyActorLogic): boolean {
  const { getPersistedSnapshot, restoreSnapshot } = logic
  return getPersistedSnapshot.name === 'bound getPersistedSnapshot' && restoreSnapshot?.name === 'bound restoreSnapshot'
}

/** True for the live snapshot of a machine, whatever logic it is the snapshot of. */
export function isMachineSnapshot(snapshot: object): snapshot is { readonly machine: ProgramMachine } {
  return 'machine' in snapshot && 'value' in snapshot
}

/** What one of XState's creators made, or a copy of it: `events` are those of an observable. */
export type CreatedLogic = 'promise' | 'callback' | 'observable' | 'events' | 'transition'

/** A logic's `start` does not depend on what was given to its creator, so its source tells which one that was, in each copy of XState. */
const starts = new Map<string, CreatedLogic>([
  [String(fromPromise(() => Promise.resolve()).start), 'promise'],
  [String(fromCallback(() => undefined).start), 'callback'],
  [String(fromObservable(() => ({}) as never).start), 'observable'],
  [String(fromEventObservable(() => ({}) as never).start), 'events'],
])
const initials = String(fromTransition((state: unknown) => state, undefined).getInitialSnapshot)

const known = new WeakMap<object, CreatedLogic | 'other'>()

/** Which of XState's creators made a logic whose `config` is still what it runs; undefined: none. Nothing of the logic is called. */
export function creatorOf(logic: AnyActorLogic & { config?: unknown }): CreatedLogic | undefined {
  let answer = known.get(logic)
  if (!answer) known.set(logic, (answer = readCreator(logic)))
  return answer === 'other' ? undefined : answer
}

function readCreator({ config, start, getInitialSnapshot }: AnyActorLogic & { config?: unknown }): CreatedLogic | 'other' {
  if (typeof config !== 'function') return 'other'
  const created = start && starts.get(String(start))
  return created ?? (!start && String(getInitialSnapshot) === initials ? 'transition' : 'other')
}

/** True for what `fromPromise` made, or a copy of it with another `transition`: it runs once, to its end. */
export function isPromiseLogic(logic: AnyActorLogic): boolean {
  return creatorOf(logic) === 'promise'
}
