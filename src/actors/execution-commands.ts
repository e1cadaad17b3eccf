/**
 * Pause, resume and cancel of one execution in memory.
 *
 * Owns: what each command answers in each status. An answer is given once it is durable; every command may be repeated.
 */
import type { ExecutionStatus, TerminalStatus } from '../events/execution-status.js'
import { isTerminal } from '../events/execution-status.js'
import type { CancelOutcome, Command, CommandOutcome, PauseOutcome, ResumeOutcome } from '../events/outcomes.js'
import type { Clock } from '../clock.js'
import type { ExecutionActor } from './execution-actor.js'

/** Carries out a command. Rejects if the execution is lost to another owner or the store before there is an answer. */
export function obey(execution: ExecutionActor, command: Command): Promise<CommandOutcome> {
  if (command.type === 'pause') return pause(execution, command)
  return command.type === 'resume' ? resume(execution, command) : cancel(execution, command)
}

/** The answer that goes with the commit after which the execution is gone from memory; undefined: the next holder will know. */
export function lastAnswer(
  { type }: Command,
  before: ExecutionStatus,
  status: ExecutionStatus,
  revision: number,
): CommandOutcome | undefined {
  if (type === 'cancel' && status === 'cancelled' && !isTerminal(before)) return { status }
  if (type === 'pause' && status === 'paused') return { status, revision }
  return isTerminal(status) ? finished(status) : undefined
}

const finished = (as: ExecutionStatus) => ({ status: 'already_finished', as: as as TerminalStatus }) as const

async function pause(
  execution: ExecutionActor,
  { mode, intervention, wait }: Command & { type: 'pause' },
): Promise<PauseOutcome> {
  const before = execution.heading
  if (before === 'paused' && execution.status === 'paused') return { status: 'already_paused', revision: execution.revision }
  if (before === 'cancelling') return { status: 'cancelling' }
  if (!isTerminal(before)) execution.tell({ type: 'execution.pause', pause: { ...intervention, mode }, ...execution.stopping() })
  const revision = await within(execution, wait, (status) => status === 'paused')
  if (revision === undefined) return { status: 'pausing' }
  return isTerminal(execution.status) ? finished(execution.status) : { status: 'paused', revision }
}

async function resume(execution: ExecutionActor, { intervention, retry }: Command & { type: 'resume' }): Promise<ResumeOutcome> {
  // a pause that is not through yet comes to its end first, unless it only waits for a boundary
  const stopping = execution.heading === 'pausing' && execution.context.pause?.mode === 'now'
  const isUnderWay = execution.heading === 'paused' && execution.status !== 'paused'
  if (stopping || isUnderWay) {
    await execution.until((status) => status === 'paused')
    await leftMemory(execution)
  }
  const before = execution.heading
  if (isTerminal(before)) return execution.until(() => true).then(() => finished(execution.status))
  if (before === 'cancelling') return { status: 'cancelling' }
  const stands = before === 'paused' || before === 'pausing' || execution.isBackingOff
  if (!stands) return { status: 'already_running' }
  execution.resume(intervention, retry)
  const revision = await execution.until(() => true)
  return { status: 'resumed', revision }
}

async function cancel(execution: ExecutionActor, { intervention, wait }: Command & { type: 'cancel' }): Promise<CancelOutcome> {
  const before = execution.heading
  const ends = before === 'cancelling' || isTerminal(before)
  if (!ends) execution.tell({ type: 'execution.cancel', cancel: intervention, ...execution.stopping() })
  const revision = await within(execution, wait, isTerminal)
  if (revision === undefined) return { status: 'cancelling' }
  return execution.status === 'cancelled' && !isTerminal(before) ? { status: 'cancelled' } : finished(execution.status)
}

/** Rejects once an execution that gives itself back has left memory: whoever takes it up next gets the command. */
async function leftMemory(execution: ExecutionActor): Promise<void> {
  if (!execution.isLeaving) return
  await execution.gone
  await execution.until(() => true)
}

/** The revision once a durable commit has such a status; undefined if the time is up before. */
function within(
  execution: ExecutionActor,
  wait: number | undefined,
  ready: (status: ExecutionStatus) => boolean,
): Promise<number | undefined> {
  const reached = execution.until(ready)
  return wait === undefined ? reached : Promise.race([reached, elapsed(execution.clock, wait, reached)])
}

function elapsed(clock: Clock, ms: number, other: Promise<unknown>): Promise<undefined> {
  return new Promise((resolve) => {
    const timer = clock.setTimeout(() => resolve(undefined), ms)
    const stop = () => clock.clearTimeout(timer)
    other.then(stop, stop)
  })
}
