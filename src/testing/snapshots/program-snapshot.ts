/**
 * The parts of a program in a snapshot: its actors, its steps in flight and its timers.
 *
 * Owns: how XState's persisted snapshot and the records beside it are told apart into these, and the names of actors
 * that XState numbered by itself. Talks to: `normal-form.ts`.
 */
import { matchesState, type StateValue } from 'xstate'
import type { PersistedProgram, StepRecord, TimerRecord } from '../../actors/program/program-record.js'
import { passed } from './coarse-time.js'
import { normalForm } from './normal-form.js'
import type { ChildSnapshot, StepSnapshot, TimerSnapshot } from './snapshot-form.js'
import type { StandIns } from './stand-ins.js'
import { isInlineSource, isTimerEvent, timerOf } from '../../actors/program/xstate/xstate-events.js'

type Children = NonNullable<PersistedProgram['children']>
type Child = Children[string]

/** As the paths of steps and timers spell an actor's id. */
const inPath = (name: string) => encodeURIComponent(name)
const pathOf = (parent: string, name: string) => (parent === '' ? inPath(name) : `${parent}/${inPath(name)}`)
const readable = (path: string, standIns: StandIns) => standIns.in(path.split('/').map(decodeURIComponent).join('/'))

/** What stands for the ids that XState gives to actors that were spawned without one: they differ from run to run. */
export function numberedActors(program: PersistedProgram | undefined): Map<string, string> {
  const names = new Map<string, string>()
  const walk = (children: Children = {}) => {
    for (const [name, child] of Object.entries(children)) {
      if (/^[px]:\d+$/.test(name)) names.set(name, `<actor:${names.size + 1}>`)
      walk(child.snapshot.children)
    }
  }
  walk(program?.children)
  return names
}

/** The state value with its regions in order. */
export function orderedValue(value: unknown): StateValue | undefined {
  if (typeof value !== 'object' || value === null) return value as StateValue | undefined
  const regions = Object.keys(value).toSorted()
  return Object.freeze(
    Object.fromEntries(regions.map((key) => [key, orderedValue(value[key as keyof typeof value])])),
  ) as StateValue
}

/** The actors below one, without the steps in flight. */
export function childSnapshots(
  { children = {} }: PersistedProgram,
  steps: Readonly<Record<string, StepRecord>>,
  standIns: StandIns,
  path = '',
): Readonly<Record<string, ChildSnapshot>> {
  const entries = Object.entries(children).flatMap(([name, child]) => {
    const at = pathOf(path, name)
    return at in steps ? [] : [[standIns.in(name), childSnapshot(child, steps, standIns, at)] as const]
  })
  return Object.freeze(Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1))))
}

function childSnapshot(
  { src, snapshot }: Child,
  steps: Readonly<Record<string, StepRecord>>,
  standIns: StandIns,
  path: string,
): ChildSnapshot {
  const value = orderedValue(snapshot.value)
  const kept = (['context', 'output', 'error'] as const).filter((key) => snapshot[key] !== undefined)
  return Object.freeze({
    ...(isInline(src) ? {} : { source: String(src) }),
    status: snapshot.status,
    ...(value === undefined ? {} : { value }),
    ...Object.fromEntries(kept.map((key) => [key, normalForm(snapshot[key], standIns)])),
    children: childSnapshots(snapshot, steps, standIns, path),
  })
}

const isInline = (src: unknown) => typeof src !== 'string' || isInlineSource(src)

/** The persisted actor at a path. */
function actorAt(program: PersistedProgram, path: string): Child | undefined {
  const names = path === '' ? [] : path.split('/').map(decodeURIComponent)
  return names.reduce<Child | undefined>((at, name) => at?.snapshot.children?.[name], { src: '', snapshot: program })
}

/** The steps in flight, in the order in which they began. `root`: the name of a program that is a step itself. */
export function stepSnapshots(
  program: PersistedProgram,
  steps: Readonly<Record<string, StepRecord>>,
  standIns: StandIns,
  root: string,
): readonly StepSnapshot[] {
  const all = Object.entries(steps).toSorted(([, a], [, b]) => a.visit - b.visit)
  return all.map(([path, { visit, attempt }]) => {
    const child = actorAt(program, path)
    const { input } = (child?.snapshot ?? {}) as { readonly input?: unknown }
    const name = readable(path, standIns)
    return Object.freeze({
      step: path === '' ? root : child && !isInline(child.src) ? String(child.src) : (name.split('/').at(-1) ?? name),
      idempotencyKey: `<id>/${name}#${visit}`,
      attempt,
      ...(input === undefined ? {} : { input: normalForm(input, standIns) }),
    })
  })
}

/** The timers that are set, the next one first. `now` in ms since the epoch; what has passed of a timer is taken in whole units of `precision`. */
export function timerSnapshots(
  program: PersistedProgram,
  timers: readonly TimerRecord[],
  standIns: StandIns,
  { now, precision }: { readonly now: number; readonly precision: number },
): readonly TimerSnapshot[] {
  const all = timers.map(({ source, target, event, delay, dueAt, left }) => ({
    left: Math.max(0, delay - passed(delay - (left ?? dueAt - now), precision)),
    frozen: left !== undefined,
    ...(afterOf(event.type, delay, actorAt(program, source)?.snapshot.value as StateValue | undefined) ?? {
      delay,
      event: normalForm(event, standIns),
    }),
    source: readable(source, standIns),
    target: readable(target, standIns),
  }))
  return all.toSorted((a, b) => a.left - b.left).map((timer) => Object.freeze(timer))
}

/** What XState's name for the event of an `after` says: the delay, by name if it has one, and the state, without its machine's id. */
function afterOf(type: string, delay: number, value: StateValue | undefined): Pick<TimerSnapshot, 'delay' | 'state'> | undefined {
  if (!isTimerEvent(type)) return undefined
  const rest = timerOf(type)
  const named = rest.startsWith(`${delay}.`) ? delay : (rest.split('.')[0] ?? '')
  const id = rest.slice(String(named).length + 1).split('.')
  const paths = id.slice(1).map((_, index) => id.slice(index + 1).join('.'))
  const state = paths.find((path) => value !== undefined && matchesState(path, value))
  return { delay: named, state: state ?? id.join('.') }
}
