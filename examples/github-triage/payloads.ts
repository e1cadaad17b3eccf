/**
 * The real input: every webhook payload of `@octokit/webhooks-examples`, each with a stable key and the way in it takes.
 *
 * Owns: reading and routing. It does not look into a payload; `digest.ts` does.
 */
import { createRequire } from 'node:module'

/** Whatever JSON can say. */
export type Json = string | number | boolean | null | Json[] | JsonObject

/** A JSON object, as a webhook delivers it. */
export type JsonObject = { [key: string]: Json }

/** The three ways in. */
export const entryPointIds = ['issues', 'pull-requests', 'everything-else'] as const

/** One of the three ways in. */
export type EntryPointId = (typeof entryPointIds)[number]

/** What an execution is given. It is stored, so a restart must build the same one: no option of one run belongs here. */
export interface WebhookInput {
  /** Event name and index: the id of the delivery. It is the same in every run, so it serves as the idempotency key. */
  readonly key: string
  readonly event: string
  readonly payload: JsonObject
  /** How long an open question stays quiet before somebody is reminded, in milliseconds. */
  readonly reminderAfter: number
}

/** A payload and its way in. */
export interface RoutedPayload {
  readonly entryPoint: EntryPointId
  readonly input: WebhookInput
}

interface PayloadDefinition {
  readonly name: string
  readonly examples: readonly JsonObject[]
}

const issueEvents = new Set(['issues', 'issue_comment', 'label', 'milestone', 'discussion', 'discussion_comment'])
const pullRequestEvents = new Set(['push', 'status', 'merge_group', 'commit_comment'])

/** Tells which entry point handles an event. */
export function route(event: string): EntryPointId {
  if (issueEvents.has(event)) return 'issues'
  if (pullRequestEvents.has(event) || /^(pull_request|check_)/.test(event)) return 'pull-requests'
  return 'everything-else'
}

/** How long an open question stays quiet before somebody is reminded, in milliseconds. */
export const defaultReminder = 300

/** Reads every payload, in the order of the package. */
export function readPayloads({ reminderAfter = defaultReminder } = {}): RoutedPayload[] {
  const definitions = createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly PayloadDefinition[]
  return definitions.flatMap(({ name, examples }) =>
    examples.map((payload, index) => ({
      entryPoint: route(name),
      input: { key: `${name}-${index}`, event: name, payload, reminderAfter },
    })),
  )
}

/** How many payloads each entry point gets. */
export function countByEntryPoint(payloads: readonly RoutedPayload[]): Record<EntryPointId, number> {
  const counts: Record<EntryPointId, number> = { issues: 0, 'pull-requests': 0, 'everything-else': 0 }
  for (const { entryPoint } of payloads) counts[entryPoint] += 1
  return counts
}
