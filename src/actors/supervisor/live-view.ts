/**
 * A live read-model of the durable state, for user interfaces.
 *
 * Owns: a small store of counts per stream, one of health, and an atom for each execution that is watched.
 * It never copies a map of all executions, so that an update costs the same with ten and with a million of them.
 */
import { createAtom, createStore, type Atom } from '@xstate/store'
import type { ErrorRecord } from '../../errors.js'
import type { ExecutionStatus } from '../../events/execution-status.js'
import type { Log } from '../../logger.js'
import type { ExecutionCounts } from '../../persistence/snapshot-store.js'
import type { LastCommit } from '../execution/commit-draft.js'
import type { TriggerHealth } from '../trigger/trigger.js'
import type { Deadlock } from './deadlocks.js'
import { tellHeld } from './held-executions.js'

/** Status → how many, for one stream; statuses that never occurred are absent. */
export type StatusCounts = Partial<Record<ExecutionStatus, number>>

/** The value of an execution's atom. */
export interface ExecutionSummary {
  readonly id: string
  readonly entryPoint: string
  readonly status: ExecutionStatus
  readonly revision: number
  readonly updatedAt: number
}

/** How the runtime is doing. */
export interface Health {
  /** Health of the store: `degraded` from a write that failed until a write that succeeded. */
  readonly status: 'ok' | 'degraded'
  readonly error: ErrorRecord | null
  /**
   * Executions that wait for slots, or for permits under a key, which are held by executions that wait for them: none of them moves
   * before one of them is cancelled, times out, or is started again with a greater limit. Absent while there are none. See `fromExecution` in the guide.
   */
  readonly deadlocks?: readonly Deadlock[] | undefined
}

/** How many watched atoms of ended executions are kept, and how many keys of an entry point of whose deadlocks it was warned. */
const KEPT = 1_000

function streamsStore() {
  return createStore({
    context: {} as Record<string, StatusCounts>,
    on: { counted: (_, event: { counts: Record<string, StatusCounts> }) => event.counts },
  })
}

function healthStore() {
  return createStore({
    context: { status: 'ok', error: null } as Health,
    on: { changed: (_, event: { health: Health }) => event.health },
  })
}

function triggersStore() {
  return createStore({
    context: {} as Record<string, TriggerHealth>,
    on: {
      changed: (context, { entryPoint, health }: { entryPoint: string; health: TriggerHealth }) => ({
        ...context,
        [entryPoint]: health,
      }),
      forgotten: (context, { entryPoint }: { entryPoint: string }) =>
        Object.fromEntries(Object.entries(context).filter(([id]) => id !== entryPoint)),
    },
  })
}

/** The read-model of one runtime. Counts show what this process committed, on top of what was stored when it started. */
export class Registry {
  /** An `@xstate/store`: entry point → status → how many. Updated once per batch of commits; what a `result()` has answered shows. */
  readonly streams = streamsStore()
  /** An `@xstate/store` with the health of the store, and with the deadlocks over slots and keys. */
  readonly health = healthStore()
  /** An `@xstate/store`: entry point → how its trigger is doing here, and when it fires next. Of triggers that fire by themselves. */
  readonly triggers = triggersStore()
  readonly #counts: Record<string, Record<string, number>> = {}
  readonly #atoms = new Map<string, Atom<ExecutionSummary | undefined>>()
  readonly #ended: string[] = []
  readonly #logger: Log
  /** The executions that held what was waited for in the last deadlock that was warned of, by entry point and key. */
  readonly #warnedOf = new Map<string, Map<string | undefined, string>>()
  #due = false

  /** Errors of subscribers go to `logger` and never reach the runtime. */
  constructor(logger: Log) {
    this.#logger = logger
  }

  /** The atom of an execution, made when it is first asked for; undefined inside until its next commit. */
  execution(id: string): Atom<ExecutionSummary | undefined> {
    let atom = this.#atoms.get(id)
    if (!atom) this.#atoms.set(id, (atom = createAtom<ExecutionSummary | undefined>(undefined)))
    return atom
  }

  /** Starts with the counts of the store. */
  count(counts: ExecutionCounts, entryPoints: readonly string[]): void {
    for (const id of entryPoints) this.#counts[id] = {}
    for (const [entryPoint, statuses] of Object.entries(counts)) this.#counts[entryPoint] = { ...statuses }
    this.#publish()
  }

  /** An entry point was added: starts with what the store has of it. */
  added(counts: ExecutionCounts, entryPoints: readonly string[]): void {
    for (const id of entryPoints) this.#counts[id] = { ...counts[id] }
    this.#publish()
  }

  /** An entry point was removed. */
  removed(entryPoint: string): void {
    delete this.#counts[entryPoint]
    this.#warnedOf.delete(entryPoint)
    if (entryPoint in this.triggers.getSnapshot().context) this.#tell(() => this.triggers.send({ type: 'forgotten', entryPoint }))
    this.#publish()
  }

  /** A commit is durable. */
  committed(entryPoint: string, before: ExecutionStatus | undefined, commit: LastCommit): void {
    if (before !== commit.status) {
      // one that was removed is not counted any more
      const counts = this.#counts[entryPoint] ?? (before ? {} : (this.#counts[entryPoint] = {}))
      // accepted elsewhere since the count: no number contains it that could be lowered
      if (before) counts[before] = Math.max(0, (counts[before] ?? 0) - 1)
      counts[commit.status] = (counts[commit.status] ?? 0) + 1
      this.#schedule()
      if (commit.status === 'paused') tellHeld(entryPoint, commit, this.#logger)
    }
    const atom = this.#atoms.get(commit.id)
    if (!atom) return
    const { id, status, revision, updatedAt } = commit
    this.#tell(() => atom.set({ id, entryPoint, status, revision, updatedAt }))
    if (commit.endedAt !== null) this.#forget(id)
  }

  /** Another process has taken an execution that was counted here. */
  takenAway(entryPoint: string, status: ExecutionStatus): void {
    const counts = this.#counts[entryPoint]
    if (!counts?.[status]) return
    counts[status]--
    this.#schedule()
  }

  healthy(error: ErrorRecord | null): void {
    const { context } = this.health.getSnapshot()
    if ((error === null) === (context.status === 'ok')) return
    if (error) this.#logger.error(`the store fails: ${error.message}`)
    else this.#logger.info('the store works again')
    this.#tell(() => this.health.send({ type: 'changed', health: { ...context, status: error ? 'degraded' : 'ok', error } }))
  }

  /** What waits for slots or permits for ever. Each entry point and key is warned of once, for as long as the same executions hold them. */
  deadlocked(deadlocks: readonly Deadlock[]): void {
    const { deadlocks: before = [], ...health } = this.health.getSnapshot().context
    if (JSON.stringify(before) === JSON.stringify(deadlocks)) return
    for (const deadlock of deadlocks) {
      const { entryPoint, key, heldBy } = deadlock
      const holders = heldBy.toSorted().join()
      const warned = this.#warnedOf.get(entryPoint) ?? new Map<string | undefined, string>()
      const isKnown = before.some((known) => known.entryPoint === entryPoint && known.key === key) || warned.get(key) === holders
      warned.delete(key)
      this.#warnedOf.set(entryPoint, warned.set(key, holders))
      if (warned.size > KEPT) warned.delete(warned.keys().next().value)
      // a queued execution may be on its way to another process in one check, and back in the next
      if (!isKnown) this.#logger.warn(warningOf(deadlock))
    }
    const now = deadlocks.length > 0 ? { ...health, deadlocks } : health
    this.#tell(() => this.health.send({ type: 'changed', health: now }))
  }

  triggered(entryPoint: string, health: TriggerHealth): void {
    this.#tell(() => this.triggers.send({ type: 'changed', entryPoint, health }))
  }

  #forget(id: string): void {
    this.#ended.push(id)
    if (this.#ended.length > KEPT) this.#atoms.delete(this.#ended.shift() as string)
  }

  /** Shows durable changes at once. */
  publishDue(): void {
    if (this.#due) this.#publish()
  }

  #schedule(): void {
    if (this.#due) return
    this.#due = true
    // one update a turn for the whole batch, before the calls that wait for its ends go on
    queueMicrotask(() => this.publishDue())
  }

  #publish(): void {
    this.#due = false
    const counts: Record<string, StatusCounts> = {}
    for (const [entryPoint, statuses] of Object.entries(this.#counts)) counts[entryPoint] = { ...statuses }
    this.#tell(() => this.streams.send({ type: 'counted', counts }))
  }

  #tell(subscribers: () => void): void {
    try {
      subscribers()
    } catch (error) {
      this.#logger('a subscriber of the registry has failed', error)
    }
  }
}

function warningOf({ entryPoint, key, queued, heldBy }: Deadlock): string {
  const [what, held, remedy] =
    key === undefined
      ? ['slots', 'the slots', 'more slots (maxConcurrent)']
      : ['a key', 'all permits under their key', 'another key, or a greater limit (concurrency)']
  return (
    `a deadlock over ${what}: ${some(queued)} of ${entryPoint} can't start, since ${some(heldBy)} hold ${held} and wait for executions like these. ` +
    `Give what they start another entry point, or ${remedy}`
  )
}

const some = (ids: readonly string[]) =>
  ids.length > 5 ? `${ids.slice(0, 5).join(', ')} and ${ids.length - 5} others` : ids.join(', ')
