/**
 * The rules of triage: from the facts of a payload to its kind, area, size, urgency and labels.
 *
 * Owns: pure functions of a digest. Nothing here reads a clock, a file or chance, so any rerun finds the same.
 */
import { approvalReason, urgentFrom, type ApprovalReason } from './approval.js'
import type { Digest } from './digest.js'

/** What sort of thing happened. */
export type Kind =
  | 'bug'
  | 'docs'
  | 'question'
  | 'change'
  | 'security'
  | 'access'
  | 'build'
  | 'release'
  | 'planning'
  | 'community'
  | 'admin'

/** Which part of the project it touches. */
export type Area = 'documentation' | 'dependencies' | 'pipeline' | 'security' | 'people' | 'roadmap' | 'code' | 'community'

/** How much there is to read. */
export type Size = 'XS' | 'S' | 'M' | 'L' | 'XL'

/** What triage found. Kept in a machine's context. */
export interface Triage {
  readonly kind: Kind
  readonly area: Area
  readonly size: Size
  /** 0 to 100. */
  readonly urgency: number
  /** Why a person has to agree first, or null: nobody has to. */
  readonly approval: ApprovalReason | null
  /** True for what nobody needs to act on. */
  readonly noise: boolean
}

/** Events whose name alone says what they are; all others are judged by what they say. The first match counts. */
const families: ReadonlyArray<readonly [RegExp, Kind, Area]> = [
  [/alert|advisory/, 'security', 'security'],
  [/^(member|membership|team|org|installation|deploy_key|github_app|branch_protection)/, 'access', 'people'],
  [/^(check_|status|workflow_|deployment|merge_group|page_build)/, 'build', 'pipeline'],
  [/^(release|package|create|delete)$/, 'release', 'code'],
  [/^(project|milestone|label)/, 'planning', 'roadmap'],
  [/^(star|watch|fork|sponsorship|gollum)/, 'community', 'community'],
  [/^(repository|public|meta|ping|marketplace)/, 'admin', 'code'],
]

const severities: Readonly<Record<string, number>> = { critical: 60, error: 45, high: 45, moderate: 30, medium: 30, warning: 20 }

/** Judges a payload by its digest. */
export function classify(digest: Digest): Triage {
  const [kind, area] = familyOf(digest)
  const urgency = urgencyOf(digest, kind)
  const approval = approvalReason(digest, urgency)
  return { kind, area, size: sizeOf(digest), urgency, approval, noise: approval === null && urgency < 10 }
}

/** The labels that a subject should get and does not have yet. */
export function labelsFor(digest: Digest, triage: Triage): string[] {
  const wanted = [`area: ${triage.area}`, `size: ${triage.size}`, triage.kind]
  if (triage.urgency >= urgentFrom) wanted.push('urgent')
  if (triage.approval !== null) wanted.push(`needs approval: ${triage.approval}`)
  if (digest.senderType === 'bot') wanted.push('automated')
  return wanted.filter((label) => !digest.labels.includes(label)).toSorted()
}

function familyOf({ event, labels, text, title }: Digest): readonly [Kind, Area] {
  const family = families.find(([pattern]) => pattern.test(event))
  if (family) return [family[1], family[2]]
  const said = areaOf(`${title} ${text}`)
  const area = said === 'code' && event.startsWith('discussion') ? 'community' : said
  if (labels.includes('bug') || /\b(error|broken|crash|fails?)\b/i.test(text)) return ['bug', area]
  if (area === 'documentation') return ['docs', area]
  if (/\?|\bhow\b|\banswer/i.test(text)) return ['question', area]
  return [area === 'community' ? 'community' : 'change', area]
}

function areaOf(said: string): Area {
  if (/readme|\bdocs?\b|spelling|typo/i.test(said)) return 'documentation'
  return /package(-lock)?\.json|dependenc|\bbump\b/i.test(said) ? 'dependencies' : 'code'
}

function sizeOf({ churn, words }: Digest): Size {
  const amount = Math.max(churn, words / 4)
  if (amount <= 2) return 'XS'
  if (amount <= 5) return 'S'
  if (amount <= 10) return 'M'
  return amount <= 50 ? 'L' : 'XL'
}

function urgencyOf(digest: Digest, kind: Kind): number {
  let score = 10
  if (kind === 'security') score += severities[digest.severity] ?? 10
  if (kind === 'bug') score += 15
  if (/^(failure|error|timed_out|action_required)$/.test(digest.state)) score += 45
  if (digest.forced || digest.deleted) score += 40
  if (/^(opened|reopened|submitted|requested_action|review_requested)$/.test(digest.action)) score += 15
  if (/^(deleted|removed|transferred|privatized|publicized|suspend)$/.test(digest.action)) score += 25
  if (/^(fixed|success|completed|dismissed|withdrawn)$/.test(digest.state || digest.action)) score -= 5
  if (/^(ping|star|watch|label|page_build)$/.test(digest.event)) score -= 5
  if (digest.senderType === 'bot') score -= 3
  return Math.max(0, Math.min(100, score + Math.min(10, Math.floor(digest.words / 20))))
}
