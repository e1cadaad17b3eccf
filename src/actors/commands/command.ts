/**
 * Builds a command from a request: by a handle, for a scope, or by an event.
 *
 * Owns: the defaults of each command, what is recorded of who asked and why, and that a resume delivers all of its events or none.
 * Does not check options: `checkCommand` has done that.
 */
import type { Intervention } from '../../events/execution-events.js'
import type { Command, ResumeOutcome } from '../../events/outcomes.js'
import type { By, CancelOptions, PauseOptions, ResumeOptions } from '../../events/requests.js'
import type { CommandRouter } from './command-router.js'

/** The time of a command, and its scope; absent: one execution. */
export type Given = Pick<Intervention, 'at' | 'scope'>

/** A pause; the default mode is `boundary`. */
export const pauseCommand = ({ mode = 'boundary', timeout, ...by }: PauseOptions, given: Given): Command => ({
  type: 'pause',
  mode,
  intervention: interventionOf(by, given),
  ...waiting(timeout),
})

/** A resume; without fresh attempts by default. */
export const resumeCommand = ({ retry = false, reason, actor }: ResumeOptions, given: Given): Command => ({
  type: 'resume',
  retry,
  intervention: interventionOf({ reason, actor }, given),
})

/** A cancel. */
export const cancelCommand = ({ timeout, ...by }: CancelOptions, given: Given): Command => ({
  type: 'cancel',
  intervention: interventionOf(by, given),
  ...waiting(timeout),
})

/** Delivers the events of a resume, all of them or none, and resumes. Throws `invalid_event`, `not_storable`. */
export async function resume(
  router: Pick<CommandRouter, 'checked' | 'send' | 'command'>,
  id: string,
  options: ResumeOptions,
  now: () => number,
): Promise<ResumeOutcome> {
  const { events = [] } = options
  for (const event of events) router.checked(id, event)
  for (const event of events) await router.send(id, event)
  return (await router.command(id, resumeCommand(options, { at: now() }))) as ResumeOutcome
}

function interventionOf({ reason, actor }: By, { at, scope }: Given): Intervention {
  return {
    at,
    ...(scope === undefined ? {} : { scope }),
    ...(reason === undefined ? {} : { reason }),
    ...(actor === undefined ? {} : { actor }),
  }
}

const waiting = (timeout: number | undefined) => (timeout === undefined ? {} : { wait: timeout })
