/**
 * What can be done to a machine at a place of its walk: events sent to it, ends of its steps, its timers.
 *
 * Owns: reading them from the machine itself, with the payloads, outputs and errors that a test gives; the names under which
 * steps are known to people (`charge`) and to a runtime. Talks to: `program-walk.ts` for what is in flight. Moves nothing.
 */
import { getNextTransitions, type AnyActorRef, type AnyEventObject, type AnyStateMachine } from 'xstate'
import type { ProgramMachine } from '../../actors/program/xstate/program-logic.js'
import { childLogic } from '../../actors/program/xstate/implementations.js'
import { StatewardError } from '../../errors.js'
import { actorName } from '../world/actor-names.js'
import { takes } from '../world/event-descriptor.js'
import { durationText, shortText } from '../world/readable.js'
import { isStep } from './stubbed-machine.js'
import { can, type Happening, type Place, type ProgramWalk } from './program-walk.js'
import { doneActorEvent, errorActorEvent, isTimerEvent, isXStateEvent } from '../../actors/program/xstate/xstate-events.js'

/** What a test gives for the events, and for the ends of steps; by event type, and by a step's `src` or id. */
export interface MoveValues {
  readonly events: Readonly<Record<string, readonly AnyEventObject[]>>
  readonly outputs: Readonly<Record<string, readonly unknown[]>>
  readonly errors: Readonly<Record<string, readonly unknown[]>>
}

/** One thing that can happen at a place. */
export interface Move {
  /** The same at every place. */
  readonly key: string
  readonly happening: Happening
  /** For people: `APPROVE`, `charge ends with 42`, `after 1s`. */
  readonly label: string
  /** The step that ends: for people, and for a runtime. */
  readonly step?: { readonly shown: string; readonly name: string }
}

/** What a test gives under a name, and not what every object has under it. */
const named = <T>(given: Readonly<Record<string, readonly T[]>>, name: string): readonly T[] | undefined =>
  Object.hasOwn(given, name) ? given[name] : undefined

/** The name under which people know a step: the id that they gave it, or its `src`. */
const shownName = (id: string, name: string) => (/^\d+\./.test(id) ? name : id)

/** Each with its label; those that read the same, because they were shortened, with a number. */
function labelled<T>(values: readonly T[], labelOf: (value: T) => string): [value: T, label: string][] {
  const labels = values.map((value) => labelOf(value))
  return values.map((value, index) => {
    const label = labels[index] as string
    return [value, labels.indexOf(label) === labels.lastIndexOf(label) ? label : `${label} #${index + 1}`]
  })
}

/** Tells what can happen at each place of a walk. */
export class Moves {
  readonly #machine: ProgramMachine
  readonly #walk: ProgramWalk
  readonly #values: MoveValues
  /** By id and by name; those in flight somewhere on the walk. */
  readonly #met = new Set<string>()

  constructor(machine: ProgramMachine, walk: ProgramWalk, values: MoveValues) {
    this.#machine = machine
    this.#walk = walk
    this.#values = values
  }

  /** Only what means something there: sends first, then steps, then the next timer. */
  at(place: Place): Move[] {
    if (place.snapshot.status !== 'active') return []
    const ends = this.#walk.inFlight(place).flatMap(([id, ref]) => this.#ends(place, id, ref))
    const timer = this.#walk.nextTimer(place)
    if (!timer) return [...this.#sends(place), ...ends]
    const { event, delay } = timer
    const label = `after ${durationText(delay)}${isTimerEvent(event.type) ? '' : ` ${event.type}`}`
    return [...this.#sends(place), ...ends, { key: `after ${timer.id}`, happening: { kind: 'after', event, timer }, label }]
  }

  /** The steps in flight there, by their ids; those whose id is another one in each system can't be told. */
  stepsAt(place: Place): string[] {
    return this.#walk.inFlight(place).flatMap(([id, ref]) => (this.#isStep(id, ref) ? [id] : []))
  }

  #isStep(id: string, { src, sessionId }: AnyActorRef): boolean {
    return id !== sessionId && isStep(typeof src === 'string' ? childLogic(this.#machine, src) : src)
  }

  #sends({ snapshot }: Place): Move[] {
    const given = this.#values.events
    const own = getNextTransitions(snapshot).map((transition) => transition.eventType as string | null)
    const types = new Set([...own, ...Object.keys(given)].filter((type) => isExternal(type)))
    return [...types].flatMap((type) =>
      labelled(named(given, type) ?? [{ type }], ({ type: _, ...payload }) =>
        Object.keys(payload).length === 0 ? type : `${type} ${shortText(payload)}`,
      ).flatMap(([event, label], index): Move[] =>
        can(snapshot, event) ? [{ key: `send ${type} ${index}`, happening: { kind: 'send', event }, label }] : [],
      ),
    )
  }

  #ends({ snapshot }: Place, id: string, ref: AnyActorRef): Move[] {
    const { src } = ref
    if (!this.#isStep(id, ref)) return []
    const name = typeof src === 'string' ? actorName({ src, id }, this.#machine.id) : id
    const shown = shownName(id, name)
    const step = { shown, name }
    this.#met.add(id).add(name)
    const { outputs, errors } = this.#values
    const [outputsGiven, errorsGiven] = [outputs, errors].map((of) => named(of, id) ?? named(of, name))
    const done = labelled(outputsGiven ?? [undefined], (output) =>
      output === undefined ? `${shown} ends` : `${shown} ends with ${shortText(output)}`,
    ).map(([output, label], index): Move => {
      const event = { type: doneActorEvent(id), output, actorId: id }
      return { key: `done ${id} ${index}`, happening: { kind: 'done', event, id }, label, step }
    })
    const failed = labelled(errorsGiven ?? [new Error(`${shown} failed`)], (error) =>
      errorsGiven ? `${shown} fails with ${error instanceof Error ? error.message : shortText(error)}` : `${shown} fails`,
    ).map(([error, label], index): Move => {
      const event = { type: errorActorEvent(id), error, actorId: id }
      return { key: `error ${id} ${index}`, happening: { kind: 'error', event, id }, label, step }
    })
    // an error that the machine does not handle fails it: only where the test asks for that
    return [
      ...done.filter(({ happening }) => can(snapshot, happening.event)),
      ...failed.filter(({ happening }) => errorsGiven || can(snapshot, happening.event)),
    ]
  }

  /** Fails for values that are no lists, and for events that are not of the type that they stand under, or that nothing takes. */
  checkValues(entryPoint: string): void {
    for (const [option, given] of Object.entries(this.#values))
      for (const [name, values] of Object.entries(given as Readonly<Record<string, unknown>>))
        if (values !== undefined && !Array.isArray(values)) throw unfit(entryPoint, `${option}.${name}`, 'must be a list')
    const known = (this.#machine as unknown as AnyStateMachine).events as readonly string[]
    for (const [type, events] of Object.entries(this.#values.events)) {
      const wrong = events?.findIndex((event) => (event as AnyEventObject | null)?.type !== type) ?? -1
      if (wrong >= 0) throw unfit(entryPoint, `events.${type}[${wrong}]`, `must be an event of type '${type}'`)
      if (events?.length && !known.some((descriptor) => takes(descriptor, type)))
        throw unfit(entryPoint, `events.${type}`, `names an event that no state takes; there are: ${known.join(', ')}`)
    }
  }

  /** Fails for a name among the values that no step has, once the walk is over. */
  checkNames(entryPoint: string): void {
    for (const option of ['outputs', 'errors'] as const) {
      const name = Object.keys(this.#values[option]).find((each) => !this.#met.has(each))
      if (name === undefined) continue
      const known = [...this.#met]
      const message = `pathsOf(${entryPoint}): \`${option}.${name}\` names no step that is ever in flight; there are: ${known.join(', ') || 'none'}.`
      throw new StatewardError('invalid_option', message, { details: { entryPoint, option: `${option}.${name}`, known } })
    }
  }
}

function unfit(entryPoint: string, option: string, wanted: string): StatewardError {
  const message = `pathsOf(${entryPoint}): \`${option}\` ${wanted}.`
  return new StatewardError('invalid_option', message, { details: { entryPoint, option } })
}

/** Not `always`, no wildcard, and none of XState's own. */
const isExternal = (type: string | null): type is string =>
  type !== null && type !== '' && !type.includes('*') && !isXStateEvent(type)
