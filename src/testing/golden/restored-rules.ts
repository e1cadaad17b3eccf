/**
 * What can be said of a program once it is restored: is it what was stored, and can it go on from there?
 *
 * Owns: the comparison, and what would leave it standing still: invokes and timers that nothing starts any more, timers and
 * actions that nothing takes any more. Talks to: the restored program. Versions and schemas are not its concern.
 */
import { isDeepStrictEqual } from 'node:util'
import { getNextTransitions, type AnyMachineSnapshot } from 'xstate'
import type { PersistedProgram, TimerRecord } from '../../actors/program/program-record.js'
import { isStoredRef, type AnyStoredRef as StoredRef } from '../../actors/program/xstate/stored-refs.js'
import { takes } from '../world/event-descriptor.js'
import { stateText } from '../world/readable.js'
import { activeNodes, allNodes, machineActors, type MachineActor } from './machine-actors.js'
import type { RestoredProgram } from './restored-program.js'
import { deadEnds } from './dead-ends.js'
import type { Finding } from './stored-rules.js'
import { isTimerEvent } from '../../actors/program/xstate/xstate-events.js'

/** What is known of a program besides its snapshot. */
export interface Circumstances {
  /** True if it is the very structure that the snapshot was taken from: then what is missing was missing before. */
  readonly sameStructure: boolean
  /** Undefined: not told. */
  readonly timers: readonly TimerRecord[] | undefined
}

/** Everything that keeps a restored program from going on. */
export function* restoredFindings(
  program: RestoredProgram,
  stored: PersistedProgram,
  { sameStructure, timers }: Circumstances,
): Generator<Finding, void> {
  yield* changes(stored, program.persisted(), '')
  if (!sameStructure) yield* standstills(program, stored, timers)
  for (const { n, name, run } of program.pending())
    if (!run)
      yield { reason: 'action_gone', path: `outbox[${n - 1}]`, what: `there is no action '${name}' any more, and one is owed` }
}

/** Under the same structure each of these was so before, and meant. */
function* standstills(
  program: RestoredProgram,
  stored: PersistedProgram,
  timers: readonly TimerRecord[] | undefined,
): Generator<Finding, void> {
  for (const machine of machineActors(program.root, stored)) {
    if (machine.snapshot.status !== 'active') continue
    const isThere = ({ id, at, was }: StoredRef) =>
      was !== undefined || (at === undefined ? Object.hasOwn(machine.stored.children ?? {}, id) : program.find(at) !== undefined)
    yield* lostRefs(machine.stored.context, isThere, `${machine.place}context`)
    yield* deadEnds(machine.snapshot, `${machine.place}value`)
    yield* missingChildren(machine)
    yield* strandedChildren(machine)
    if (timers) yield* missingTimers(machine, timers)
  }
  for (const [index, timer] of (timers ?? []).entries()) {
    const lost = lostTimer(program, timer)
    if (lost)
      yield {
        reason: 'timer_gone',
        path: `timers[${index}]`,
        what: `the timer for '${timer.event.type}' would do nothing: ${lost}`,
      }
  }
}

function* changes(stored: PersistedProgram, now: PersistedProgram, place: string): Generator<Finding, void> {
  if (stored.status !== now.status) {
    const why = now.error instanceof Error ? now.error.message : 'no error says why'
    yield {
      reason: 'restore_failed',
      path: `${place}status`,
      what: `it is ${now.status} once it is restored: ${why}`,
    }
    return
  }
  if (!isDeepStrictEqual(stored.value, now.value)) {
    const [was, is] = [stateText(stored.value), stateText(now.value)]
    yield {
      reason: 'state_changed',
      path: `${place}value`,
      what: `'${was}' becomes '${is}' without entering it: no entry action, no invoke, no timer of it is started`,
    }
  }
  for (const [name, child] of Object.entries(stored.children ?? {})) {
    const other = now.children?.[name]
    if (other) yield* changes(child.snapshot, other.snapshot, `${place}children.${name}.snapshot.`)
    else yield { reason: 'child_gone', path: `${place}children.${name}`, what: `the actor '${name}' is not restored` }
  }
}

/** XState gives an actor ref back if there is such a child, and else nothing. */
function* lostRefs(part: unknown, isThere: (ref: StoredRef) => boolean, path: string): Generator<Finding, void> {
  if (!isParent(part)) return
  if (!isStoredRef(part)) {
    for (const [key, inner] of Object.entries(part))
      yield* lostRefs(inner, isThere, Array.isArray(part) ? `${path}[${key}]` : `${path}.${key}`)
  } else if (!isThere(part)) yield { reason: 'ref_gone', path, what: `the actor ref to '${part.id}' finds no such actor` }
}

/** True for what XState looks into for refs. */
function isParent(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

/** XState stops an invoke when its state is left: one that no active state has would run on, and its end be told to nobody. */
function* strandedChildren({ snapshot, stored, place }: MachineActor): Generator<Finding, void> {
  const active = [...activeNodes(snapshot.machine.root, snapshot.value)].flatMap(({ invoke }) => invoke)
  const known = new Set(allNodes(snapshot.machine.root).flatMap(({ invoke }) => invoke.map(({ id }) => id)))
  for (const [name, child] of Object.entries(stored.children ?? {})) {
    // a spawned one belongs to no state; those that are invoked without an id are told by the one that they get
    if (child.snapshot.status !== 'active' || !(known.has(name) || /^\d+\./.test(name))) continue
    if (active.some(({ id }) => id === name)) continue
    const what = `'${name}' is invoked by no active state any more, so that nothing waits for its end`
    yield { reason: 'child_moved', path: `${place}children.${name}`, what }
  }
}

/** XState starts an invoke when its state is entered, and at no other time. */
function* missingChildren({ snapshot, stored, place }: MachineActor): Generator<Finding, void> {
  for (const node of activeNodes(snapshot.machine.root, snapshot.value))
    for (const { id } of node.invoke)
      if (!stored.children?.[id])
        yield {
          reason: 'child_missing',
          path: `${place}children.${id}`,
          what: `state '${node.path.join('.')}' invokes '${id}' now, which the snapshot does not have and nothing would start`,
        }
}

/** The same is true of `after`; only one that must still be set is missed. */
function* missingTimers({ path, place, snapshot }: MachineActor, timers: readonly TimerRecord[]): Generator<Finding, void> {
  for (const { eventType, guard, target, source, reenter } of getNextTransitions(snapshot)) {
    if (!isTimerEvent(eventType) || guard || !target?.length) continue
    // it may have fired, and the state be active all the same
    const stays = target.some((node) => node !== source && source.path.every((step, index) => node.path[index] === step))
    if (stays && !reenter) continue
    if (!timers.some((timer) => timer.source === path && timer.event.type === eventType))
      yield {
        reason: 'timer_missing',
        path: `${place}value`,
        what: `state '${source.path.join('.')}' has a delayed transition now ('${eventType}'), for which no timer is set`,
      }
  }
}

/** Why a timer would do nothing; undefined if it still has a purpose, or had none before. */
function lostTimer(program: RestoredProgram, { target, event }: TimerRecord): string | undefined {
  const to = program.find(target)
  // what stands above the program has no snapshot
  const snapshot = to?.getSnapshot?.() as AnyMachineSnapshot | undefined
  if (!snapshot?.machine) return undefined
  const { type } = event
  if (isTimerEvent(type))
    return getNextTransitions(snapshot).some(({ eventType }) => eventType === type) ? undefined : 'no active state waits for it'
  return snapshot.machine.events.some((known: string) => takes(known, type))
    ? undefined
    : 'nothing in the machine takes that event'
}
