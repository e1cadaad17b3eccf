/** Waiting for one event. Owns: how long and from where on it is waited for, and the answers. */
import { StatewardError } from '../errors.js'
import { refuseUnknown, type OptionNames } from '../known-options.js'
import type { RuntimeEvent } from './runtime-event.js'

/** How long to wait for an event, and from where on. */
export interface WaitForOptions {
  /** In ms; 0 looks at what is there and does not wait; absent waits for ever. */
  readonly timeout?: number | undefined
  /** Events with a greater `seq` are looked at; 0 is the beginning. Absent: those that become durable from the call on. */
  readonly since?: number | undefined
  /** Ends the waiting: the call rejects with its reason. */
  readonly signal?: AbortSignal | undefined
}

const names: OptionNames<WaitForOptions> = { timeout: true, since: true, signal: true }

/**
 * `happened`: the first event that fits. `timeout`: there was none in that time; `isIncomplete`, if there is no telling, since some
 * events after `since` are not kept any more.
 */
export type WaitForOutcome =
  | { readonly status: 'happened'; readonly event: RuntimeEvent }
  | { readonly status: 'timeout'; readonly isIncomplete?: true }

/** Throws `invalid_option`, naming the option. */
export function checkWait(subject: string, options: WaitForOptions): void {
  refuseUnknown('invalid_option', subject, options, names)
  const { timeout, since } = options
  for (const [option, value] of Object.entries({ timeout, since }))
    if (value !== undefined && !(typeof value === 'number' && value >= 0))
      throw new StatewardError('invalid_option', `${subject}: \`${option}\` is ${String(value)}; it must be a number from 0.`, {
        details: { option, value: String(value) },
      })
}
