/**
 * Entry points whose programs run in a world: their steps by their mocks, their outputs past its points.
 *
 * Owns: what stands between a program and everything that it reaches, for one process.
 */
import type { AnyActorLogic, AnyMachineSnapshot, InspectionEvent, PromiseActorLogic } from 'xstate'
import type { ProgramInterceptor } from '../../actors/program/program-interceptor.js'
import { isPromiseLogic, isProgramMachine } from '../../actors/program/xstate/program-logic.js'
import type { ProgramOutput } from '../../actors/program/program-output.js'
import { fromStep, waitsForExecution, wrappedStep } from '../../actors/program/step.js'
import type { EntryPoint } from '../../runtime/entry-point.js'
import { placeOf } from '../../actors/program/xstate/inspection.js'
import { takesTransition } from '../../actors/program/xstate/xstate-internals.js'
import { actorName } from './actor-names.js'
import { isCompensating } from './compensation-states.js'
import type { DirectEvents } from './direct-events.js'
import type { CommitOracle } from './commit-oracle.js'
import type { Transition } from './history.js'
import { eventText, shortText } from './readable.js'
import type { Life } from './process-life.js'
import type { Points } from './points.js'
import type { StepCalls } from './step-calls.js'
import { TransitionStory } from './transition-story.js'

/** What an interposed program meets. */
export interface WorldPort {
  readonly calls: StepCalls
  readonly points: Points
  readonly oracle: CommitOracle | undefined
  /** The logic that stands for an actor's name, if it was replaced by one. */
  replacement(name: string): AnyActorLogic | undefined
  isMocked(name: string): boolean
  tell(execution: string, text: string, transition?: Transition): void
}

/** The same entry point, its program in the hands of a world. */
export function intercepted<TEntryPoint extends EntryPoint>(
  entryPoint: TEntryPoint,
  life: Life,
  world: WorldPort,
  direct: DirectEvents,
): TEntryPoint {
  const story = new TransitionStory((execution, text, transition) => world.tell(execution, text, transition))
  const interceptor: ProgramInterceptor = {
    logic: ({ src, id, path, logic }) => {
      // a program that is a machine is what is tested, never what is mocked
      if (src === '' && isProgramMachine(logic)) return logic
      const step = actorName({ src, id }, entryPoint.programId)
      const chosen = world.replacement(step) ?? (world.isMocked(step) && !isPromiseLogic(logic) ? unmocked : logic)
      if (!isPromiseLogic(chosen)) return chosen
      return wrappedStep(chosen as unknown as PromiseActorLogic<unknown>, (attempt) => {
        const { executionId: execution, idempotencyKey } = attempt.context
        if (entryPoint.durability === 'strict' && !life.isDead)
          world.oracle?.begins({
            execution,
            step,
            idempotencyKey,
            attempt: attempt.attempt,
            waits: waitsForExecution(logic),
            signal: attempt.signal,
          })
        return world.calls.run({ life, step, logic: chosen, path, execution }, attempt)
      })
    },
    inspected: (event) => {
      if (life.isDead) return
      if (entryPoint.cancelEvent) tellCancel(event, entryPoint.cancelEvent.type, world.oracle)
      story.take(event)
    },
    output: (execution, output, run) => {
      if (life.isDead) return
      const what = describeOutput(output, entryPoint.programId)
      const isInline = output.kind === 'action' && output.name === undefined
      world.points.reach(output.kind, 'before', execution, what, isInline)
      if (life.isDead) return
      if (output.kind !== 'step') world.tell(execution, `${verbs[output.kind]} ${what}`)
      run()
      world.points.reach(output.kind, 'after', execution, what, isInline)
    },
    committing: (execution, revision, payloads) => direct.collected(execution, revision, payloads),
  }
  const own = Object.getOwnPropertyDescriptors(entryPoint)
  return Object.defineProperties({}, { ...own, interceptor: { value: interceptor, enumerable: true } }) as TEntryPoint
}

/** Tells that a program got its cancel event, and whether that is lost on it; one that is no machine takes all. */
function tellCancel(event: InspectionEvent, cancel: string, oracle: CommitOracle | undefined): void {
  if (!oracle || (event.type !== '@xstate.event' && event.type !== '@xstate.microstep') || event.event.type !== cancel) return
  const place = placeOf(event.actorRef)
  if (place?.path !== '') return
  const snapshot = event.actorRef.getSnapshot() as AnyMachineSnapshot | undefined
  if (event.type === '@xstate.microstep') {
    if (takesTransition(event)) oracle.compensates(place.execution)
  } else if (snapshot?.status === 'active') {
    const isOnItsWay = 'machine' in snapshot && isCompensating(snapshot, cancel)
    oracle.compensates(place.execution, isOnItsWay ? undefined : snapshot.value)
  }
}

/** Stands for a machine, callback or observable that is mocked by a function. */
const unmocked = fromStep(() => undefined)

const verbs = { action: 'does', emit: 'emits', log: 'logs' } as const

function describeOutput(output: ProgramOutput, programId: string): string {
  if (output.kind === 'step') return output.path === '' ? programId : output.path
  if (output.kind !== 'action') return shortText(output.value)
  const { name, params, event, path } = output
  const at = path === '' ? '' : `${path}: `
  return `${at}${name ?? `an inline action on ${eventText(event.type)}`}${params === undefined ? '' : ` ${shortText(params)}`}`
}
