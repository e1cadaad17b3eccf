/** The time that a command may take to answer. Owns what it answers when that is up: it goes on all the same. */
import type { Clock } from '../clock.js'
import type { Command, CommandOutcome } from '../events/outcomes.js'

/** What a command answers that is under way. */
export function underWay({ type }: Command): CommandOutcome {
  return { status: type === 'cancel' ? 'cancelling' : 'pausing' }
}

/** Where a command has come to. `isHere`: an execution in memory has it, and answers it in time, once that is durable. */
export interface CommandProgress {
  readonly until: number | undefined
  isHere: boolean
}

/** The command with what is left of its time; without one it may take as long as it needs. */
export function withTimeLeft(clock: Clock, { until }: CommandProgress, command: Command): Command {
  if (command.type === 'resume') return command
  if (until !== undefined) return { ...command, wait: Math.max(0, until - clock.now()) }
  const { wait: _, ...patient } = command
  return patient
}

/** The answer, or `late` if there is none when its time is up and nobody here will give one; without a time it is waited for. */
export function answeredWithin<T>(clock: Clock, progress: CommandProgress, late: T, answer: Promise<T>): Promise<T> {
  const { until } = progress
  if (until === undefined) return answer
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => progress.isHere || resolve(late), until - clock.now())
    const done = (then: () => void) => (clock.clearTimeout(timer), then())
    answer.then(
      (value) => done(() => resolve(value)),
      (error: unknown) => done(() => reject(error as Error)),
    )
  })
}
