/**
 * One machine, walked without being run: where it can stand, and what can happen to it there.
 *
 * Owns: which steps are in flight and which timers are set at each place, so that nothing is tried that can't happen: a step
 * ends once, and the timer that is due first fires first. Sends and the ends of steps take no time; only a timer lets time pass.
 * Talks to: `moves.ts` for what is tried, `pure-transition.ts` for the transitions. Knows neither paths nor a runtime.
 */
import type { AnyActorRef, AnyEventObject, AnyMachineSnapshot, AnyStateMachine } from 'xstate'
import { pureInitial, pureNext, type PureTransition } from '../../actors/program/xstate/pure-transition.js'
import { StatewardError } from '../../errors.js'

/** A delayed event of the machine to itself. */
export interface WalkTimer {
  readonly id: string
  readonly event: AnyEventObject
  readonly delay: number
  readonly dueAt: number
}

/** Where a walk stands. */
export interface Place {
  readonly snapshot: AnyMachineSnapshot
  /** Steps that have ended and whose state was not left since, by id; each may end once. */
  readonly ended: ReadonlyMap<string, AnyActorRef>
  /** In the order in which they fire. */
  readonly timers: readonly WalkTimer[]
  /** Since the start, in ms. */
  readonly now: number
}

/** What can happen at a place; `path-options.ts` says with what in it. */
export type Happening =
  | { readonly kind: 'send'; readonly event: AnyEventObject }
  | { readonly kind: 'done' | 'error'; readonly event: AnyEventObject; readonly id: string }
  | { readonly kind: 'after'; readonly event: AnyEventObject; readonly timer: WalkTimer }

/** Past this a machine that sends itself events, or waits for no time at all, is taken for endless. */
const mostAtOnce = 1000

/** Walks one machine; every call is pure, and any place may be gone on from again. */
export class ProgramWalk {
  readonly #machine: AnyStateMachine
  readonly #most: number

  /** `most`: the microsteps that one event may take. */
  constructor(machine: AnyStateMachine, most: number) {
    this.#machine = machine
    this.#most = most
  }

  /** Enters the machine. */
  begin(input: unknown): Place {
    const from = { ended: new Map<string, AnyActorRef>(), timers: [], now: 0 }
    const { raised, ...place } = arrive(from, pureInitial(this.#machine, input, this.#most))
    return this.#settle(this.#take(place, raised))
  }

  /** Steps in flight, by id. */
  inFlight({ snapshot, ended }: Place): [id: string, ref: AnyActorRef][] {
    const children = Object.entries(snapshot.children as Record<string, AnyActorRef | undefined>)
    return children.flatMap(([id, ref]) => (ref && !ended.has(id) ? [[id, ref]] : []))
  }

  /** The next timer that means something; those due before it fire into nothing. */
  nextTimer({ snapshot, timers }: Place): WalkTimer | undefined {
    return timers.find(({ event, dueAt }) => dueAt < Infinity && can(snapshot, event))
  }

  /** Lets something happen, and all that follows from it without time passing. */
  go(from: Place, happening: Happening): Place {
    if (happening.kind === 'send') return this.#settle(this.#take(from, [happening.event]))
    if (happening.kind === 'after') return this.#settle({ ...from, now: Math.max(from.now, happening.timer.dueAt) })
    const ref = (from.snapshot.children as Record<string, AnyActorRef>)[happening.id]
    const ended = ref ? new Map(from.ended).set(happening.id, ref) : from.ended
    return this.#settle(this.#take({ ...from, ended }, [happening.event]))
  }

  /** Fires what is due. */
  #settle(place: Place): Place {
    let at = place
    for (let count = 0; ; count++) {
      const [timer, ...others] = at.timers
      if (at.snapshot.status !== 'active' || !timer || timer.dueAt > at.now) return at
      if (count === mostAtOnce) throw this.#endless()
      at = this.#take({ ...at, timers: others }, [timer.event])
    }
  }

  /** Takes events, and those that the machine sends itself because of them. */
  #take(from: Place, events: readonly AnyEventObject[]): Place {
    const waiting = [...events]
    let at = from
    for (let count = 0; waiting.length > 0 && at.snapshot.status === 'active'; count++) {
      if (count === mostAtOnce) throw this.#endless()
      const { raised, ...place } = arrive(at, this.#next(at.snapshot, waiting.shift() as AnyEventObject))
      waiting.push(...raised)
      at = place
    }
    return at
  }

  /** What is thrown fails the machine, as it would fail the actor. */
  #next(from: AnyMachineSnapshot, event: AnyEventObject): PureTransition {
    try {
      return pureNext(this.#machine, from, event, this.#most)
    } catch (error) {
      return { snapshot: { ...from, status: 'error', error, output: undefined } as AnyMachineSnapshot, asked: [] }
    }
  }

  #endless(): StatewardError {
    const message = `Machine '${this.#machine.id}' sent itself more than ${mostAtOnce} events and came to no rest.`
    return new StatewardError('endless_loop', message, { details: { machine: this.#machine.id, most: mostAtOnce } })
  }
}

type Arrival = Place & { readonly raised: readonly AnyEventObject[] }

/** The place after a transition, and what the machine sent itself on the way. */
function arrive(from: Omit<Place, 'snapshot'>, { snapshot, asked }: PureTransition): Arrival {
  const raised: AnyEventObject[] = []
  let timers = [...from.timers]
  for (const asking of asked) {
    if (asking.kind === 'self') raised.push(asking.event)
    else timers = timers.filter(({ id }) => id !== asking.id)
    if (asking.kind === 'timer') {
      const { event, delay, id = `${event.type} (${timers.length})` } = asking
      timers.push({ id, event, delay, dueAt: from.now + delay })
    }
  }
  const children = snapshot.children as Record<string, AnyActorRef | undefined>
  const ended = new Map([...from.ended].filter(([id, ref]) => children[id] === ref))
  return { snapshot, ended, timers: timers.toSorted((a, b) => a.dueAt - b.dueAt), now: from.now, raised }
}

/** Whether an event would be taken; a guard that throws is an answer too. */
export function can(snapshot: AnyMachineSnapshot, event: AnyEventObject): boolean {
  try {
    return snapshot.can(event)
  } catch {
    return true
  }
}
