/**
 * Whether a program has only grown since a snapshot was taken, so that the snapshot goes on as it stands.
 *
 * Owns: what counts as growth. States, events, invokes and child machines may be added, and nothing may be removed. To the
 * active states of the snapshot nothing may be added that XState starts only on entry (an invoke, a timer, a parallel region),
 * because nothing would start it. A timer's delay may change: the timer that runs keeps its time.
 */
import type { MachineStructure, NodeStructure } from './program-hash.js'
import type { PersistedProgram, ProgramRecord, TimerRecord } from './program-record.js'
import { isTimerEvent, timedStateOf } from './xstate/xstate-events.js'

/** The result of comparing two structures for a snapshot. */
export interface Growth {
  /** The reasons why the snapshot can't go on under the new structure; empty if the program only grew. */
  readonly problems: readonly string[]
  /** The timers of active states: their old events and their new ones. */
  readonly renamed: ReadonlyMap<string, string>
}

/** Compares the old structure of a program with the present one. */
export function growth(old: unknown, now: unknown, snapshot: PersistedProgram): Growth {
  if (!isMachine(old) || !isMachine(now)) {
    const problems = isMachine(old) === isMachine(now) ? [] : ['a state machine became other logic, or other logic one']
    return { problems, renamed: new Map() }
  }
  const machines = { old: machinesOf(old), now: machinesOf(now), renamed: new Map<string, string>() }
  return { problems: [...ofMachine(old, now, snapshot, machines, new Set())], renamed: machines.renamed }
}

interface Machines {
  readonly old: ReadonlyMap<string, MachineStructure>
  readonly now: ReadonlyMap<string, MachineStructure>
  readonly renamed: Map<string, string>
}

const isMachine = (structure: unknown): structure is MachineStructure => typeof structure === 'object' && structure !== null

/** A machine that contains itself appears as its id alone. */
function machinesOf(structure: unknown, found = new Map<string, MachineStructure>()): ReadonlyMap<string, MachineStructure> {
  if (!isMachine(structure)) return found
  found.set(structure.id, structure)
  for (const [, actor] of structure.actors) machinesOf(actor, found)
  return found
}

function* ofMachine(
  old: MachineStructure,
  now: MachineStructure,
  snapshot: PersistedProgram | undefined,
  machines: Machines,
  seen: Set<string>,
): Generator<string, undefined> {
  if (old.id !== now.id) yield `machine ${old.id} is ${now.id}`
  if (snapshot === undefined && seen.has(old.id)) return undefined
  seen.add(old.id)
  yield* ofNode(old.root, now.root, { value: snapshot?.value, isActive: snapshot !== undefined, path: old.id }, machines.renamed)
  const [oldActors, nowActors] = [new Map(old.actors), new Map(now.actors)]
  const resolved = (actor: unknown, known: ReadonlyMap<string, MachineStructure>) =>
    typeof actor === 'string' ? (known.get(actor) ?? actor) : actor
  const compared = function* (src: string, child: PersistedProgram | undefined): Generator<string, undefined> {
    const [was, is] = [resolved(oldActors.get(src), machines.old), resolved(nowActors.get(src), machines.now)]
    if (is === undefined) yield `actor ${src} of ${old.id} is gone`
    else if (isMachine(was) && isMachine(is)) yield* ofMachine(was, is, child, machines, seen)
    else if (isMachine(was) !== isMachine(is)) yield `actor ${src} of ${old.id} is of another kind`
    return undefined
  }
  for (const src of oldActors.keys()) yield* compared(src, undefined)
  for (const [name, child] of Object.entries(snapshot?.children ?? {})) {
    const src = String(child.src)
    if (oldActors.has(src)) yield* compared(src, child.snapshot)
    // inline logic has no place in the structure
    else if (child.snapshot.value !== undefined) yield `what the inline actor ${name} was is not known`
  }
  return undefined
}

function* ofNode(
  [type, on, invoked, states]: NodeStructure,
  [nowType, nowOn, nowInvoked, nowStates]: NodeStructure,
  { value, isActive, path }: { readonly value: unknown; readonly isActive: boolean; readonly path: string },
  renamed: Map<string, string>,
): Generator<string, undefined> {
  if (type !== nowType) yield `state ${path} was ${type} and is ${nowType}`
  for (const event of on) if (!isTimerEvent(event) && !nowOn.includes(event)) yield `state ${path} has lost ${event}`
  if (isActive) {
    const [lost, added] = changedTimers(on.filter(isTimerEvent), nowOn.filter(isTimerEvent))
    // one timer in the place of one timer: its delay has changed
    if (lost[0] !== undefined && added[0] !== undefined) renamed.set(lost[0], added[0])
    if (lost.length !== added.length || lost.length > 1) yield `the timers of state ${path}, where it stands, are others`
    if (JSON.stringify(invoked) !== JSON.stringify(nowInvoked)) yield `state ${path}, where it stands, invokes other actors`
  } else {
    for (const one of invoked)
      if (!nowInvoked.some((other) => JSON.stringify(one) === JSON.stringify(other)))
        yield `state ${path} invokes ${one[0]} no more`
  }
  const inner = typeof value === 'string' ? { [value]: {} } : ((value ?? {}) as Readonly<Record<string, unknown>>)
  const there = new Map(nowStates)
  for (const [name, child] of states) {
    const other = there.get(name)
    const at = `${path}.${name}`
    const within = { value: inner[name], isActive: isActive && Object.hasOwn(inner, name), path: at }
    if (other) yield* ofNode(child, other, within, renamed)
    else yield `state ${at} is gone`
  }
  if (isActive && type === 'parallel' && nowStates.length > states.length)
    yield `state ${path}, where it stands, has other regions`
  return undefined
}

function changedTimers(
  was: readonly string[],
  is: readonly string[],
): readonly [lost: readonly string[], added: readonly string[]] {
  return [was.filter((event) => !is.includes(event)), is.filter((event) => !was.includes(event))]
}

/** The record with these timers under the names that they have now: they keep their time. */
export function withRenamed(record: ProgramRecord, renamed: ReadonlyMap<string, string>): ProgramRecord {
  if (!record.timers || renamed.size === 0) return record
  return { ...record, timers: record.timers.map((timer) => underName(timer, renamed.get(timer.event.type))) }
}

function underName(timer: TimerRecord, type: string | undefined): TimerRecord {
  if (type === undefined) return timer
  return { ...timer, id: timer.id === timer.event.type ? type : timer.id, event: { ...timer.event, type } }
}

/** The same where only the new structure is known: a timer that nothing takes any more gets the one name of its state that has none. */
export function withTimersOf(now: unknown, record: ProgramRecord): ProgramRecord {
  if (!record.timers || !isMachine(now)) return record
  const machines = machinesOf(now)
  const events = [...machines.values()].flatMap(({ root }) => [...eventsOf(root)]).filter(isTimerEvent)
  const renamed = (timer: TimerRecord): TimerRecord => {
    const { type } = timer.event
    if (!isTimerEvent(type) || events.includes(type)) return timer
    const state = timedStateOf(type)
    const others = events.filter((event) => state !== undefined && timedStateOf(event) === state)
    const free = others.filter(
      (event) => !record.timers?.some((each) => each.source === timer.source && each.event.type === event),
    )
    const [other] = free
    return underName(timer, free.length > 1 ? undefined : other)
  }
  return { ...record, timers: record.timers.map(renamed) }
}

function* eventsOf([, on, , states]: NodeStructure): Generator<string, undefined> {
  yield* on
  for (const [, child] of states) yield* eventsOf(child)
  return undefined
}
