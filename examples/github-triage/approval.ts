/**
 * The two rules about people: when a payload needs one to agree, and what that one says.
 *
 * Owns: pure functions and the events that carry a decision. `approver.ts` plays the person and sends them.
 */
import type { Digest } from './digest.js'
import type { Triage } from './classify.js'

/** From this urgency on, somebody has to look. */
export const urgentFrom = 55

/** Why a person has to agree first. */
export type ApprovalReason = 'destructive' | 'exposing' | 'closing' | 'newcomer' | 'urgent'

/** The word of a person. */
export type Decision =
  | { readonly type: 'APPROVE'; readonly by: string }
  | { readonly type: 'REJECT'; readonly by: string; readonly reason: string }

/** The facts that a decision rests on, both kept in the context of every machine here. */
export interface ApprovalFacts {
  readonly digest: Digest
  readonly triage: Triage | null
}

/** Tells why a person has to agree before anything is delivered, or null. */
export function approvalReason(digest: Digest, urgency: number): ApprovalReason | null {
  const { action, association, event } = digest
  if (digest.forced || digest.deleted || event === 'delete') return 'destructive'
  if (event !== 'star' && /^(deleted|removed|removed_from_repository|transferred|blocked|suspend|revoked)$/.test(action))
    return 'destructive'
  if (event === 'public' || /^(publicized|privatized)$/.test(action) || event === 'deploy_key') return 'exposing'
  if (/^(closed|closed_by_user|dismiss(ed)?|withdrawn|locked|cancelled)$/.test(action)) return 'closing'
  if (/^(opened|created|submitted)$/.test(action) && /^(NONE|FIRST_TIME|FIRST_TIMER|MANNEQUIN)/.test(association))
    return 'newcomer'
  return urgency >= urgentFrom ? 'urgent' : null
}

/** The rule that the person follows: the same answer for the same payload, whenever and however often it is asked. */
export function decide({ digest, triage }: ApprovalFacts): Decision {
  const by = digest.owner || 'maintainers'
  const reject = (reason: string): Decision => ({ type: 'REJECT', by, reason })
  const stranger = digest.sender !== '' && digest.sender !== digest.owner
  if (triage?.approval === 'destructive' && stranger) return reject('only the owner removes things')
  if (triage?.approval === 'closing' && triage.kind === 'bug' && digest.action === 'closed')
    return reject('the bug is not fixed yet')
  if (triage?.approval === 'closing' && triage.kind === 'security' && triage.urgency >= 50) return reject('still a risk')
  if (triage?.approval === 'newcomer' && triage.size === 'XL') return reject('too much for a first contribution')
  if (triage?.approval === 'exposing' && digest.event === 'deploy_key') return reject('use an app instead of a key')
  return { type: 'APPROVE', by }
}

/** True while a machine in this state value is asking. Looks into nested and parallel states. */
export function isAwaitingApproval(value: unknown): boolean {
  if (typeof value === 'string') return value === 'awaitingApproval'
  if (value === null || typeof value !== 'object') return false
  return Object.entries(value).some(([name, inner]) => name === 'awaitingApproval' || isAwaitingApproval(inner))
}
