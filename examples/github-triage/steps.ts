/**
 * The steps that the machines invoke: ordinary promise actors, each with a little real work.
 *
 * Owns: the work between two states. None of them writes anything; the one that does is in `deliver.ts`, and the
 * machines only know its shape (`dryDelivery`), so that they run in plain XState as well.
 */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { fromPromise } from 'xstate'
import { classify, labelsFor, type Triage } from './classify.js'
import type { Digest } from './digest.js'

/** The names of all steps, in the order of a run. */
export const stepNames = ['triage', 'label', 'summarise', 'assess', 'fingerprint', 'deliver'] as const

/** The name of a step. */
export type StepName = (typeof stepNames)[number]

/** What every step after triage works on. */
export interface Case {
  readonly digest: Digest
  readonly triage: Triage
}

/** What a delivery says. */
export interface DeliveryInput {
  readonly key: string
  readonly summary: string
  readonly labels: string[]
}

/** What a delivery answers: the checksum of what was delivered. */
export interface Receipt {
  readonly checksum: string
}

/** How long each step takes at least: set once by `main.ts`, no part of any execution. */
export const pace = { slow: 0 }

/** Waits as long as this run wants steps to take; rejects at once when the step is stopped. */
export async function stretch(signal: AbortSignal): Promise<void> {
  if (pace.slow > 0) await sleep(pace.slow, undefined, { signal })
}

/** Short and stable. */
export function checksumOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12)
}

/** Finds kind, area, size and urgency. */
export const triage = fromPromise<Triage, Digest>(async ({ input, signal }) => {
  await stretch(signal)
  return classify(input)
})

/** Finds the labels to set. */
export const label = fromPromise<string[], Case>(async ({ input, signal }) => {
  await stretch(signal)
  return labelsFor(input.digest, input.triage)
})

/** Writes the one line that people get to read. */
export const summarise = fromPromise<string, Case>(async ({ input: { digest, triage: found }, signal }) => {
  await stretch(signal)
  const what = [digest.event, digest.action].filter((part) => part !== '').join(' ')
  const who = digest.senderType === 'nobody' ? 'GitHub' : digest.sender
  return `[${found.urgency}] ${what} by ${who}: ${digest.title} (${found.kind}, ${digest.words} words)`
})

/** Weighs the risk of a change: how much of it there is, how checks stand, who it is from. 0 to 10. */
export const assess = fromPromise<number, Case>(async ({ input: { digest, triage: found }, signal }) => {
  await stretch(signal)
  const checks = /^(failure|error|timed_out)$/.test(digest.state) ? 4 : 0
  const outsider = /^(OWNER|MEMBER|COLLABORATOR)$/.test(digest.association) ? 0 : 1
  return Math.min(10, Math.ceil(Math.log2(digest.churn + 1)) + checks + outsider + Math.floor(found.urgency / 25))
})

/** Tells payloads that say the same apart from those that say something new. */
export const fingerprint = fromPromise<string, Case>(async ({ input: { digest, triage: found }, signal }) => {
  await stretch(signal)
  return checksumOf([digest.event, digest.action, digest.title, digest.repository, found.kind])
})

/** Delivers nowhere: what the machines do until somebody provides a real `deliver`. */
export const dryDelivery = fromPromise<Receipt, DeliveryInput>(async ({ input }) => ({ checksum: checksumOf(input) }))
