/**
 * The commits that take triggers into an execution which gathers.
 *
 * Owns: what is written: a new execution, or the next revision of one that nobody has started. Both leave it with no owner, so that it
 * is claimed when it is due. That revision is fenced like any other: whoever has claimed or moved the execution meanwhile makes it
 * stale, and it makes stale what they would write after it, its start too.
 */
import type { Gathering } from '../../events/execution-events.js'
import type { Commit, StoredExecution } from '../../persistence/snapshot-store.js'
import type { WallClock } from '../../wall-clock.js'
import { dueAt } from '../execution/execution-deadlines.js'
import { splitState } from '../execution/stored-state.js'
import { opening, type Opening } from '../execution/execution-origin.js'
import { batchLength } from '../flow/gathering-limits.js'
import { admission } from '../stream/admission.js'
import type { StreamDefinition } from '../stream/stream-definition.js'
import type { GatheredTrigger } from './gathering-request.js'

/** Triggers that go into one execution together, in the order in which they came; at least one, all under one key. */
export type GatheredTriggers = readonly [GatheredTrigger, ...GatheredTrigger[]]

/** How many of the triggers an execution has room for. A new one is not filled at once: only while it gathers does it show that another one, of another process, gathers already. */
export function roomFor({ batch }: StreamDefinition, triggers: GatheredTriggers, stored: StoredExecution | undefined): number {
  if (!batch) return triggers.length
  const before = stored && splitState(stored.state, stored.id).lifecycle.context.gathering
  let { count, length } = before ?? { count: 0, length: 0 }
  const size = stored ? batch.size : Math.max(1, batch.size - 1)
  let room = 0
  for (const { input } of triggers) {
    if (count >= size || length >= batchLength) break
    room++
    count++
    length += input.length
  }
  return room
}

/** The commit that makes an execution of triggers. */
export function gatheringAccepted(
  definition: StreamDefinition,
  triggers: GatheredTriggers,
  clock: WallClock,
  now: number,
): Commit {
  const [first] = triggers
  const { ref: id, kind } = first
  const gathering = extended(definition, triggers, { since: now, count: 0, length: 0 })
  const startAt = startOf(definition, gathering, now)
  // keys are those of triggers, each with its own input
  const request = { ...first.request, id, startAt, idempotencyKey: undefined }
  const origin = admission(definition, request, id, now)
  if (origin.kind === 'stored') throw new TypeError('an admission is fresh')
  const acceptance = { ...origin.acceptance, input: kind === 'batch' ? '' : last(triggers).input }
  const context = { ...origin.context, gathering }
  const { row, ...made } = opening({ ...origin, acceptance, context }, id, clock, undefined)
  row.publish('execution.accepted', { startAt }, now)
  if (triggers.length > 1) publishJoins(row, triggers.slice(1), gathering, startAt, now)
  return written({ row, ...made }, definition, triggers, now)
}

/** The commit that takes triggers into a stored execution. */
export function gatheringJoined(
  definition: StreamDefinition,
  triggers: GatheredTriggers,
  stored: StoredExecution,
  clock: WallClock,
  now: number,
): Commit {
  const { row, lifecycle, program } = opening(
    { kind: 'stored', stored, how: 'claimed', input: undefined },
    stored.id,
    clock,
    undefined,
  )
  const { gathering: before, limits, ...kept } = lifecycle.context
  const gathering = extended(definition, triggers, before ?? { since: stored.acceptedAt, count: 0, length: 0 })
  const startAt = startOf(definition, gathering, now)
  // its time in the queue begins when it is due
  const { queueUntil: _until, ...left } = limits
  const context = { ...kept, limits: left, gathering, startAt }
  publishJoins(row, triggers, gathering, startAt, now)
  return written({ row, lifecycle: { ...lifecycle, context }, program }, definition, triggers, now)
}

/** The commit by which a stored execution takes no more in. */
export function gatheringClosed(definition: StreamDefinition, stored: StoredExecution, clock: WallClock, now: number): Commit {
  const { row, lifecycle, program } = opening(
    { kind: 'stored', stored, how: 'claimed', input: undefined },
    stored.id,
    clock,
    undefined,
  )
  const { gathering } = lifecycle.context
  const context = { ...lifecycle.context, startAt: now, ...(gathering ? { gathering: { ...gathering, isFull: true } } : {}) }
  return written({ row, lifecycle: { ...lifecycle, context }, program }, definition, [], now)
}

function written(
  { row, lifecycle, program }: Opening,
  definition: StreamDefinition,
  triggers: readonly GatheredTrigger[],
  now: number,
): Commit {
  const { value, context, isUnproven } = lifecycle
  const { status } = row
  const isBatch = triggers[0]?.kind === 'batch'
  return row.commit({
    owner: null,
    status,
    value,
    context,
    ...(isUnproven ? { isUnproven } : {}),
    program,
    now,
    dueAt: dueAt(status, context.limits, undefined, row.heldUntil(context)),
    owed: row.wasOwed,
    consumed: [],
    joins:
      triggers.length === 0
        ? undefined
        : triggers.map(({ ref, request, digest, input }) => ({
            ref,
            idempotencyKey: request.idempotencyKey ?? null,
            digest,
            element: isBatch ? input : null,
          })),
    input: isBatch || row.revision === 0 ? undefined : triggers.at(-1)?.input,
    checkpoints: definition.checkpoints,
    journal: definition.journal,
  })
}

function extended(
  { batch }: StreamDefinition,
  triggers: GatheredTriggers,
  before: Pick<Gathering, 'since' | 'count' | 'length'>,
): Gathering {
  const { kind, key } = triggers[0]
  const count = before.count + triggers.length
  const length = batch ? triggers.reduce((sum, { input }) => sum + input.length, before.length) : 0
  const isFull = batch !== undefined && (count >= batch.size || length >= batchLength)
  return { kind, key, since: before.since, count, length, last: last(triggers).ref, isFull }
}

function startOf({ debounce, batch }: StreamDefinition, { since, isFull }: Gathering, now: number): number {
  if (debounce) return Math.min(now + debounce.quiet, since + debounce.atMost)
  return isFull || !batch ? now : since + batch.within
}

/** Says which triggers have joined, and what each was for. */
function publishJoins(
  row: Opening['row'],
  triggers: readonly GatheredTrigger[],
  { kind, count }: Gathering,
  startAt: number,
  now: number,
): void {
  for (const [index, { request }] of triggers.entries()) {
    const { correlationId, causationId } = request
    const ids = {
      ...(correlationId === undefined ? {} : { correlationId }),
      ...(causationId === undefined ? {} : { causationId }),
    }
    const of = count - triggers.length + index + 1
    row.publish(kind === 'debounce' ? 'execution.debounced' : 'execution.batched', { count: of, startAt, ...ids }, now)
  }
}

const last = (triggers: GatheredTriggers): GatheredTrigger => triggers.at(-1) as GatheredTrigger
