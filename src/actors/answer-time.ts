/** The time that a command may take to answer. Owns what it answers when that is up: it goes on all the same. */
import type { Clock } from '../clock.js'
import type { Command, CommandOutcome } from '../events/outcomes.js'

/** What a command answers that is under way. */
export function underWay({ type }: Command): CommandOutcome {
  return { status: type === 'cancel' ? 'cancelling' : 'pausing' }
}

/** The answer, or `late` if there is none after so many ms; without a time it is waited for. */
export function answeredWithin<T>(clock: Clock, ms: number | undefined, late: T, answer: Promise<T>): Promise<T> {
  if (ms === undefined) return answer
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => resolve(late), ms)
    const done = (then: () => void) => (clock.clearTimeout(timer), then())
    answer.then(
      (value) => done(() => resolve(value)),
      (error: unknown) => done(() => reject(error as Error)),
    )
  })
}
