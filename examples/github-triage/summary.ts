/**
 * The last page: what became of every payload, what ran, what was delivered, where it is kept, and whether it adds up.
 *
 * Owns: words and columns. `totals.ts` counts.
 */
import type { NightlyDigest } from './nightly-digest.js'
import type { Deliveries } from './outbox.js'
import type { Outcome } from './outcome.js'
import type { EntryPointId } from './payloads.js'
import type { SendingAccount } from './sending.js'
import type { Settings } from './settings.js'
import { stepNames } from './steps.js'
import { endingCount, type Totals } from './totals.js'

/** What the page is made of. */
export interface Report {
  readonly totals: Totals
  readonly deliveries: Deliveries
  readonly expected: Record<EntryPointId, number>
  readonly outcomes: readonly Outcome[]
  /** The last one. */
  readonly digest: NightlyDigest | undefined
  /** What came over HTTP in this run; undefined: nothing was sent. */
  readonly sending: SendingAccount | undefined
  readonly settings: Pick<Settings, 'db' | 'outbox'>
}

/** Lists whatever does not add up; an empty list means that each payload was handled, and handled once. */
export function discrepancies({
  totals,
  deliveries,
  expected,
  digest,
}: Pick<Report, 'totals' | 'deliveries' | 'expected' | 'digest'>): string[] {
  const found: string[] = []
  for (const [id, count] of Object.entries(expected)) {
    const statuses = totals.statuses[id] ?? {}
    const all = Object.values(statuses).reduce((sum, part) => sum + part, 0)
    if (all !== count) found.push(`${id} has ${all} executions for ${count} payloads`)
    if ((statuses['completed'] ?? 0) !== count) found.push(`${id} completed ${statuses['completed'] ?? 0} of ${count}`)
  }
  const delivered = endingCount(totals, 'delivered')
  if (deliveries.unique !== delivered) found.push(`${delivered} outcomes say delivered, the outbox holds ${deliveries.unique}`)
  if (deliveries.contradictory > 0) found.push(`${deliveries.contradictory} deliveries differ under the same idempotency key`)
  if (digest?.handled !== totals.executions)
    found.push(`the last digest has ${digest?.handled ?? 0} of ${totals.executions} executions`)
  return found
}

/** Writes the page. */
export function renderSummary(report: Report): string {
  const { totals, deliveries, expected, outcomes, digest, sending, settings } = report
  const problems = discrepancies(report)
  const statuses = [...new Set(Object.values(totals.statuses).flatMap(Object.keys))].toSorted()
  const reminded = outcomes.filter((outcome) => outcome.reminded).length
  return [
    table(
      ['entry point', 'payloads', ...statuses],
      Object.entries(expected).map(([id, count]) => [id, count, ...statuses.map((status) => totals.statuses[id]?.[status] ?? 0)]),
    ),
    table(
      ['kind', 'delivered', 'declined', 'ignored'],
      [
        ...Object.entries(totals.endings)
          .toSorted(([a], [b]) => a.localeCompare(b))
          .map(([kind, { delivered, declined, ignored }]) => [kind, delivered, declined, ignored]),
        ['all', endingCount(totals, 'delivered'), endingCount(totals, 'declined'), endingCount(totals, 'ignored')],
      ],
    ),
    table(
      ['step', 'done'],
      stepNames.map((name) => [name, totals.steps[name] ?? 0]),
    ),
    [
      `labels set  ${totals.labels}, urgency ${totals.urgency} in all`,
      `approvals   ${outcomes.filter(({ decision }) => decision !== null).length} asked, ${reminded} reminded (no part of the totals)`,
      `webhooks    ${sending ? sendingLine(sending) : 'none sent in this run'}`,
      `digest      ${digest ? `of ${new Date(digest.night).toISOString()}: ${digest.text}` : 'none yet'}`,
      `deliveries  ${deliveries.unique} unique, ${deliveries.repeated} repeated after a kill and dropped${tornNote(deliveries)}`,
      `outbox      ${settings.outbox}`,
      `database    ${settings.db}`,
    ].join('\n'),
    problems.length === 0
      ? `All ${totals.executions} payloads add up.`
      : ['It does not add up:', ...problems.map((problem) => `  ${problem}`)].join('\n'),
  ].join('\n\n')
}

function sendingLine({ deliveries, accepted, known, again }: SendingAccount): string {
  const more = again === 0 ? '' : `, ${again} sent again when asked to`
  return `${deliveries} signed deliveries over HTTP: ${accepted} accepted, ${known} known already${more}`
}

function tornNote({ torn }: Deliveries): string {
  return torn === 0 ? '' : `, ${torn} cut short`
}

function table(head: readonly string[], rows: ReadonlyArray<ReadonlyArray<string | number>>): string {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => String(row[column]).length)))
  const line = (cells: ReadonlyArray<string | number>) =>
    cells.map((cell, i) => (i === 0 ? String(cell).padEnd(widths[i] ?? 0) : String(cell).padStart(widths[i] ?? 0))).join('  ')
  return [head, ...rows].map(line).join('\n')
}
