/**
 * Law 2, of keys and rates: no more of one key run than its limit, no more start in a time than its rate, nobody waits for a permit that is
 * free; who is skipped or replaced had to be.
 *
 * Owns: these questions to the commits of a run and to its quiet instants. It makes the keys itself, of the inputs.
 */
import { isTerminal } from '../../src/index.js'
import { storedInput } from '../../src/actors/execution/execution-record.js'
import type { StoredExecution } from '../../src/persistence/snapshot-store.js'
import { partsOf } from '../../src/runtime/supervisor-parts.js'
import { keyOf, type LimitsSpec } from './limited.js'
import type { Written } from './ledger.js'
import type { World } from './world.js'

/** The executions of one entry point that are counted together. */
interface Tenant {
  readonly name: string
  readonly entryPoint: string
  readonly limits: LimitsSpec
  /** In the order of their acceptance. */
  readonly rows: readonly StoredExecution[]
}

/** Each tenant of the entry points that have such a limit. */
function tenantsOf(world: World, counts: (limits: LimitsSpec) => { readonly isKeyed: boolean } | undefined): Tenant[] {
  const byName = new Map<string, StoredExecution[]>()
  for (const row of world.ledger.rows.values()) {
    const { limits } = world.streamOf(row.id)
    const counted = limits && counts(limits)
    if (!counted) continue
    const name = `${row.entryPoint}${counted.isKeyed ? `, ${keyOf(storedInput(row) as { label: string })}` : ''}`
    const rows = byName.get(name)
    if (rows) rows.push(row)
    else byName.set(name, [row])
  }
  return [...byName].map(([name, rows]) => {
    const [{ id, entryPoint }] = rows as [StoredExecution]
    return { name, entryPoint, rows, limits: world.streamOf(id).limits as LimitsSpec }
  })
}

const byPermit = (world: World) => tenantsOf(world, ({ concurrency }) => concurrency && { isKeyed: true })
const byRate = (world: World) => tenantsOf(world, ({ rate }) => rate)

/** After a run: what its commits say. */
export function limitsHold(world: World): string[] {
  const { ledger } = world
  const broken: string[] = []
  for (const { name, rows, limits } of byPermit(world)) {
    const { limit, onBusy } = limits.concurrency as NonNullable<LimitsSpec['concurrency']>
    const ids = new Set(rows.map(({ id }) => id))
    broken.push(...tooManyRun(ledger.written, ids, limit).map((problem) => `${name}: ${problem}`))
    if (onBusy === 'skip') broken.push(...skippedForNothing(world, rows, limit))
    broken.push(...wronglyReplaced(world, rows))
  }
  for (const { name, rows, limits } of byRate(world)) {
    const { limit, per } = limits.rate as NonNullable<LimitsSpec['rate']>
    const starts = rows.flatMap(({ startedAt }) => (startedAt === null ? [] : [startedAt])).toSorted((a, b) => a - b)
    const soon = starts.findIndex((at, index) => at - (starts[index - limit] ?? -Infinity) < per)
    if (soon >= 0) broken.push(`${name}: starts at ${starts.join(', ')}, and ${limit} may in ${per} ms`)
  }
  return broken
}

/** At each commit: of one key, no more have started and not ended than its limit. */
function tooManyRun(written: readonly Written[], ids: ReadonlySet<string>, limit: number): string[] {
  const running = new Set<string>()
  return written.flatMap(({ commit, process }) => {
    if (!ids.has(commit.id)) return []
    if (commit.startedAt !== null && !isTerminal(commit.status)) running.add(commit.id)
    else running.delete(commit.id)
    return running.size > limit ? [`${[...running].join(', ')} run, by ${process}, and ${limit} may`] : []
  })
}

/** Who is told that the key was taken never starts, and as many others were there as may run. */
function skippedForNothing({ ledger }: World, rows: readonly StoredExecution[], limit: number): string[] {
  const spans = rows.map(({ id, status }) => {
    const history = ledger.history(id)
    return { id, from: history[0]?.n ?? 0, to: isTerminal(status) ? (history.at(-1)?.n ?? Infinity) : Infinity }
  })
  return rows.flatMap(({ id, status, startedAt }) => {
    if (status !== 'rejected') return []
    const own = spans.find((span) => span.id === id) as (typeof spans)[number]
    const others = spans.filter((span) => span !== own && span.from < own.to && span.to > own.from)
    if (startedAt !== null) return [`${id} was skipped, and had started`]
    return others.length < limit ? [`${id} was skipped beside ${others.length}, and ${limit} may run`] : []
  })
}

/** What is cancelled for another one was accepted before that, under the same key, and is nothing that waits for it. */
function wronglyReplaced({ ledger }: World, rows: readonly StoredExecution[]): string[] {
  return rows.flatMap(({ id }, index) => {
    const cancel = ledger.history(id).at(-1)?.record.cancel
    // what is below one that is replaced goes with it
    if (cancel?.reason !== 'replaced' || cancel.actor === undefined || cancel.scope === 'parent') return []
    const by = rows.findIndex((other) => other.id === cancel.actor)
    if (by <= index) return [`${id} was replaced by ${cancel.actor}, which did not come after it under its key`]
    return ledger.above(cancel.actor).some((other) => other.id === id)
      ? [`${id} was replaced by ${cancel.actor}, which it waits for`]
      : []
  })
}

/** Whatever has been late for it, a start is counted as one for a moment longer. */
const LATER = 1_000

/** At a quiet instant of one process: who can start has a permit, and no more wait or run than may. */
export function permitsAreGiven(world: World): void {
  // what a process that ended has left takes the next one a poll
  if (!world.isCalm || world.primary.isLeaving || world.clock.monotonic() - world.primary.begunAt < 5_000) return
  const { findings, clock } = world
  const isLater = ({ status, startAt }: StoredExecution) => status === 'paused' || (startAt ?? 0) > clock.now() - LATER
  const rooms = new Map(partsOf(world.primary.runtime.actor).supervisor.streams.all.map(({ id, room }) => [id, room]))
  const mayStart = new Map<string, boolean>()
  for (const { limits, rows } of byRate(world)) {
    const { limit, per } = limits.rate as NonNullable<LimitsSpec['rate']>
    const isFree = rows.filter(({ startedAt }) => (startedAt ?? -Infinity) > clock.now() - per - LATER).length < limit
    for (const { id } of rows) mayStart.set(id, isFree)
  }
  for (const { name, entryPoint, rows, limits } of byPermit(world)) {
    const { limit, onBusy } = limits.concurrency as NonNullable<LimitsSpec['concurrency']>
    const alive = rows.filter(({ status }) => !isTerminal(status))
    const started = alive.filter(({ startedAt }) => startedAt !== null)
    const waiting = alive.filter((row) => row.startedAt === null && row.status === 'queued' && !isLater(row))
    const first = waiting.find(({ id, recoveries }) => recoveries === 0 && mayStart.get(id) !== false)
    if (first && started.length < limit && (rooms.get(entryPoint) ?? 0) > 0)
      findings.push(`${first.id} waits for ${name}, under which ${started.length} of ${limit} run`)
    if (onBusy === 'skip' && started.length + waiting.length > limit)
      findings.push(`${name}: ${started.length} run and ${waiting.length} wait, and ${limit} may`)
    if (onBusy === 'replace') findings.push(...notReplaced(world, alive, limit))
  }
}

/** Of those before the last one that has come, as many are left as may stay, and what waits for it. */
function notReplaced({ ledger }: World, alive: readonly StoredExecution[], limit: number): string[] {
  const hasCome = ({ id, startAt }: StoredExecution) =>
    startAt === null && ledger.history(id).every(({ commit }) => commit.status !== 'paused' || commit.startedAt !== null)
  const last = alive.findLast(hasCome)
  if (!last) return []
  const above = new Set(ledger.above(last.id).map(({ id }) => id))
  const before = alive.slice(0, alive.indexOf(last))
  // a cancel begins with what stands below
  const isGoing = ({ id, status }: StoredExecution) =>
    status === 'cancelling' || ledger.below(id).some((row) => row.status === 'cancelling')
  const others = before.filter((row) => !above.has(row.id) && !isGoing(row))
  const kept = Math.max(0, limit - 1 - before.filter(({ id }) => above.has(id)).length)
  return others.length > kept ? [`${others.map(({ id }) => id).join(', ')} go on beside ${last.id}, and ${kept} may`] : []
}
