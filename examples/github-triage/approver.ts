/**
 * Plays the person who is asked: waits for executions that ask, thinks for a moment, answers by the rule.
 *
 * Owns: no state that matters. Questions are found in the event log, which a restart reads again from its start, and in
 * the list of what waits now; so an execution that was asking when the process was killed gets its answer in the next run.
 */
import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { decide, isAwaitingApproval, type ApprovalFacts, type Decision } from './approval.js'

/** As much of an execution's record as the person reads. */
export interface AskingExecution {
  readonly status: string
  readonly value?: unknown
  readonly context?: unknown
}

/** As much of the runtime as the person uses. */
export interface ApproverRuntime {
  events(options: { since: number; signal: AbortSignal }): AsyncIterable<{ readonly type: string; readonly executionId?: string }>
  executions(options: { status: 'waiting'[]; limit: number; cursor?: string }): Promise<{
    readonly executions: ReadonlyArray<AskingExecution & { readonly id: string }>
    readonly cursor?: string | null
  }>
  execution(id: string): { get(): Promise<AskingExecution | null | undefined>; send(event: Decision): Promise<unknown> }
}

/** The person at work. */
export interface Approver {
  /** How many questions were answered in this run. */
  readonly answered: () => number
  /** Stops answering; resolves once nothing is on its way any more. */
  stop(): Promise<void>
}

/** Lets a person answer whatever asks, `thinkFor` milliseconds after it asked. Failures go to `onError`. */
export function startApprover(runtime: ApproverRuntime, thinkFor: number, onError: (error: unknown) => void): Approver {
  const stopping = new AbortController()
  const { signal } = stopping
  // One listener for each open question.
  setMaxListeners(0, signal)
  /** Whoever has an answer, or one on its way. Looked at only after the record was read: a question must not be missed. */
  const taken = new Set<string>()
  const work = new Set<Promise<void>>()
  let answers = 0

  function spawn(job: () => Promise<void>): void {
    const running = job()
      .catch((error: unknown) => {
        if (!signal.aborted) onError(error)
      })
      .finally(() => work.delete(running))
    work.add(running)
  }

  async function consider(id: string): Promise<void> {
    const record = await runtime.execution(id).get()
    if (record?.status !== 'waiting' || !isAwaitingApproval(record.value) || taken.has(id)) return
    taken.add(id)
    try {
      await sleep(thinkFor, undefined, { signal })
      await runtime.execution(id).send(decide(record.context as ApprovalFacts))
      answers += 1
    } catch (error) {
      taken.delete(id)
      throw error
    }
  }

  async function follow(): Promise<void> {
    for await (const { type, executionId } of runtime.events({ since: 0, signal })) {
      if (type === 'execution.waiting' && executionId !== undefined) spawn(() => consider(executionId))
    }
  }

  async function lookAround(): Promise<void> {
    let cursor: string | undefined
    do {
      const page = await runtime.executions({ status: ['waiting'], limit: 100, ...(cursor === undefined ? {} : { cursor }) })
      for (const { id } of page.executions) spawn(() => consider(id))
      cursor = page.cursor ?? undefined
    } while (cursor !== undefined && !signal.aborted)
  }

  spawn(follow)
  spawn(lookAround)
  return {
    answered: () => answers,
    async stop() {
      stopping.abort()
      while (work.size > 0) await Promise.all(work)
    },
  }
}
