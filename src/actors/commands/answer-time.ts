/**
 * The time that a command may take to answer.
 *
 * Owns: what it answers when that is up (it goes on all the same), and that this is answered only once the command is in
 * the store: whoever was told that an execution is pausing finds it so, also if the process dies in that moment.
 */
import type { Command, CommandOutcome } from '../../events/outcomes.js'
import type { WorkPlace } from './bounded-work.js'
import { Deadline } from '../supervisor/deadline.js'
import type { WallClock } from '../../wall-clock.js'

/** What a command answers that is under way. */
export function underWay({ type }: Command): CommandOutcome {
  return { status: type === 'cancel' ? 'cancelling' : 'pausing' }
}

/**
 * Where a command has come to. `isHere`: an execution in memory has it, and answers it in time, once that is durable.
 * `queued`: it was put into the durable inbox, with this number; undefined if there is no such inbox (any more).
 */
export interface CommandProgress {
  /** Undefined: it may take as long as it needs. */
  readonly until: Deadline | undefined
  isHere: boolean
  /** True if its answer comes by the durable inbox, where it stands behind what came before it. */
  isByInbox?: boolean
  /** True if another process that lives had the execution when it was looked for. */
  isElsewhere?: boolean
  /** Its place among those of a command to many that are being taken up. */
  readonly place?: WorkPlace | undefined
  queued?: Promise<number | undefined>
}

/** What a command to many says of each: until when the whole of it may take, and the place that one has among those being taken up. */
export interface WithinMany {
  readonly until?: Deadline | undefined
  readonly place?: WorkPlace | undefined
}

/** A command that begins now. */
export function commandProgress(clock: WallClock, command: Command, { until, place }: WithinMany = {}): CommandProgress {
  const wait = 'wait' in command ? command.wait : undefined
  return { until: until ?? (wait === undefined ? undefined : new Deadline(clock, wait)), isHere: false, place }
}

/** The command with what is left of its time; without one it may take as long as it needs. */
export function withTimeLeft({ until }: CommandProgress, command: Command): Command {
  if (command.type === 'resume') return command
  if (until !== undefined) return { ...command, wait: until.left }
  const { wait: _, ...patient } = command
  return patient
}

/**
 * The answer. If there is none when its time is up and nobody here will give one, it is what `kept` comes to, which puts the
 * command into the store; undefined: that is no place, and the answer is waited for, as it is without a time.
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
