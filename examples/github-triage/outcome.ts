/**
 * What every machine here ends with, and what every machine here remembers on the way.
 *
 * Owns: the common shape of context and output, so that one summary reads all three.
 */
import type { Decision } from './approval.js'
import type { Area, Kind, Size, Triage } from './classify.js'
import { digestOf, type Digest } from './digest.js'
import type { WebhookInput } from './payloads.js'
import type { Case, DeliveryInput, Receipt, StepName } from './steps.js'

/** How a payload ended. */
export type Ending = 'delivered' | 'declined' | 'ignored'

/** The context of every machine here: plain JSON, a digest instead of the payload. */
export interface TriageContext {
  readonly digest: Digest
  readonly reminderAfter: number
  readonly triage: Triage | null
  readonly labels: string[]
  readonly summary: string
  readonly decision: Decision | null
  /** Depends on how fast the person was: told, but part of no total. */
  readonly reminded: boolean
  readonly receipt: Receipt | null
  readonly steps: StepName[]
}

/** The output of every machine here. */
export interface Outcome {
  readonly key: string
  readonly event: string
  readonly ending: Ending
  readonly kind: Kind
  readonly area: Area
  readonly size: Size
  readonly urgency: number
  readonly labels: string[]
  readonly summary: string
  readonly decision: Decision | null
  readonly reminded: boolean
  readonly receipt: Receipt | null
  readonly steps: StepName[]
}

/** The events that every machine here understands. */
export type TriageEvent = Decision

/** The context at the start. */
export function initialContext(input: WebhookInput): TriageContext {
  return {
    digest: digestOf(input),
    reminderAfter: input.reminderAfter,
    triage: null,
    labels: [],
    summary: '',
    decision: null,
    reminded: false,
    receipt: null,
    steps: [],
  }
}

/** The case that a step works on. Every step but triage itself comes after it. */
export function caseOf({ digest, triage }: TriageContext): Case {
  if (triage === null) throw new Error(`${digest.key} was not triaged yet`)
  return { digest, triage }
}

/** What there is to deliver. */
export function deliveryOf({ digest, labels, summary }: TriageContext): DeliveryInput {
  return { key: digest.key, labels, summary }
}

/** Notes that a step is done. Sorted, because steps of a parallel state end in any order. */
export function done(context: TriageContext, step: StepName): StepName[] {
  return [...context.steps, step].toSorted()
}

/** The ending follows from what the machine remembers. */
export function outcomeOf(context: TriageContext): Outcome {
  const { digest, triage } = caseOf(context)
  const { labels, summary, decision, reminded, receipt, steps } = context
  const { kind, area, size, urgency } = triage
  const ending = receipt !== null ? 'delivered' : decision?.type === 'REJECT' ? 'declined' : 'ignored'
  const { key, event } = digest
  return { key, event, ending, kind, area, size, urgency, labels, summary, decision, reminded, receipt, steps }
}
