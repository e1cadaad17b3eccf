/**
 * The executions of one entry point of a memory store that are counted under keys.
 *
 * Owns: who waits, who has a permit, and the log of starts. `fair-admission.ts` decides who gets the next permit.
 */
import { setBackBefore, type Lane, type WaitingLanes } from '../fair-admission.js'
import { Heap } from '../../heap.js'
import type { FlowKeys } from '../snapshot-store.js'
import type { MemoryPermit, PermitState } from './memory-permit.js'
import type { MemoryRow } from './memory-rows.js'

interface Waiting {
  readonly row: MemoryRow
  /** From when it may start. */
  readonly since: number
}

/** A lane with those that wait in it. */
interface MemoryLane extends Lane {
  readonly id: string
  /** Rows that wait no longer are skipped when they come up. */
  readonly rows: Heap<Waiting>
  /** The limit at which it was set aside; 0: it was not. */
  asideAt: number
  /** Until when it was set aside; null: it was not. */
  until: number | null
}

const laneId = (priority: number, { concurrency, rate }: FlowKeys) => JSON.stringify([priority, concurrency, rate])
const hasPermit = (state: PermitState) => state === 'given' || state === 'started'
const isBefore = (a: Waiting, b: Waiting) => (a.since - b.since || a.row.position - b.row.position) < 0
const sinceOf = ({ execution }: MemoryRow) => execution.startAt ?? execution.acceptedAt

/** The lanes of one entry point. */
export class MemoryLanes implements WaitingLanes<MemoryLane> {
  /** In the order of their turns. */
  readonly #ready = new Map<string, MemoryLane>()
  readonly #aside = new Map<string, MemoryLane>()
  /** Those that have not ended, by the key of the concurrency. */
  readonly #ofKey = new Map<string, Set<MemoryRow>>()
  /** How many of them have a permit, by the key. */
  readonly #holders = new Map<string, number>()
  /** Those that have a permit and have not started. */
  readonly given = new Set<MemoryRow>()
  /** When executions started, by the key of the rate, oldest first. */
  readonly #starts = new Map<string, number[]>()
  /** Those that got a permit since this was emptied. */
  readonly admitted: MemoryRow[] = []

  /** Those that have not ended and are counted under that key. */
  ofKey(key: string): ReadonlySet<MemoryRow> {
    return this.#ofKey.get(key) ?? new Set()
  }

  /** Those of them that have a permit. */
  permittedUnder(key: string): MemoryRow[] {
    return [...this.ofKey(key)].filter(({ permit }) => permit && hasPermit(permit.state))
  }

  add(row: MemoryRow, permit: MemoryPermit): void {
    row.permit = permit
    const key = permit.keys.concurrency
    if (key === null) return
    const rows = this.#ofKey.get(key)
    if (rows) rows.add(row)
    else this.#ofKey.set(key, new Set([row]))
  }

  remove(row: MemoryRow): void {
    const { permit } = row
    if (!permit) return
    this.move(row, 'outside')
    row.permit = undefined
    const key = permit.keys.concurrency
    const rows = key === null ? undefined : this.#ofKey.get(key)
    rows?.delete(row)
    if (rows?.size !== 0 || key === null) return
    this.#ofKey.delete(key)
    this.#holders.delete(key)
  }

  /** Changes how a row stands. */
  move(row: MemoryRow, state: PermitState): void {
    const { permit } = row
    if (!permit || permit.state === state) return
    const { concurrency: key, rate } = permit.keys
    const [had, hadGiven] = [hasPermit(permit.state), permit.state === 'given']
    permit.state = state
    if (state === 'given') this.given.add(row)
    else this.given.delete(row)
    if (key !== null && had !== hasPermit(state)) this.#holders.set(key, this.holders(key) + (had ? -1 : 1))
    if (state === 'waits') this.#laneOf(row, permit.keys).rows.push({ row, since: sinceOf(row) })
    if (!had || hasPermit(state)) return
    this.#wake(({ keys }) => (key !== null && keys.concurrency === key) || (hadGiven && rate !== null && keys.rate === rate))
  }

  started(row: MemoryRow, at: number): void {
    if (row.permit?.state === 'started') return
    this.move(row, 'started')
    const rate = row.permit?.keys.rate ?? null
    if (rate === null) return
    const starts = this.#starts.get(rate) ?? []
    this.#starts.set(rate, starts)
    starts.splice(starts.findLastIndex((each) => each <= at) + 1, 0, at)
  }

  /** To be called before lanes are asked: of those set aside, the ones whose time has come stand in the round again, and the log forgets what is over. */
  refresh(now: number, limit: number | undefined, per: number | undefined): void {
    this.#wake(
      ({ asideAt, until }) =>
        (asideAt > 0 && asideAt < (limit ?? Infinity)) ||
        (until !== null && (until <= now || per === undefined || until > now + per)),
    )
    if (per === undefined) return
    for (const [key, starts] of this.#starts) {
      const kept = starts.filter((at) => at > now - per).map((at) => (at > setBackBefore(now) ? now : at))
      if (kept.length > 0) this.#starts.set(key, kept)
      else this.#starts.delete(key)
    }
  }

  /** When the next lane that was set aside until a time stands in the round again. */
  get nextAt(): number | null {
    const times = [...this.#aside.values()].map(({ until }) => until).filter((until) => until !== null)
    return times.length === 0 ? null : Math.min(...times)
  }

  /** True if as many as `limit` others wait under its key, or have a permit; of those that wait beside a row that waits itself, the ones that were accepted before it. */
  isBehind(row: MemoryRow, limit: number): boolean {
    const key = row.permit?.keys.concurrency ?? null
    if (key === null) return false
    const isNew = row.permit?.state !== 'waits'
    let others = 0
    for (const other of this.ofKey(key)) {
      const state = other.permit?.state ?? 'outside'
      if (other !== row && (hasPermit(state) || (state === 'waits' && (isNew || other.position < row.position)))) others++
    }
    return others >= limit
  }

  /** Why a row that waits has no permit; undefined: it waits for its turn alone. */
  heldBy(row: MemoryRow, keys: FlowKeys): 'key' | 'rate' | undefined {
    const lane = this.#aside.get(laneId(row.execution.priority, keys))
    if (lane?.asideAt) return 'key'
    return lane || keys.rate === '' ? 'rate' : undefined
  }

  levels(): readonly number[] {
    return [...new Set([...this.#ready.values()].map(({ priority }) => priority))]
  }

  oldest(priority: number): number | undefined {
    let oldest: number | undefined
    for (const lane of this.#ready.values()) {
      if (lane.priority !== priority) continue
      const head = this.#head(lane)
      const at = head && sinceOf(head)
      if (at !== undefined && (oldest === undefined || at < oldest)) oldest = at
    }
    return oldest
  }

  next(priority: number): MemoryLane | undefined {
    for (const lane of this.#ready.values()) if (lane.priority === priority && this.#head(lane)) return lane
    return undefined
  }

  holders(key: string): number {
    return this.#holders.get(key) ?? 0
  }

  starts(rateKey: string, after: number): { started: number; pending: number } {
    let pending = 0
    for (const { permit } of this.given) if (permit?.keys.rate === rateKey) pending++
    return { started: this.#after(rateKey, after).length, pending }
  }

  startOf(rateKey: string, after: number, nth: number): number {
    return this.#after(rateKey, after)[nth] as number
  }

  setAside(lane: MemoryLane, limit: number): void {
    lane.asideAt = limit
    this.#ready.delete(lane.id)
    this.#aside.set(lane.id, lane)
  }

  delay(lane: MemoryLane, until: number): void {
    lane.until = until
    this.#ready.delete(lane.id)
    this.#aside.set(lane.id, lane)
  }

  give(lane: MemoryLane): boolean {
    const row = this.#head(lane)
    this.#ready.delete(lane.id)
    if (!row) return false
    lane.rows.pop()
    this.move(row, 'given')
    this.admitted.push(row)
    if (this.#head(lane)) this.#ready.set(lane.id, lane)
    return true
  }

  #after(rateKey: string, after: number): readonly number[] {
    return (this.#starts.get(rateKey) ?? []).filter((at) => at > after)
  }

  #head(lane: MemoryLane): MemoryRow | undefined {
    for (let first = lane.rows.first; first; first = lane.rows.first) {
      if (first.row.permit?.state === 'waits') return first.row
      lane.rows.pop()
    }
    return undefined
  }

  #wake(isMeant: (lane: MemoryLane) => boolean): void {
    for (const lane of this.#aside.values()) {
      if (!isMeant(lane)) continue
      this.#aside.delete(lane.id)
      lane.asideAt = 0
      lane.until = null
      if (this.#head(lane)) this.#ready.set(lane.id, lane)
    }
  }

  #laneOf(row: MemoryRow, keys: FlowKeys): MemoryLane {
    const { priority } = row.execution
    const id = laneId(priority, keys)
    const known = this.#ready.get(id) ?? this.#aside.get(id)
    if (known) return known
    const rows = new Heap<Waiting>(isBefore)
    const lane: MemoryLane = { id, keys, priority, rows, asideAt: 0, until: null }
    this.#ready.set(id, lane)
    return lane
  }
}
