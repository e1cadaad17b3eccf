/**
 * Law 5, of timers: each comes once, in the order of their times, not before its own, and not long after it. What is to start later
 * starts no earlier.
 *
 * Owns: when a state with a timer was entered and left, by both clocks, and what of that the guide promises.
 */
import { isTerminal, type ExecutionStatus } from '../../src/index.js'
import { contextOf, type Written } from './ledger.js'
import { LASTS, wrongTimers } from './many-timers.js'
import type { World } from './world.js'

/** More than a poll, in ms: a second or two are promised besides. */
const SLACK = 7_000

/** How long a state lasts that nothing but its timer ends; undefined: there is no such state. */
function lasts({ record, commit }: Written, world: World): number | undefined {
  const index = Number(/^s(\d)$/.exec(String(record.value))?.[1])
  const spec = world.streamOf(commit.id).program.states[index]
  if (spec?.kind === 'timer') return spec.delay + index
  return spec?.kind === 'timers' ? LASTS : undefined
}

const isWaiting = (status: ExecutionStatus, retryAt: number | undefined) => status === 'waiting' && retryAt === undefined

/** The commit with which the state was entered in which another one stands: the first of those in a row that tell the same value. */
function entered(history: readonly Written[], at: number): number {
  let first = at
  while (first > 0 && history[first - 1]?.record.value === history[at]?.record.value) first--
  return first
}

/** Timers that came before their time, twice, in another order, or not at all. */
export function timersAreTrue(world: World): string[] {
  const { ledger } = world
  // a process that was frozen while the clock was set back twice sees one set-back of both, and takes what another wrote between them for older
  const isBlurred = world.jumps.filter(({ ms, isSeen }) => ms < 0 && !isSeen).length > 1
  return ledger.ids.flatMap((id) => {
    const history = ledger.history(id)
    const last = history.at(-1)
    const wrong = last && wrongTimers(contextOf(last.record) ?? { tick: 0 })
    const early = ((last && contextOf(last.record)?.lasted) ?? []).flatMap(({ from, to, ms }) => {
      const isForward = world.jumps.some(({ at, ms: by }) => by > 0 && at >= from && at <= to)
      return to - from >= ms || isForward || isBlurred ? [] : [`${id}: a timer of ${ms} ms came after ${to - from} ms`]
    })
    return [...(wrong === undefined ? [] : [`${id}: ${wrong}`]), ...early, ...startsEarly(history, world)]
  })
}

/** An execution that was to start later has started before that time, by the clock on the wall. */
function startsEarly(history: readonly Written[], { jumps }: World): string[] {
  const [accepted, ...later] = history
  const started = later.find(({ commit }) => commit.startedAt !== null)
  if (!accepted || !started) return []
  // what gathers starts earlier once it is full, and later once it has got another input
  const startAt =
    history.slice(0, history.indexOf(started)).findLast(({ commit }) => (commit.startAt ?? null) !== null)?.commit.startAt ?? 0
  if (started.wall >= startAt) return []
  // it may have been decided on before the clock was set back
  const isSetBack = jumps.some(({ n, ms }) => ms < 0 && n > accepted.n && n < started.n)
  return isSetBack ? [] : [`${accepted.commit.id}: started ${startAt - started.wall} ms too early`]
}

/** At a quiet instant of one process: a timer whose time has come, by the wall clock or by what has passed in memory, and which has not. */
export function timersCome(world: World): void {
  if (!world.isCalm) return
  const { ledger, clock, primary } = world
  const now = clock.monotonic()
  const lastJump = world.jumps.at(-1)?.at ?? -Infinity
  if (now - primary.begunAt < SLACK) return
  for (const row of ledger.rows.values()) {
    if (isTerminal(row.status) || row.status !== 'waiting') continue
    const history = ledger.history(row.id)
    const last = history.at(-1)
    const ms = last && lasts(last, world)
    if (last === undefined || ms === undefined || last.record.limits.retryAt !== undefined) continue
    const run = history.slice(entered(history, history.length - 1))
    // it waits since it last came to: a fork that is queued has not begun to, and a further attempt begins where the one before did
    const first = run[run.findLastIndex(({ commit, record }) => !isWaiting(commit.status, record.limits.retryAt)) + 1]
    if (first === undefined) continue
    // what is paused meanwhile, or was to be, has its own rules
    if (run.some(({ commit }) => commit.status === 'paused' || commit.status === 'pausing')) continue
    const isOver = clock.now() - first.wall >= ms + SLACK && now - lastJump > SLACK
    const isHere =
      world.streamOf(row.id).options.passivateAfter > ms && primary.begunAt < first.at && last.process === first.process
    if (isOver || (isHere && now - first.at >= ms + SLACK))
      world.findings.push(`${row.id}: a timer of ${ms} ms has not come after ${now - first.at} ms`)
  }
}
