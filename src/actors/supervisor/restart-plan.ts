/** Which streams restart when one has failed, in OTP's words. Owns the strategies and the intensity. */
import type { StreamDefinition } from '../stream/stream-definition.js'
import type { SupervisorSettings } from './supervisor-options.js'

/** The decision: restart these streams after a wait (in ms), leave the stream ended, or give up. */
export type RestartDecision =
  | { readonly kind: 'restart'; readonly streams: readonly StreamDefinition[]; readonly restarts: number }
  | { readonly kind: 'leave' | 'give_up' }

/** Decides after each failure; counts restarts within a sliding period. */
export class RestartPlan {
  readonly #supervision: SupervisorSettings['supervision']
  /** Those that serve now, in their order. */
  readonly #streams: () => readonly StreamDefinition[]
  #times: number[] = []

  constructor(supervision: SupervisorSettings['supervision'], streams: () => readonly StreamDefinition[]) {
    this.#supervision = supervision
    this.#streams = streams
  }

  /** The stream `id` has failed at `now`. */
  decide(id: string, now: number): RestartDecision {
    const { strategy, intensity, period } = this.#supervision
    const all = this.#streams()
    const from = all.findIndex((stream) => stream.id === id)
    const failed = all[from]
    if (!failed || failed.restart === 'temporary') return { kind: 'leave' }
    this.#times = [...this.#times.filter((at) => at > now - period), now]
    if (this.#times.length > intensity) return { kind: 'give_up' }
    const streams = { one_for_one: [failed], one_for_all: all, rest_for_one: all.slice(from) }[strategy]
    return { kind: 'restart', streams, restarts: this.#times.length }
  }
}
