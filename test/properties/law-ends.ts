/**
 * What an end means: nothing of an execution goes on after it, nothing is said of it afterwards, and a cancel is no other end.
 *
 * Owns: these questions to the record of a run, and to its quiet instants.
 */
import { splitState } from '../../src/actors/execution/stored-state.js'
import { isTerminal } from '../../src/index.js'
import { contextOf, type Answer } from './ledger.js'
import { HEEDED } from './simulated-process.js'
import type { World } from './world.js'

/** At a quiet instant: no step, callback or execution that one has started is left once its end, or its pause, is durable. */
export function nothingLivesOn(world: World): void {
  const { ledger, flights, callbacks, findings, processes } = world
  const isKnown = (process: string, id: string) => {
    const row = ledger.rows.get(id)
    return row !== undefined && (isTerminal(row.status) || row.status === 'paused') && ledger.known(process, id) >= row.revision
  }
  const isWell = (name: string) => {
    const process = processes.find((each) => each.name === name)
    return process !== undefined && process.lives && !process.fate.frozen && !process.hasBeenFrozen
  }
  for (const { process, id, key, over, signal } of flights)
    if (!over && !signal.aborted && isWell(process) && isKnown(process, id))
      findings.push(`${key} goes on in ${process} after ${id} has come to be ${ledger.rows.get(id)?.status}`)
  for (const { process, id } of callbacks)
    if (isWell(process) && isKnown(process, id))
      findings.push(`a callback of ${id} goes on in ${process} after that has come to be ${ledger.rows.get(id)?.status}`)
  if (!world.isCalm) return
  for (const row of ledger.rows.values()) {
    if (!isTerminal(row.status)) continue
    const left = ledger.below(row.id).find(({ status }) => !isTerminal(status) && status !== 'cancelling')
    if (left) findings.push(`${left.id} is ${left.status} after ${row.id}, which started it, has ended as ${row.status}`)
  }
}

/** When a cancel, a pause or a time limit is durable as what it comes to, no step that it has told to stop runs, unless it has had its time. */
export function goneAtTheEnd({ ledger, flights, jumps }: World): string[] {
  return ledger.written.flatMap(({ n, at, process, commit: { id, status } }) => {
    if (status !== 'cancelled' && status !== 'timed_out' && status !== 'paused') return []
    // its time began before a slow store took the commit that says so, or was over by a clock that was set
    if (ledger.slow > 0 || jumps.some((jump) => jump.ms > 0 && jump.n < n)) return []
    // a cancel takes no longer than its time, whatever compensates then
    const history = ledger.history(id).filter((written) => written.n < n)
    const since = history[history.findLastIndex(({ commit }) => commit.status !== 'cancelling') + 1]
    if (since && at - since.at >= HEEDED) return []
    // it began when the command came, which may be some time before the commit that says so
    const last = history.at(-1)?.commit
    if (last && at >= (splitState(last.state, id).lifecycle.context.limits.stopBy ?? Infinity)) return []
    const left = flights.find(
      (flight) =>
        flight.id === id &&
        flight.process === process &&
        !flight.isTaken &&
        flight.n < n &&
        flight.overAt > n &&
        at - (flight.abortedAt ?? at) < HEEDED,
    )
    return left ? [`${left.key} still runs in ${process} when ${id} comes to be ${status}`] : []
  })
}

/** At the end of a run: whatever it was, it has come to its end. */
export function allEnd({ ledger }: World): string[] {
  return [...ledger.rows.values()].flatMap(({ id, status }) => (isTerminal(status) ? [] : [`${id} never ends: ${status}`]))
}

/** A cancel or a pause that was answered holds for all that the execution has started. */
export function leavesFirst(world: World): string[] {
  const isOpen = ({ call, status }: Answer, child: string) =>
    call === 'cancel'
      ? status === 'cancelled'
      : call === 'pause' && status === 'paused' && child !== 'paused' && child !== 'cancelling'
  return world.ledger.answers.flatMap((answer) => {
    const left = answer.calm ? answer.open.find(({ status }) => isOpen(answer, status)) : undefined
    return left ? [`${answer.call} of ${answer.id} was answered while ${left.id}, which it has started, was ${left.status}`] : []
  })
}

/** What is cancelled had not come to its own end; one that compensates was told to. */
export function cancelsAreTrue(world: World): string[] {
  const { ledger } = world
  return ledger.ids.flatMap((id) => {
    const history = ledger.history(id)
    const last = history.at(-1)
    if (!last || last.commit.status !== 'cancelled') return []
    const { record, commit } = last
    const stopped = contextOf(record)?.stopped === true
    const how = record.snapshot?.status
    // an action that it asked for before its end may throw: then that attempt has failed
    const isUndone = history.some((each) => each.record.snapshot?.status === 'done' && each.record.limits.retryAt !== undefined)
    // a fork of one that has completed has done nothing itself before it starts
    if (how === 'done' && !stopped && !isUndone && commit.startedAt !== null)
      return [`${id} is cancelled, and its program had completed`]
    const { options, program } = world.streamOf(commit.id)
    // one that fails by itself meanwhile leaves nothing of that behind but its error; what can't be stored has failed before
    const hasFailed = commit.error !== null && !commit.error.includes('not_storable')
    const isTold = stopped || (hasFailed && ledger.undoings.has(id))
    // what it throws again as it is restored comes before anything else
    if (options.compensates && !program.throws && commit.startedAt !== null && how === 'active' && !isTold)
      return [`${id} is cancelled, and its program was not told to make good what it has done`]
    return []
  })
}

/** What a journal may hold of an execution after its end: what its last commit has said beside it. */
const afterwards = new Set(['execution.emitted', 'execution.action_failed', 'execution.progress'])

/** A terminal event is the last that is said of an execution. */
export async function endsAreLast(world: World): Promise<string[]> {
  const broken: string[] = []
  for (const { id, status } of world.ledger.rows.values()) {
    if (!isTerminal(status)) continue
    const events = await world.store.events({ since: 0, execution: id, limit: 10_000 })
    const end = events.findIndex(({ type }) => type === `execution.${status}`)
    const later = events.slice(end + 1).find(({ type }) => !afterwards.has(type))
    if (later) broken.push(`${id}: ${later.type} is told after its end`)
  }
  return broken
}

/** What ends no process itself is not taken for what does: it neither fails nor is held for that. Beside many that do, each for the first time, it may be. */
export function innocentsLive(world: World): string[] {
  const { ledger } = world
  const kills = (id: string): boolean =>
    world.streamOf(id).program.states.some(({ kind }) => kind === 'killer') || ledger.below(id).some((row) => kills(row.id))
  if (ledger.ids.filter(kills).length > 2) return []
  return ledger.ids.flatMap((id) => {
    if (kills(id)) return []
    const blamed = ledger
      .history(id)
      .some(({ record, commit }) => record.pause?.reason === 'recovery_limit' || commit.error?.includes('recovery_limit'))
    return blamed ? [`${id} is blamed for the deaths of its processes`] : []
  })
}
