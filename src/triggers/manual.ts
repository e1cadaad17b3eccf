/** The triggers that fire nothing by themselves. Owns: their names; `runtime.trigger` may fire every entry point. */
import type { PassiveTrigger } from '../actors/trigger/trigger.js'

/** Fired by `runtime.trigger` alone: the default. */
export function manual(): PassiveTrigger {
  return { type: 'manual' }
}

/** Fired by `runtime.trigger` alone, for an entry point that an application's own routes call: the same as `manual`, by the name that people expect. */
export function api(): PassiveTrigger {
  return { type: 'api' }
}
