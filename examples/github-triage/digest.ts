/**
 * What triage needs to know of a payload: a few hundred bytes instead of ten thousand, all of it plain JSON.
 *
 * Owns: where in the many shapes of payload the title, the prose, the sender and the numbers stand. It judges nothing.
 */
import { createHash } from 'node:crypto'
import type { Json, JsonObject, WebhookInput } from './payloads.js'

/** Who caused the event. */
export type SenderType = 'user' | 'bot' | 'organization' | 'nobody'

/** The facts of one payload. Kept in a machine's context in place of the payload. */
export interface Digest {
  readonly key: string
  readonly event: string
  readonly action: string
  readonly title: string
  readonly text: string
  readonly words: number
  readonly bytes: number
  readonly hash: string
  readonly repository: string
  readonly owner: string
  readonly sender: string
  readonly senderType: SenderType
  /** What the author is to the repository, as GitHub says it: OWNER, MEMBER, NONE … or empty. */
  readonly association: string
  readonly labels: string[]
  /** Lines of a pull request, or files of a push. */
  readonly churn: number
  /** The conclusion or state of whatever the event is about. */
  readonly state: string
  readonly severity: string
  readonly forced: boolean
  readonly deleted: boolean
}

/** Things that an event can be about, the most telling first. */
const subjects = `pull_request issue discussion release package alert security_advisory check_run check_suite
  workflow_job workflow_run deployment_status deployment merge_group milestone label project_card
  project_column project projects_v2_item rule team member key forkee build repository`.split(/\s+/)
const titles = ['title', 'summary', 'name', 'display_title', 'affected_package_name', 'tag_name', 'login', 'ref']
const prose = [
  'title',
  'body',
  'summary',
  'description',
  'note',
  'rule.description',
  'security_advisory.summary',
  'output.summary',
]

function at(value: Json | undefined, path: string): Json | undefined {
  let here = value
  for (const name of path.split('.')) {
    if (here === null || typeof here !== 'object' || Array.isArray(here)) return undefined
    here = here[name]
  }
  return here
}

function text(value: Json | undefined, ...paths: string[]): string {
  for (const path of paths) {
    const found = at(value, path)
    if (typeof found === 'string' && found !== '') return found
  }
  return ''
}

const amount = (value: Json | undefined, path: string) => Number(at(value, path) ?? 0)
const list = (value: Json | undefined, path: string): Json[] => {
  const found = at(value, path)
  return Array.isArray(found) ? found : []
}

/** Reduces a payload to its digest: hashed, counted, and cut to what the rules read. */
export function digestOf({ key, event, payload }: WebhookInput): Digest {
  const subject = at(payload, subjects.find((name) => at(payload, name)) ?? event) ?? payload
  const said = [...prose.map((path) => text(subject, path)), ...spoken(payload)].filter((part) => part !== '').join(' ')
  const sender = text(payload, 'sender.login')
  const serialized = JSON.stringify(payload)
  return {
    key,
    event,
    action: text(payload, 'action'),
    title: (text(subject, ...titles) || text(payload, 'ref', 'context', 'zen') || event).slice(0, 80),
    text: said.slice(0, 240),
    words: said.match(/[\p{L}\p{N}'-]+/gu)?.length ?? 0,
    bytes: Buffer.byteLength(serialized),
    hash: createHash('sha256').update(serialized).digest('hex').slice(0, 16),
    repository: text(payload, 'repository.full_name'),
    owner: text(payload, 'repository.owner.login', 'organization.login', 'installation.account.login'),
    sender,
    senderType: senderTypeOf(payload, sender),
    association: text(payload, 'comment.author_association', 'review.author_association') || text(subject, 'author_association'),
    labels: list(subject, 'labels').map((label) => text(label, 'name')),
    churn: amount(subject, 'additions') + amount(subject, 'deletions') + filesOf(payload),
    state: text(subject, 'conclusion', 'state', 'status') || text(payload, 'state'),
    severity: text(
      payload,
      'alert.security_advisory.severity',
      'security_advisory.severity',
      'alert.severity',
      'alert.rule.severity',
    ),
    forced: at(payload, 'forced') === true,
    deleted: at(payload, 'deleted') === true,
  }
}

function spoken(payload: JsonObject): string[] {
  return ['comment.body', 'review.body', 'head_commit.message', 'commit.commit.message'].map((path) => text(payload, path))
}

function filesOf(payload: JsonObject): number {
  const touched = (commit: Json) => ['added', 'removed', 'modified'].flatMap((how) => list(commit, how))
  return list(payload, 'commits').flatMap(touched).length
}

function senderTypeOf(payload: JsonObject, sender: string): SenderType {
  if (sender === '') return 'nobody'
  if (text(payload, 'sender.type') === 'Bot' || sender.endsWith('[bot]')) return 'bot'
  return text(payload, 'sender.type') === 'Organization' ? 'organization' : 'user'
}
