/**
 * Waits for the results of executions.
 *
 * Owns: asking the store whether the execution has ended already, and polling where no poll loop runs.
 */
import { isTerminal, type ExecutionStatus } from '../../events/execution-status.js'
import type { Absent, ExecutionOutcome, ResultOutcome } from '../../events/outcomes.js'
import { splitState } from '../execution/stored-state.js'
import { storedOutcome } from '../execution/execution-record.js'
import { absentFrom, endedWithin, settleIfEnded, type ResultWaiters } from '../cluster/result-waiters.js'
import type { SupervisorSettings } from '../supervisor/supervisor-options.js'

/** How long to wait for a result. */
export interface ResultOptions {
  /** In ms; 0 asks and does not wait; absent waits for ever. */
  readonly timeout?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** The parts of a supervisor that are used. */
interface Asked {
  readonly settings: Pick<SupervisorSettings, 'clock' | 'pollInterval' | 'store' | 'logger'>
  readonly results: ResultWaiters
  readonly phase: string
  /** The execution, if this process has it in memory. */
  live(id: string): { readonly status: ExecutionStatus } | undefined
  open(): Promise<void>
}

/** The outcome of an execution, now or when it ends. */
export async function resultOf(supervisor: Asked, id: string, { timeout, signal }: ResultOptions): Promise<ResultOutcome> {
  signal?.throwIfAborted()
  const { settings, results } = supervisor
  let outcome: ExecutionOutcome | Absent | undefined
  let settle: (outcome: ExecutionOutcome | Absent) => void = (ended) => void (outcome = ended)
  let fail: (error: unknown) => void = () => undefined
  const waiting = { settle: (ended: ExecutionOutcome | Absent) => settle(ended), fail: (error: unknown) => fail(error) }
  const forget = results.add(id, waiting)
  let stopLooking: () => void = () => undefined
  try {
    const here = supervisor.live(id)
    // an execution that has ended may stay in memory until its last actions have run
    if (!here || isTerminal(here.status)) {
      await supervisor.open()
      const stored = await settings.store.load(id)
      if (!stored) return await absentFrom(settings.store, id)
      outcome ??= storedOutcome(stored)
      // an execution that can't be read may never end
      if (!outcome) splitState(stored.state, id)
    }
    if (outcome) return outcome
    if (timeout === 0) return { status: 'timeout' }
    if (supervisor.phase === 'idle') stopLooking = lookFor(supervisor, id)
    return await endedWithin(settings.clock, timeout, signal, (resolve, reject) => {
      settle = resolve
      fail = reject
    })
  } finally {
    stopLooking()
    forget()
  }
}

/** Polls for ends in other processes, where the runtime has no poll loop because it runs nothing. */
function lookFor(supervisor: Asked, id: string): () => void {
  const { clock, pollInterval, store, logger } = supervisor.settings
  let timer: unknown
  let isOver = false
  const poll = () => settleIfEnded(store, supervisor.results, id)
  const failed = (error: unknown) => logger('the result of', id, 'could not be looked for', error)
  const again = () => {
    // once the runtime is started or stopped, others do this
    if (isOver || supervisor.phase !== 'idle') return
    timer = clock.setTimeout(() => void poll().catch(failed).finally(again), pollInterval)
  }
  again()
  return () => {
    isOver = true
    clock.clearTimeout(timer)
  }
}
