/**
 * What must hold after a trial, whatever went wrong in it.
 *
 * Owns: the laws of the runtime that can be seen from outside, as questions to the trial's record. Each answers with what
 * was broken, in words; nothing if it held.
 */
import { storedOutcome } from '../../actors/execution/execution-record.js'
import { isStatewardError } from '../../errors.js'
import { isTerminal, terminalStatuses } from '../../events/execution-status.js'
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import type { Trial } from './trial.js'
import type { TrialContext } from './trial-ledger.js'
import { trialSlots } from './trial-program.js'

/** A law; `store` is the store itself, without faults. */
export interface TrialLaw {
  readonly name: string
  broken(trial: Trial, store: SnapshotStore): Promise<string[]> | string[]
}

const ends = new Set(terminalStatuses.map((status) => `execution.${status}`))

/** The laws, in the order in which they are looked at. */
export const trialLaws: readonly TrialLaw[] = [
  {
    name: 'every accepted execution ends once, with record, journal and result in agreement',
    async broken(trial, store) {
      const found: string[] = []
      for (const [label, id] of trial.accepted) {
        const row = await store.load(id)
        if (!row) found.push(`${id} (${label}) was accepted and is not stored`)
      }
      const keys = new Map<string, string>()
      for (const { id, idempotencyKey: key } of await trial.rows()) {
        const other = key === null ? undefined : keys.get(key)
        if (other !== undefined) found.push(`the idempotency key ${key} was given to ${other} and to ${id}`)
        if (key !== null) keys.set(key, id)
        found.push(...(await oneEnd(store, id)))
      }
      return found
    },
  },
  {
    name: 'revisions grow by one, and nothing that was committed is lost',
    async broken({ ledger, calls }, store) {
      const found: string[] = []
      for (const id of new Set(ledger.written.map(({ commit }) => commit.id))) {
        let before = { revision: 0, done: 0, pings: [] as readonly number[] }
        for (const { commit, context } of ledger.of(id)) {
          const { revision } = commit
          const { done = [], pings = [] }: Partial<TrialContext> = context ?? {}
          if (revision !== before.revision + 1) found.push(`${id}: revision ${revision} comes after ${before.revision}`)
          if (done.length < before.done) found.push(`${id}: a step that was over is not, in revision ${revision}`)
          const lost = before.pings.find((n) => !pings.includes(n))
          if (lost !== undefined) found.push(`${id}: event ${lost} is gone in revision ${revision}`)
          if (new Set(pings).size < pings.length) found.push(`${id}: an event was delivered twice, by revision ${revision}`)
          before = { revision, done: done.length, pings }
        }
        const stored = await store.load(id)
        if (stored?.revision !== before.revision)
          found.push(`${id}: revision ${before.revision} was committed, and ${stored?.revision ?? 'nothing'} is stored`)
      }
      for (const { id = '', ping, answer } of calls.asked) {
        if (ping === undefined || answer?.status !== 'delivered') continue
        const at = ledger.of(id).find(({ commit }) => commit.revision === answer.revision)
        if (!at) found.push(`${id}: a send was answered with revision ${answer.revision}, which was not committed`)
        else if (at.context && !at.context.pings.includes(ping))
          found.push(`${id}: event ${ping} is not in revision ${answer.revision}`)
      }
      return found
    },
  },
  {
    name: 'a step starts under a commit that holds it, and never again after the commit of its end',
    broken: ({ ledger }) =>
      ledger.steps.flatMap(({ n, execution, key, process }) => {
        const before = ledger.of(execution).filter((written) => written.n < n)
        const last = before.findLast(({ commit }) => commit.revision > 0)
        const known = before.some(({ steps }) => steps.has(key))
        if (!known) return [`${key} started in ${process}, and no commit held it`]
        const isOver = last !== undefined && (!last.steps.has(key) || isTerminal(last.commit.status))
        return isOver ? [`${key} started again in ${process} after its end was committed`] : []
      }),
  },
  {
    name: 'each epoch has one owner, and who lost an execution does nothing more for it',
    broken({ ledger }) {
      const found: string[] = []
      const last = new Map<string, { epoch: number; process: string }>()
      for (const { process, commit } of ledger.written) {
        const { id, epoch } = commit
        const before = last.get(id)
        if (before && epoch < before.epoch) found.push(`${id}: epoch ${epoch} was written by ${process} after ${before.epoch}`)
        if (before?.epoch === epoch && before.process !== process)
          found.push(`${id}: epoch ${epoch} was written by ${before.process} and by ${process}`)
        last.set(id, { epoch, process })
      }
      for (const { n, execution, key, process } of ledger.steps) {
        const owner = ledger.claims.findLast((claim) => claim.id === execution && claim.n < n)
        if (owner && owner.process !== process) found.push(`${key} started in ${process} after ${owner.process} had claimed it`)
      }
      return found
    },
  },
  {
    name: 'no more run than there are slots, and every slot is given back',
    broken({ ledger, fresh }) {
      const found = [...ledger.most].flatMap(([process, most]) =>
        most > trialSlots ? [`${process} ran ${most} at the same time, of ${trialSlots}`] : [],
      )
      const stuck = fresh.filter((status) => status !== 'completed').length
      if (stuck > 0) found.push(`of ${trialSlots} fresh executions, ${stuck} did not complete afterwards`)
      return found
    },
  },
  {
    name: 'what was published stands in the journal once, where its answers say',
    async broken({ calls }, store) {
      const published = (await store.events({ since: 0, limit: 10_000 })).filter(({ id }) => id !== null)
      return calls.asked.flatMap(({ publication, state, answer }) => {
        if (publication === undefined) return []
        const places = published.filter(({ id }) => id === publication).map(({ seq }) => seq)
        if (places.length > 1) return [`the event ${publication} stands in the journal ${places.length} times`]
        if (state !== 'answered' || answer?.seq === places[0]) return []
        return [`the event ${publication} was published as ${answer?.seq}, and stands at ${places[0] ?? 'no place'}`]
      })
    },
  },
  {
    name: 'every call is answered, or refused with a typed error',
    broken: ({ calls }) =>
      calls.asked.flatMap(({ what, id, state, error }) => {
        const about = id === undefined ? what : `${what} of ${id}`
        if (state === 'pending') return [`${about} was never answered`]
        return state === 'answered' || isStatewardError(error) ? [] : [`${about} was refused with ${String(error)}`]
      }),
  },
  {
    name: 'the runtime is well again after the faults',
    broken: ({ health, stuck }) => [
      ...(stuck === undefined ? [] : [stuck]),
      ...(health === 'ok' ? [] : [`its health is ${String(health)}`]),
    ],
  },
]

async function oneEnd(store: SnapshotStore, id: string): Promise<string[]> {
  const row = await store.load(id)
  if (!row || !isTerminal(row.status)) return [`${id} never ends: it is ${row?.status ?? 'gone'}`]
  const found: string[] = []
  const events = await store.events({ since: 0, execution: id, limit: 1_000 })
  const ended = events.filter(({ type }) => ends.has(type))
  const types = ended.map(({ type }) => type).join(', ')
  if (types !== `execution.${row.status}`) found.push(`${id} is ${row.status}, and its journal says ${types || 'nothing'}`)
  const accepted = events.filter(({ type }) => type === 'execution.accepted').length
  if (accepted !== 1) found.push(`${id} was accepted ${accepted} times in its journal`)
  const outcome = storedOutcome(row)
  if (outcome?.status !== row.status) found.push(`${id} is ${row.status}, and its result is ${outcome?.status ?? 'none'}`)
  if (row.status === 'completed' && ended[0]?.data !== row.output) found.push(`${id}: its journal tells another output`)
  if (row.owner !== null || row.dueAt !== null || row.endedAt === null) found.push(`${id} has ended, and is still held or due`)
  return found
}
