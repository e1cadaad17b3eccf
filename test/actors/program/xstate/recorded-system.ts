/** A program system that writes down what XState reads of it. Owns: the recording; the outputs run as they come. */
import type { AnyActorLogic, AnyActorRef, AnyEventObject } from 'xstate'
import { ProgramSystem } from '../../../../src/actors/program/xstate/program-system.js'
import type { ProgramSystemHost, ProgramTimer } from '../../../../src/actors/program/program-output.js'
import { SimulatedClock } from '../../../../src/testing/clock/simulated-clock.js'
import { pathOf } from '../../../../src/actors/program/xstate/xstate-internals.js'
import { inner } from './inner-actors.js'

/** What a host was told of the timers of its program. */
export type TimerWord = { readonly word: 'schedule' | 'cancel' | 'cancelAll'; readonly source: string; readonly id?: string }

/** The members of a system that were read, those of its scheduler as `scheduler.x`. */
function recording<T extends object>(system: T, read: Set<string>, prefix = ''): T {
  return new Proxy(system, {
    get(target, key) {
      read.add(prefix + String(key))
      const value: unknown = Reflect.get(target, key)
      return key === 'scheduler' && prefix === '' ? recording(value as object, read, 'scheduler.') : value
    },
    has: (target, key) => (read.add(`${prefix}${String(key)} in`), Reflect.has(target, key)),
    set: (target, key, value) => (read.add(`${prefix}${String(key)} =`), Reflect.set(target, key, value)),
  })
}

/** A program, not started; every actor of it gets the recording system before it has a state. */
export function recordedProgram(logic: AnyActorLogic, given: { snapshot?: unknown; input?: unknown } = {}) {
  const read = new Set<string>()
  const words: TimerWord[] = []
  const timers: ProgramTimer[] = []
  const notices: unknown[] = []
  const outcomes: object[] = []
  const host: ProgramSystemHost = {
    changed: () => undefined,
    moved: () => undefined,
    stirred: () => undefined,
    output(output) {
      if (output.kind === 'emit' || output.kind === 'log') notices.push(output.value)
      output.run()
    },
    ending: (end) => end.run(),
    hasUnfinishedActions: () => false,
    failedAside: () => undefined,
    failedMuted: () => false,
    stepGone: () => undefined,
    stepLeft: () => undefined,
    schedule(timer) {
      const id = timer.id ?? 'none'
      words.push({ word: 'schedule', source: pathOf(inner(timer.source)), id })
      timers.push({ ...timer, id })
    },
    cancel: (source, id) => void words.push({ word: 'cancel', source: pathOf(inner(source)), id }),
    cancelAll: (source) => void words.push({ word: 'cancelAll', source: pathOf(inner(source)) }),
    settled: (outcome) => void outcomes.push(outcome),
  }
  const owner = {
    sessionId: 'owner',
    system: {
      _sendInspectionEvent({ type, actorRef }: AnyEventObject & { actorRef?: { system: object } }) {
        if (type !== '@xstate.actor' || !actorRef) return
        actorRef.system = recording(actorRef.system, read)
        Object.assign(inner(actorRef)._actorScope, { system: actorRef.system })
      },
    },
  } as unknown as AnyActorRef
  const options = { id: 'program', owner, maxIterations: 100, logger: () => undefined, clock: new SimulatedClock(), ...given }
  const program = new ProgramSystem(logic, options, host)
  return { program, read, words, timers, notices, outcomes }
}
