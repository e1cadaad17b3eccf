/**
 * A process's connection to its store, in a simulated world.
 *
 * Owns: the points around each write, its lines in the story, and which events are safe with it. Whether the process has
 * died at a point is looked at after it: then the call has no effect, or nobody hears of it.
 */
import { splitState } from '../../actors/execution/stored-state.js'
import { isTerminal, type ExecutionStatus } from '../../events/execution-status.js'
import { decode } from '../../codec/snapshot-codec.js'
import type { Commit, CommitVerdict, SnapshotStore } from '../../persistence/snapshot-store.js'
import { never } from './shared-store.js'
import type { DirectEvents } from './direct-events.js'
import type { Life } from './process-life.js'
import { shortText } from './readable.js'
import type { Receipts } from './receipts.js'
import type { World } from './world.js'

/** What a connection belongs to. */
export interface ConnectionPort {
  readonly life: Life
  readonly world: World
  readonly receipts: Receipts
  readonly direct: DirectEvents
}

/** The calls of a store, watched. */
export function watchedConnection(
  store: SnapshotStore,
  { life, world, receipts, direct }: ConnectionPort,
): Partial<SnapshotStore> {
  const { points, activity } = world
  const statuses = new Map<string, ExecutionStatus>()

  const counted = Object.entries(store)
    .filter(([, member]) => typeof member === 'function')
    .map(([name, member]: [string, unknown]) => [
      name,
      (...args: unknown[]) => activity.during(Promise.resolve((member as (...all: unknown[]) => unknown)(...args))),
    ])

  const around = async <T>(kind: 'commit' | 'inbox', id: string, what: string, write: () => Promise<T>): Promise<T> => {
    points.reach(kind, 'before', id, what)
    if (life.isDead) return never()
    const answer = await activity.during(receipts.during(write()))
    points.reach(kind, 'after', id, what)
    return life.isDead ? never() : answer
  }

  const tellAttempt = ({ id, state, events }: Commit) => {
    if (!events.some(({ type }) => type === 'execution.retrying' || type === 'execution.paused')) return
    const { attempt, pause } = splitState(state, id).lifecycle.context
    world.calls.attempted(id, attempt, pause?.reason === 'retries_exhausted')
  }

  const tellEnds = (batch: readonly Commit[], verdicts: readonly CommitVerdict[]) => {
    for (const [index, commit] of batch.entries()) {
      if (verdicts[index]?.status !== 'committed') continue
      world.oracle?.committed(commit)
      tellAttempt(commit)
      if (statuses.get(commit.id) === commit.status) continue
      statuses.set(commit.id, commit.status)
      if (announced.has(commit.status)) world.tell(commit.id, `is ${commit.status}${ending(commit)}`)
    }
  }

  return {
    ...(Object.fromEntries(counted) as Partial<SnapshotStore>),
    commit(batch) {
      const [first] = batch
      const what = batch.length === 1 ? String(first?.revision) : `${first?.revision} and ${batch.length - 1} more`
      return around('commit', first?.id ?? '', what, async () => {
        const verdicts = await store.commit(batch)
        for (const [index, commit] of batch.entries())
          if (verdicts[index]?.status === 'committed')
            for (const payload of direct.in(commit)) receipts.kept(commit.id, payload, { kept: 'delivered', life: life.n })
        tellEnds(batch, verdicts)
        return verdicts
      })
    },
    enqueue(message) {
      return around('inbox', message.executionId, message.kind, async () => {
        const answer = await store.enqueue(message)
        if (answer.status === 'queued' && message.kind === 'event')
          receipts.kept(message.executionId, message.payload, { kept: 'queued', life: life.n })
        return answer
      })
    },
  }
}

/** A line is written when an execution comes to one of these; the others show in its transitions. */
const announced = new Set<ExecutionStatus>([
  'queued',
  'paused',
  'cancelling',
  'completed',
  'failed',
  'cancelled',
  'timed_out',
  'rejected',
])

function ending({ id, status, output }: Commit): string {
  if (!isTerminal(status) || output === null) return ''
  const value = decode(output, { id, what: 'output' })
  return value === undefined ? '' : `: ${shortText(value)}`
}
