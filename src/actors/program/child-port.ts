/** What an execution asks of the executions that its steps start: `child-executions.ts` does it. Owns what is said before anything is routed. */
import { StatewardError } from '../../errors.js'
import type { Intervention, PauseMode } from '../../events/execution-events.js'
import type { Command, CommandOutcome } from '../../events/outcomes.js'
import type { StoredExecution } from '../../persistence/snapshot-store.js'

/** What becomes of a child when the step that waits for it is left, or its parent ends. */
export type WhenLeft = 'cancel' | 'leave'

/** What a child knows of its parent, stored with it. */
export interface ChildLink {
  readonly whenLeft: WhenLeft
  /** The child that the same step started before, whose failure it has taken. */
  readonly retryOf?: string | undefined
}

/** Which of a step's children it is. */
export interface ChildTurn {
  /** From 1; one more when a child was used up. */
  readonly n: number
  readonly retryOf?: string | undefined
  /** Which execution it is, and of which parent (a fork has its own): were it forgotten, another one would be started. */
  readonly known?: { readonly id: string; readonly of: string } | undefined
}

/** What a step says of the child that it asks for. */
export interface StepChildRequest {
  readonly entryPoint: string
  readonly input: unknown
  readonly signal: AbortSignal
  readonly whenLeft: WhenLeft
}

/** A child that a step asks for, as its execution passes it on. */
export interface ChildRequest {
  readonly parentId: string
  readonly entryPoint: string
  readonly input: unknown
  /** The step's idempotency key; the child's own is made of it and its number. */
  readonly key: string
  readonly turn: ChildTurn
  /** True if it may have been started by a process, or an attempt, before this one. */
  readonly isAgain: boolean
  readonly whenLeft: WhenLeft
  /** Fires when the step is left or stopped. */
  readonly signal: AbortSignal
  /** Told of the child that it is, once that is durable. */
  readonly accepted: (n: number, id: string) => void
}

/** The children of all executions of one runtime. */
export interface ChildPort {
  /** A command to an execution that came by its inbox: also what it has started gets it. */
  inOrder(id: string, command: Command, own: () => Promise<CommandOutcome>): Promise<CommandOutcome>
  /** Told of an execution that was taken over from a dead process: its parent may have ended, or what it has started may have been paused by a command that never came to it. */
  adopted(stored: StoredExecution): Promise<void>
  /** Starts it, or finds the one that was started, and resolves with its output. */
  start(request: ChildRequest): Promise<unknown>
  /** Cancels those of a step that was left. */
  leave(parentId: string, key: string): Promise<void>
  /** Cancels those that are to end with their parent; resolves once none of them lives. */
  end(parentId: string, by: Intervention): Promise<void>
  /** Pauses those that go on, as their parent is; resolves once they are. */
  rest(parentId: string, by: Intervention, mode: PauseMode): Promise<void>
}

const unrouted = () => Promise.reject(new StatewardError('not_started', 'The runtime is not started.'))

/** Before there is a router. */
export const unroutedChildren: ChildPort = {
  inOrder: unrouted,
  adopted: unrouted,
  start: unrouted,
  leave: unrouted,
  end: unrouted,
  rest: unrouted,
}
