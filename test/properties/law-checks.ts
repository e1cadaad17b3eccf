/**
 * The laws, as questions to the record of a run. Each returns what was broken, in words; nothing if the law held.
 *
 * Owns: what laws 1, 3, 4, 5 and 7 mean for what can be seen from outside.
 */
import { isTerminal, terminalStatuses } from '../../src/index.js'
import { storedOutcome } from '../../src/actors/execution/execution-record.js'
import { decode } from '../../src/codec/snapshot-codec.js'
import { contextOf, type Answer, type Written } from './ledger.js'
import type { World } from './world.js'

/** Law 1: one terminal status, event and result, and they agree. */
export async function oneEnd(world: World): Promise<string[]> {
  const broken: string[] = []
  const rows = new Map([...world.ledger.rows.keys()].map((id) => [id, undefined as unknown]))
  for (const id of rows.keys()) {
    const row = await world.store.load(id)
    if (!row || !isTerminal(row.status)) {
      broken.push(`${id} never ends: ${row?.status}`)
      continue
    }
    const events = await world.store.events({ since: 0, execution: id, limit: 10_000 })
    const ends = events.filter(({ type }) => terminalStatuses.some((status) => type === `execution.${status}`))
    if (ends.length !== 1 || ends[0]?.type !== `execution.${row.status}`)
      broken.push(`${id} ended as ${row.status} with the events ${ends.map(({ type }) => type).join(', ')}`)
    if (events.filter(({ type }) => type === 'execution.accepted').length !== 1) broken.push(`${id} was not accepted once`)
    const result = await world.primary.runtime.execution(id).result({ timeout: 0 })
    const outcome = storedOutcome(row)
    if (JSON.stringify(result) !== JSON.stringify(outcome))
      broken.push(`${id}: result ${JSON.stringify(result)} of ${row.status}`)
    if (result.status !== row.status) broken.push(`${id}: result ${result.status} of ${row.status}`)
    const last = ends.at(-1)
    if (row.status === 'completed' && last && last.data !== row.output) broken.push(`${id}: its event tells another output`)
    if (row.endedAt === null || row.dueAt !== null || row.owner !== null) broken.push(`${id} has ended and is still held or due`)
    const after = world.ledger.history(id).filter(({ commit }) => isTerminal(commit.status))
    if (new Set(after.map(({ commit }) => commit.status)).size > 1) broken.push(`${id} ended in more than one way`)
  }
  for (const answer of world.ledger.answers) {
    if (answer.call !== 'trigger' || answer.status !== 'accepted') continue
    if (!world.ledger.rows.has(answer.id)) broken.push(`${answer.id} was accepted and is not stored`)
  }
  return broken
}

/** Law 3: what was committed as over never runs again; a step starts again only if its run was cut off. */
export function restart(world: World): string[] {
  const { ledger } = world
  const broken: string[] = []
  for (const id of ledger.ids) {
    const history = ledger.history(id)
    broken.push(...changedKeys(history))
    const over = overAt(history)
    for (const output of ledger.outputs) {
      if (output.id === id && output.kind === 'late') broken.push(`an action of ${id} ran after one of its transition that threw`)
      if (output.id !== id || output.kind !== 'step') continue
      const end = over.get(output.key)
      if (end !== undefined && output.n > end)
        broken.push(`${output.key} runs again in ${output.process} though its end was committed`)
      if (output.stopped) broken.push(`${output.key} begins in ${output.process} though it was told to stop`)
      if (output.unasked) broken.push(`${output.key} runs again in ${output.process}, and nobody was asked`)
      if (output.again) broken.push(`${output.key} runs twice at once, in ${output.process}`)
      const known = ledger.history(id).some(({ steps, n }) => n < output.n && steps.has(output.key))
      if (!known) broken.push(`${output.key} runs under a key that no commit holds`)
    }
  }
  return broken
}

/** Steps whose key changed although their program stood still: at a restart, for one. */
function changedKeys(history: readonly Written[]): string[] {
  return history.flatMap(({ steps, record, commit }, index) => {
    const before = history[index - 1]
    if (!before || contextOf(before.record)?.tick !== contextOf(record)?.tick) return []
    return [...steps]
      .filter((key) => !before.steps.has(key) && [...before.steps].some((other) => pathOf(other) === pathOf(key)))
      .map((key) => `${key} of revision ${commit.revision} had another key before`)
  })
}

const pathOf = (key: string) => key.slice(0, key.lastIndexOf('#'))

/** When each step's end or exit was written. */
function overAt(history: readonly Written[]): Map<string, number> {
  const over = new Map<string, number>()
  let before: ReadonlySet<string> = new Set()
  for (const { n, steps, commit } of history) {
    for (const key of before) if (!steps.has(key)) over.set(key, n)
    for (const key of steps) over.delete(key)
    before = isTerminal(commit.status) ? new Set() : steps
    if (isTerminal(commit.status)) for (const key of steps) over.set(key, n)
  }
  return over
}

/** Law 4: whatever is seen was caused by a commit that its process knew to be durable. */
export function outputCommit(world: World): string[] {
  const { ledger } = world
  const broken: string[] = []
  for (const { kind, id, tick, durableTick, key, process } of ledger.outputs) {
    if (kind !== 'late' && tick > durableTick)
      broken.push(`${kind} ${key} of ${id} in ${process} is ahead of the store: ${tick} > ${durableTick}`)
  }
  for (const { call, id, status, outcome, known, process, row } of ledger.answers) {
    const told = outcome.revision
    if (told !== undefined && told > known) broken.push(`${call} ${id} in ${process} told revision ${told}, of ${known} known`)
    if (call === 'trigger' && status === 'accepted' && known < 1) broken.push(`${id} was accepted before it was stored`)
    if (call === 'result' && isTerminal(status as never) && row?.status !== status)
      broken.push(`${id} told ${status} before it was stored`)
  }
  return broken
}

/** Law 5: nothing goes backwards on disk, and an event that was acknowledged is kept. */
export async function noLoss(world: World): Promise<string[]> {
  const { ledger } = world
  const broken: string[] = []
  for (const id of ledger.ids) {
    const history = ledger.history(id)
    let tick = 0
    let pings: readonly number[] = []
    for (const [index, { commit, record }] of history.entries()) {
      if (commit.revision !== index + 1) broken.push(`${id}: commit ${index + 1} has revision ${commit.revision}`)
      const context = contextOf(record)
      const [lost] = pings.filter((n) => !context?.pings.includes(n))
      if (lost !== undefined) broken.push(`${id}: ping ${lost} is gone in revision ${commit.revision}`)
      if ((context?.tick ?? 0) < tick) broken.push(`${id}: tick goes back to ${context?.tick} in revision ${commit.revision}`)
      tick = context?.tick ?? 0
      pings = context?.pings ?? []
    }
    if (new Set(pings).size !== pings.length) broken.push(`${id}: an event was delivered twice: ${pings.join(', ')}`)
    const row = await world.store.load(id)
    if (row?.revision !== history.at(-1)?.commit.revision) broken.push(`${id}: revision ${row?.revision} is stored`)
  }
  for (const { call, id, status, outcome, ping } of ledger.answers) {
    if (call !== 'send' || ping === undefined || status !== 'delivered') continue
    const at = ledger.history(id).find(({ commit }) => commit.revision === outcome.revision)
    if (at && !contextOf(at.record)?.pings.includes(ping))
      broken.push(`${id}: ping ${ping} was told to be in revision ${outcome.revision}, which is ${at.commit.status}, and is not`)
  }
  return [...broken, ...outOfOrder(world)]
}

/** Events that came in another order than one client sent them in, by way of one process, or each after the answer to the one before. */
function outOfOrder({ ledger }: World): string[] {
  const sent = ledger.answers.filter(({ ping, status }) => ping !== undefined && (status === 'delivered' || status === 'queued'))
  return ledger.ids.flatMap((id) => {
    const own = sent.filter((answer) => answer.id === id)
    const last = ledger.history(id).at(-1)
    const pings = (last && contextOf(last.record)?.pings) ?? []
    return own.flatMap((earlier) => {
      const place = pings.indexOf(earlier.ping as number)
      const isBehind = ({ n, process }: Answer) => n > (process === earlier.process ? earlier.n : earlier.told)
      const later = own.find((answer) => isBehind(answer) && pings.slice(0, Math.max(0, place)).includes(answer.ping as number))
      return later ? [`${id}: ping ${later.ping} came before ping ${earlier.ping}, which was sent before it`] : []
    })
  })
}

/** At a quiet instant: an event that was acknowledged as queued is in the inbox, in the context, or its execution has ended. */
export async function nothingForgotten(world: World): Promise<string[]> {
  const broken: string[] = []
  for (const { call, id, status, ping } of world.ledger.answers) {
    if (call !== 'send' || ping === undefined || (status !== 'delivered' && status !== 'queued')) continue
    const row = await world.store.load(id)
    const last = world.ledger.history(id).at(-1)
    if (!row || !last || isTerminal(row.status) || contextOf(last.record)?.pings.includes(ping)) continue
    const inbox = await world.store.inbox({ execution: id })
    const waits = inbox.some(({ payload }) => decode<{ n?: number }>(payload, { id, what: 'event' }).n === ping)
    if (!waits) broken.push(`${id}: ping ${ping} was ${status}, and is nowhere`)
  }
  return broken
}

/** Law 7: each epoch has one writer, epochs grow, and who lost an execution lets nothing of it out. */
export function fencing(world: World): string[] {
  const { ledger } = world
  const broken: string[] = []
  for (const id of ledger.ids) {
    const writers = new Map<number, string>()
    let epoch = 0
    for (const { commit, process } of ledger.history(id)) {
      if (commit.epoch < epoch) broken.push(`${id}: epoch ${commit.epoch} was written after ${epoch}`)
      epoch = commit.epoch
      // what gathers has no owner: whoever writes first makes the others' writes stale
      if ((commit.gathers ?? null) !== null) continue
      if ((writers.get(epoch) ?? process) !== process) broken.push(`${id}: epoch ${epoch} has two writers`)
      writers.set(epoch, process)
    }
    const turns = ledger.claims.filter((claim) => claim.id === id)
    for (const output of ledger.outputs) {
      if (output.id !== id) continue
      const owner = turns.filter(({ n }) => n < output.n).at(-1)
      if (owner && owner.process !== output.process)
        broken.push(`${output.kind} ${output.key} left ${output.process} after ${owner.process} had taken ${id} over`)
    }
  }
  return broken
}
