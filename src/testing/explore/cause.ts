/** What in a machine makes a disturbed run come out otherwise. Owns the words for it; `cause-rules.ts` finds it. */
import { eventText, stateText } from '../world/readable.js'
import type { Difference } from './differences.js'
import type { Run } from './run.js'

/** A word for what is wrong. */
export type CauseCode =
  | 'not_storable'
  | 'program_mismatch'
  | 'randomness'
  | 'value_lost'
  | 'memory_lost'
  | 'inline_action_repeated'
  | 'inline_action_lost'
  | 'action_repeated'
  | 'timer_forgotten'
  | 'child_done_untold'
  | 'step_repeated'
  | 'step_interrupted'
  | 'recovery_limit'
  | 'callback_restarted'
  | 'order_of_completion'
  | 'timer_race'
  | 'commits_counted'
  | 'cancel_race'
  | 'compensation_missing'
  | 'law_broken'
  | 'unknown'

/** Why a run came out otherwise, and what to do about it. */
export interface Cause {
  readonly code: CauseCode
  readonly execution: string | null
  /** Where in the machine: a state, a transition, a path in the context. */
  readonly where: string
  readonly message: string
}

/** Two runs that should have come to the same. */
export interface Comparison {
  readonly expected: Run
  readonly actual: Run
  readonly differences: readonly Difference[]
}

/** A transition in words: `approval —APPROVE→ charging`. */
export function transitionText({ from, on, to }: { readonly from?: unknown; readonly on: string; readonly to: unknown }): string {
  return from === undefined ? `the start in ${stateText(to)}` : `${stateText(from)} —${eventText(on)}→ ${stateText(to)}`
}

/** Finds one cause, if it is that. */
export type Rule = (comparison: Comparison) => Cause | undefined

/** `once`, `twice`, `3 times`. */
export const times = (count: unknown) => (count === 1 ? 'once' : count === 2 ? 'twice' : `${String(count)} times`)
/** With a capital letter. */
export const capital = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`
