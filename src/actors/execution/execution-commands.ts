/**
 * Pause, resume and cancel of one execution in memory.
 *
 * Owns: what each command answers in each status. A command acts on the durable state, so that its answer never names a state
 * which a failing store, or the end of the program, takes back. The answer is given once the command's own effect is durable.
 * Every command may be repeated.
 */
import type { Clock } from '../../clock.js'
import type { ExecutionContext, ExecutionEvent, Intervention } from '../../events/execution-events.js'
import { isTerminal, stageOf, type ExecutionStatus, type TerminalStatus } from '../../events/execution-status.js'
import type { CancelOutcome, Command, CommandOutcome, PauseOutcome, ResumeOutcome } from '../../events/outcomes.js'

/** The parts of an execution host that commands use. */
export interface CommandedExecution {
  readonly clock: Clock
  /** As of the last durable commit. */
  readonly status: ExecutionStatus
  readonly revision: number
  /** The status that the lifecycle has now, ahead of the durable one. */
  readonly nextStatus: ExecutionStatus
  readonly context: ExecutionContext
  readonly isBackingOff: boolean
  /** True if the lifecycle is at the same stage as the store says, and the program goes on. */
  readonly isSteady: boolean
  /** True if the program has moved since the last commit was made. If the move can't be stored, the program fails. */
  readonly hasMoved: boolean
  /** True while a resume is not durable yet. */
  isResuming: boolean
  /** Lets a program that had ended before it was taken up here finish; false: it had not ended. */
  comesToItsEnd(): boolean
  stopping(): { readonly started: boolean; readonly inFlight: boolean; readonly repeatsActions: boolean; readonly stopBy: number }
  tell(event: ExecutionEvent): void
  resume(resume: Intervention, retry: boolean): void
  /** Resolves with the revision of the first later durable commit with such a status, or of the terminal one. */
  until(ready: (status: ExecutionStatus) => boolean): Promise<number>
  /** Resolves with the revision of the next durable commit, whatever it says. */
  nextCommit(): Promise<number>
}

/**
 * Carries out a command. `noted` is called once the command is durable, if its answer is still waited for then. Rejects if the
 * execution is lost to another owner, or the store fails, before there is an answer.
 */
export async function handle(
  execution: CommandedExecution,
  command: Command,
  noted: () => void = () => undefined,
): Promise<CommandOutcome> {
  if (execution.nextStatus === 'queued') execution.comesToItsEnd()
  // wait until earlier commands are done and a program that is ending has ended: a failed program may begin another attempt
  // and a program whose last move can't be stored fails, and could not compensate
  const isMoving = command.type === 'cancel' && execution.context.compensates && execution.hasMoved
  for (let least = isMoving ? 1 : 0; least > 0 || !execution.isSteady; least--) await execution.nextCommit()
  if (command.type === 'pause') return pause(execution, command, noted)
  return command.type === 'resume' ? resume(execution, command) : cancel(execution, command, noted)
}

/** The answer that goes with the commit after which the execution leaves memory; undefined: the next owner answers. */
export function lastAnswer(
  { type }: Command,
  before: ExecutionStatus,
  status: ExecutionStatus,
  revision: number,
): CommandOutcome | undefined {
  if (type === 'cancel' && status === 'cancelled' && !isTerminal(before)) return { status }
  if (type === 'pause' && status === 'paused') return { status, revision }
  // it is to start later, and leaves memory until then
  if (type === 'resume' && status === 'queued' && before === 'paused') return { status: 'resumed', revision }
  return isTerminal(status) ? finished(status) : undefined
}

const finished = (as: TerminalStatus) => ({ status: 'already_finished', as }) as const

async function pause(
  execution: CommandedExecution,
  { mode, intervention, wait }: Command & { type: 'pause' },
  noted: () => void,
): Promise<PauseOutcome> {
  const { status: before, revision } = execution
  if (isTerminal(before)) return finished(before)
  if (before === 'paused') return { status: 'already_paused', revision }
  if (before === 'cancelling') return { status: 'cancelling' }
  execution.tell({ type: 'execution.pause', pause: { ...intervention, mode }, ...execution.stopping() })
  execution.nextCommit().then(noted, noted)
  await within(execution, wait, (status) => status === 'paused' || stageOf(status) === 'going')
  return paused(execution)
}

function paused({ status, revision }: CommandedExecution): PauseOutcome {
  if (isTerminal(status)) return finished(status)
  if (status === 'pausing' || status === 'cancelling') return { status }
  // a resume may have undone the pause before its steps had ended
  return { status: status === 'paused' ? status : 'resumed', revision }
}

async function resume(
  execution: CommandedExecution,
  { intervention, retry }: Command & { type: 'resume' },
): Promise<ResumeOutcome> {
  const { status: before } = execution
  if (isTerminal(before)) return finished(before)
  if (before === 'cancelling') return { status: 'cancelling' }
  if (stageOf(before) === 'going' && !execution.isBackingOff) return { status: 'already_running' }
  // a pause with mode `now` is completed first; a pause that waits for a boundary is undone
  if (before === 'pausing' && execution.context.pause?.mode === 'now') {
    await execution.until((status) => status !== 'pausing')
    return handle(execution, { type: 'resume', intervention, retry }) as Promise<ResumeOutcome>
  }
  // the commit of the resume holds nothing else: later commands come after it
  execution.isResuming = true
  try {
    execution.resume(intervention, retry)
    const revision = await execution.nextCommit()
    return { status: 'resumed', revision }
  } finally {
    execution.isResuming = false
  }
}

async function cancel(
  execution: CommandedExecution,
  { intervention, wait }: Command & { type: 'cancel' },
  noted: () => void,
): Promise<CancelOutcome> {
  const { status: before } = execution
  if (isTerminal(before)) return finished(before)
  if (before !== 'cancelling') execution.tell({ type: 'execution.cancel', cancel: intervention, ...execution.stopping() })
  execution.nextCommit().then(noted, noted)
  await within(execution, wait, isTerminal)
  const { status } = execution
  if (!isTerminal(status)) return { status: 'cancelling' }
  return status === 'cancelled' ? { status } : finished(status)
}

/** Resolves once a durable commit has such a status; if the time is up before, once the command itself is durable. */
async function within(
  execution: CommandedExecution,
  wait: number | undefined,
  ready: (status: ExecutionStatus) => boolean,
): Promise<void> {
  const reached = execution.until(ready)
  if (wait === undefined) return void (await reached)
  const noted = execution.nextCommit()
  await Promise.all([noted, Promise.race([reached, elapsed(execution.clock, wait, reached)])])
}

function elapsed(clock: Clock, ms: number, other: Promise<unknown>): Promise<void> {
  // answered with the first commit: later commands find this one done
  if (ms === 0) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = clock.setTimeout(resolve, ms)
    const stop = () => clock.clearTimeout(timer)
    other.then(stop, stop)
  })
}
