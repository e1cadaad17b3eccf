/** What an execution asks of the executions that its steps start. Owns no behaviour: `child-executions.ts` does it. */

/** A child that a step asks for. */
export interface ChildRequest {
  readonly parentId: string
  readonly entryPoint: string
  readonly input: unknown
  /** Its idempotency key: the same child for the same key. */
  readonly key: string
  /** Fires when the step is left or stopped. */
  readonly signal: AbortSignal
}

/** The children of all executions of one runtime. */
export interface ChildPort {
  /** Starts it, or finds the one that was started, and resolves with its output. */
  start(request: ChildRequest): Promise<unknown>
}
