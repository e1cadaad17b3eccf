/** What a step says while it runs, as readers get it. Owns its form, and the check of what a reader asks for. */
import { StatewardError } from '../errors.js'
import { refuseUnknown, type OptionNames } from '../known-options.js'

/** Which step of an execution an entry of its stream is about, and which run of it. */
interface OfStep {
  /** Its place in the execution's stream: grows by one. */
  readonly offset: number
  /** One run of the step's function: an attempt in one process. Each has an id of its own. */
  readonly run: string
  /** The path of the step's actor. */
  readonly step: string
  /** The name of its logic, if it has one. */
  readonly name?: string
  /** Its idempotency key. */
  readonly key: string
  readonly attempt: number
  readonly at: number
}

/**
 * An entry of an execution's stream. `chunk`: what the step has said, a draft until its run is `committed`: the step has ended, and that is
 * durable. `abandoned`: the run has failed, was left, or its process has died; its chunks count for nothing.
 */
export type StepChunk =
  | (OfStep & { readonly type: 'chunk'; readonly data: unknown })
  | (OfStep & { readonly type: 'committed' | 'abandoned' })

/** How a stream is followed. */
export interface StreamOptions {
  /** The last `offset` that was read: the entries after it come. Default 0, the beginning. */
  readonly since?: number | undefined
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined
}

const names: OptionNames<StreamOptions> = { since: true, signal: true }

/** Throws `invalid_option`, naming the option. */
export function checkStream(id: string, options: StreamOptions): void {
  const subject = `The stream of ${id}`
  refuseUnknown('invalid_option', subject, options, names)
  const { since } = options
  if (since === undefined || (Number.isInteger(since) && since >= 0)) return
  throw new StatewardError('invalid_option', `${subject}: \`since\` is ${String(since)}; it must be an offset, or 0.`, {
    details: { option: 'since', value: String(since) },
  })
}
