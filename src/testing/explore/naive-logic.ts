/**
 * A program's logic as the naive host runs it: as it is, but for its mocks and the points around its actions.
 *
 * Owns: the replacement of actors by name, down into child machines. Uses XState's public interfaces alone.
 */
import { type AnyActorLogic, type AnyStateMachine, type PromiseActorLogic } from 'xstate'
import { isPromiseLogic, isProgramMachine, type ProgramMachine } from '../../actors/program/xstate/program-logic.js'
import { fromStep, wrappedStep } from '../../actors/program/step.js'
import type { Life } from '../world/process-life.js'
import { eventText } from '../world/readable.js'
import type { World } from '../world/world.js'
import { isXStateEvent } from '../../actors/program/xstate/xstate-events.js'
import { actionsOf, actorsOf } from '../../actors/program/xstate/implementations.js'

/** In which world and for whom. */
export interface NaiveSurroundings {
  readonly world: World
  readonly life: Life
  readonly execution: string
}

interface Scope {
  readonly actionExecutor: (action: {
    readonly type: string
    readonly info: { readonly event: { readonly type: string } }
    readonly exec?: unknown
  }) => void
}

/** The same logic, watched. */
export function naiveLogic(logic: AnyActorLogic, around: NaiveSurroundings, name?: string): AnyActorLogic {
  const { world } = around
  if (name !== undefined) {
    const replacement = world.replacement(name)
    if (replacement) return replacement
    if (world.isMocked(name) && !isPromiseLogic(logic))
      return step(
        fromStep<unknown>(() => undefined),
        name,
        around,
      )
  }
  if (isPromiseLogic(logic)) return step(logic as unknown as PromiseActorLogic<unknown>, name ?? 'program', around)
  if (!isProgramMachine(logic)) return logic
  const actors = Object.entries(actorsOf(logic)).map(([child, inner]) => [child, naiveLogic(inner, around, child)])
  const provided = (logic as unknown as AnyStateMachine).provide({ actors: Object.fromEntries(actors) as never })
  return watched(provided, around)
}

function step(logic: PromiseActorLogic<unknown>, name: string, { world, life, execution }: NaiveSurroundings): AnyActorLogic {
  return wrappedStep(logic, (attempt) =>
    world.calls.run(
      { life, step: name, logic, path: name, execution },
      { ...attempt, context: { ...attempt.context, executionId: execution, idempotencyKey: `${execution}/${attempt.self.id}` } },
    ),
  ) as unknown as AnyActorLogic
}

/** Its custom actions, past the points of the world. */
function watched(machine: AnyStateMachine, { world, life, execution }: NaiveSurroundings): AnyActorLogic {
  const scoped = <T extends object>(scope: T): T => {
    const { actionExecutor } = scope as unknown as Scope
    const watching: Scope['actionExecutor'] = (action) => {
      const { type, info, exec } = action
      if (!exec || isXStateEvent(type)) return actionExecutor(action)
      const isInline = actionsOf(machine as unknown as ProgramMachine)[type] !== exec
      const what = isInline ? `an inline action on ${eventText(info.event.type)}` : type
      world.points.reach('action', 'before', execution, what, isInline)
      if (life.isDead) return
      world.tell(execution, `does ${what}`)
      actionExecutor(action)
      world.points.reach('action', 'after', execution, what, isInline)
    }
    return { ...scope, actionExecutor: watching }
  }
  return Object.create(machine, {
    transition: {
      value: (snapshot: never, event: never, scope: never) =>
        life.isDead ? snapshot : machine.transition(snapshot, event, scoped(scope)),
    },
    getInitialSnapshot: { value: (scope: never, input: never) => machine.getInitialSnapshot(scoped(scope), input) },
  }) as AnyActorLogic
}
