/**
 * The work of a trial, line by line; time passes after each.
 *
 * Owns: what is done to which execution, so that there are ends of every kind, pauses, events in an inbox, timers,
 * executions that leave memory, and more of them than slots.
 */
import { failingLabel } from './trial-program.js'

/** What a script may do; executions go by their labels. */
export interface TrialHands {
  trigger(...labels: readonly string[]): void
  /** Sends an event that is counted. */
  ping(label: string): void
  /** Sends the event that ends the wait. */
  go(label: string): void
  pause(label: string): void
  resume(label: string): void
  cancel(label: string): void
  pauseAll(): void
  resumeAll(): void
  /** Publishes an event under that id. */
  publish(id: string): void
  /** Asks for lists, records and the journal. */
  poll(): void
}

/** The lines. */
export const trialScript: readonly ((on: TrialHands) => void)[] = [
  (on) => on.trigger('plain', 'pinged', 'paused'),
  (on) => on.trigger('cancelled', 'timed by a pause', 'timed alone', failingLabel),
  (on) => (on.ping('plain'), on.pause('timed by a pause')),
  (on) => (on.ping('pinged'), on.ping('pinged'), on.pause('paused')),
  (on) => (on.ping('paused'), on.go('plain'), on.publish('first'), on.publish('second')),
  (on) => (on.cancel('cancelled'), on.resume('timed by a pause'), on.ping('pinged')),
  (on) => (on.pauseAll(), on.trigger('late')),
  (on) => (on.ping('paused'), on.go(failingLabel)),
  (on) => (on.resumeAll(), on.ping('pinged')),
  (on) => (on.resume('paused'), on.poll()),
  (on) => (on.go('paused'), on.ping('pinged')),
  (on) => (on.trigger('timed and last'), on.publish('third'), on.publish('first')),
  (on) => on.poll(),
  (on) => on.ping('pinged'),
]
