/** What an execution asks for the executions that its steps start (its children). Owns no behaviour: `child-executions.ts` implements it. */
import { StatewardError } from '../../errors.js'
import type { Intervention, PauseMode } from '../../events/execution-events.js'
import type { Command, CommandOutcome } from '../../events/outcomes.js'
import type { ChildOptions } from '../../events/requests.js'
import type { CheckedOptions } from '../../events/trigger-check.js'
import type { StoredExecution } from '../../persistence/snapshot-store.js'

/** Whether a child is cancelled or goes on when the step that waits for it is left, or its parent ends. */
export type WhenLeft = 'cancel' | 'leave'

/** The link of a child to its parent, stored with the child. */
export interface ChildLink {
  readonly whenLeft: WhenLeft
  /** The earlier child of the same step, which failed. */
  readonly retryOf?: string | undefined
}

/** Which of a step's children it is. */
export interface ChildTurn {
  /** From 1; one more after each child that failed. */
  readonly n: number
  readonly retryOf?: string | undefined
  /** The id of the child, and of the parent (a fork has children of its own). If it is forgotten, another child is started. */
  readonly known?: { readonly id: string; readonly of: string } | undefined
}

/** A step's request for a child. */
export interface StepChildRequest {
  readonly entryPoint: string
  readonly input: unknown
  readonly signal: AbortSignal
  readonly whenLeft: WhenLeft
  /** Makes what is said of the child. */
  readonly options?: (() => CheckedOptions<ChildOptions>) | undefined
}

/** The request of a step, with what its execution adds. */
export interface ChildRequest {
  readonly parentId: string
  readonly entryPoint: string
  readonly input: unknown
  /** The step's idempotency key. The key of the child is made of it and the child's number. */
  readonly key: string
  readonly turn: ChildTurn
  /** True if an earlier process or attempt may have started the child. */
  readonly isAgain: boolean
  readonly whenLeft: WhenLeft
  readonly options?: (() => CheckedOptions<ChildOptions>) | undefined
  /** Fires when the step is left or stopped. */
  readonly signal: AbortSignal
  /** Called with the child once its acceptance is durable. */
  readonly accepted: (n: number, id: string) => void
}

/** The children of all executions of one runtime. */
export interface ChildPort {
  /** Carries out a command that an execution found in its inbox: its children get the command as well. */
  inOrder(id: string, command: Command, own: () => Promise<CommandOutcome>): Promise<CommandOutcome>
  /** An execution was taken over from a dead process: its parent may have ended, or its children may have been paused by a command that never reached it. */
  adopted(stored: StoredExecution): Promise<void>
  /** Starts the child, or finds the one that was started before, and resolves with its output. */
  start(request: ChildRequest): Promise<unknown>
  /** Cancels the children of a step that was left. */
  leave(parentId: string, key: string): Promise<void>
  /** Cancels the children that must end with their parent; resolves once none of them lives. */
  end(parentId: string, by: Intervention): Promise<void>
  /** Pauses the children with their parent; resolves once they are paused. */
  rest(parentId: string, by: Intervention, mode: PauseMode): Promise<void>
}

const unrouted = () => Promise.reject(new StatewardError('not_started', 'The runtime is not started.'))

/** Stands in until there is a router. */
export const unroutedChildren: ChildPort = {
  inOrder: unrouted,
  adopted: unrouted,
  start: unrouted,
  leave: unrouted,
  end: unrouted,
  rest: unrouted,
}
