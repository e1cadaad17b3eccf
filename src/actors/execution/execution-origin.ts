/** What an execution in memory is made from, and the state in which it begins. Owns the difference between a fresh and a stored execution. */
import type { ExecutionContext } from '../../events/execution-events.js'
import { withClocks } from '../../machines/execution-notes.js'
import type { Acceptance, StoredExecution } from '../../persistence/snapshot-store.js'
import type { WallClock } from '../../wall-clock.js'
import { setBackBy } from './execution-deadlines.js'
import { CommitDraft } from './commit-draft.js'
import { isHeldBack, splitState, type Lifecycle } from './stored-state.js'

/**
 * How this process got a stored execution: nobody owned it (`claimed`), its last owner died (`recovered`), or it was in
 * memory here and lost what was not durable (`reloaded`).
 */
export type HowTaken = 'claimed' | 'recovered' | 'reloaded'

/** What an execution is made from: an acceptance or a stored execution. `program` is a stored program to begin with. */
export type ExecutionOrigin =
  | {
      readonly kind: 'fresh'
      /** True if the id or the key may be taken already: whether the execution is new is known once it is accepted. */
      readonly isNamed: boolean
      readonly acceptance: Acceptance
      readonly context: ExecutionContext
      readonly input: unknown
      readonly program: string | undefined
    }
  | {
      readonly kind: 'stored'
      readonly stored: StoredExecution
      readonly how: HowTaken
      readonly input: unknown
    }

/** The verdict on an acceptance. */
export type AcceptOutcome =
  | { readonly status: 'accepted' }
  | { readonly status: 'duplicate'; readonly id: string; readonly of: 'id' | 'idempotency_key' }

/** What an execution begins with. */
export interface Opening {
  readonly row: CommitDraft
  readonly lifecycle: Lifecycle
  readonly program: string | undefined
}

/** What an execution gathers is measured by how much time passes, like limits; every other start goes by the wall clock. */
function gatheringSetBackBy({ gathering, startAt }: ExecutionContext, by: number): Partial<ExecutionContext> {
  if (!gathering || startAt === undefined || by === 0) return {}
  return { startAt: startAt - by, gathering: { ...gathering, since: gathering.since - by } }
}

/** The opening of an execution; a fresh one that has a slot since `runsSince` runs at once. Throws `corrupt`, `unknown_format`. */
export function opening(origin: ExecutionOrigin, id: string, clock: WallClock, runsSince: number | undefined): Opening {
  if (origin.kind === 'stored') {
    const { lifecycle, program } = splitState(origin.stored.state, id)
    const { entryPoint, updatedAt } = origin.stored
    const ahead = Math.max(0, updatedAt - clock.now())
    const setBack = ahead > 0 ? Math.max(ahead, clock.setBackSince(updatedAt)) : 0
    const limits = setBackBy(lifecycle.context.limits, setBack)
    const context = {
      ...lifecycle.context,
      ...gatheringSetBackBy(lifecycle.context, setBack),
      executionId: id,
      entryPoint,
      limits,
    }
    const row = new CommitDraft(id, origin.stored)
    if (isHeldBack(lifecycle.value) && origin.how !== 'recovered') row.recoveries++
    return { row, lifecycle: { ...lifecycle, context }, program }
  }
  const row = new CommitDraft(id, origin.acceptance)
  const lifecycle: Lifecycle =
    runsSince === undefined
      ? { value: 'queued', context: origin.context }
      : { value: 'running', context: withClocks(origin.context, runsSince) }
  return { row, lifecycle, program: origin.program }
}
