/**
 * The time that a command may take to answer.
 *
 * Owns: the answer when that time is up (the command goes on all the same); and that it is given only once the command is in
 * the store. So an execution that was answered as pausing is pausing, even if the process dies in that moment.
 */
import type { Command, CommandOutcome } from '../../events/outcomes.js'
import type { ExecutionStatus } from '../../events/execution-status.js'
import type { WorkPlace } from './bounded-work.js'
import { Deadline } from '../supervisor/deadline.js'
import type { WallClock } from '../../wall-clock.js'

/** The answer of a command that is still under way, to an execution of that status. One that is being cancelled is not paused any more. */
export function underWay({ type }: Command, status: ExecutionStatus): CommandOutcome {
  return { status: type === 'cancel' || status === 'cancelling' ? 'cancelling' : 'pausing' }
}

/**
 * How far a command has got. `isHere`: an execution in memory has it, and answers in time, once the answer is durable.
 * `queued`: it was put into the durable inbox, with this number; undefined if there is no such inbox (any more).
 */
export interface CommandProgress {
  /** Undefined: the command may take as long as it needs. */
  readonly until: Deadline | undefined
  isHere: boolean
  /** True if the answer comes by the durable inbox, in which the command waits behind earlier messages. */
  isByInbox?: boolean
  /** True if another living process owned the execution when its owner was looked up. */
  isElsewhere?: boolean
  /** Its place among the executions that a command to many takes up. */
  readonly place?: WorkPlace | undefined
  queued?: Promise<number | undefined>
}

/** For each command of a command to many: the deadline of the whole, and the place among the executions that are taken up. */
export interface WithinMany {
  readonly until?: Deadline | undefined
  readonly place?: WorkPlace | undefined
}

/** A command that begins now. */
export function commandProgress(clock: WallClock, command: Command, { until, place }: WithinMany = {}): CommandProgress {
  const wait = 'wait' in command ? command.wait : undefined
  return { until: until ?? (wait === undefined ? undefined : new Deadline(clock, wait)), isHere: false, place }
}

/** The command with the time that is left; without a limit it may take as long as it needs. */
export function withTimeLeft({ until }: CommandProgress, command: Command): Command {
  if (command.type === 'resume') return command
  if (until !== undefined) return { ...command, wait: until.left }
  const { wait: _, ...patient } = command
  return patient
}

/**
 * The answer. If there is none when the time is up and nobody here will give one, `kept` puts the command into the store and
 * gives the answer. If `kept` gives undefined, the store can't take it, and the answer is waited for, as without a limit.
 */
export function answeredWithin<T>(progress: CommandProgress, kept: () => Promise<T | undefined>, answer: Promise<T>): Promise<T> {
  const { until } = progress
  if (until === undefined) return answer
  return new Promise((resolve, reject) => {
    const stop = until.whenUp(() => {
      if (!progress.isHere) kept().then((late) => late !== undefined && resolve(late), reject)
    })
    answer.finally(stop).then(resolve, reject)
  })
}
