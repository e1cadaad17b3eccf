/**
 * The reference implementation of `SnapshotStore`: everything in memory, for tests and for data that need not last.
 *
 * Owns: the calls of the contract. The data lives as long as the object does, also while the store is closed, so that a
 * second runtime on the same object finds what a first one left, as after a crash.
 */
import { StatewardError } from '../../errors.js'
import { isTerminal } from '../../events/execution-status.js'
import { claimInMemory } from './memory-claims.js'
import { countMemory, placesInMemory, pruneMemory, queryMemory } from './memory-queries.js'
import { MemoryTables } from './memory-tables.js'
import type { InboxMessage, OwnerRecord, SnapshotStore } from '../snapshot-store.js'
import { atMost } from '../store-rules.js'

/**
 * A store in memory. Close and open it as often as you like: it forgets nothing, and two runtimes may share it.
 *
 * @example
 * ```ts
 * const store = memoryStore()
 * const first = createRuntime({ store, entryPoints: [tickets] })
 * await first.start()
 * const { id } = await first.trigger('tickets', { id: 7 })
 * await first.stop()
 * const second = createRuntime({ store, entryPoints: [tickets] }) // as after a restart
 * await second.start()
 * await second.execution(id).send({ type: 'APPROVE' })
 * console.log((await second.execution(id).result()).status) // prints completed
 * await second.stop()
 * ```
 */
export function memoryStore(): SnapshotStore {
  const kept = new MemoryTables()
  let opened = false

  /** One call of the contract; what it does is done when its promise is made. */
  async function on<T>(operation: string, call: (tables: MemoryTables) => T): Promise<T> {
    if (!opened) throw new StatewardError('store_closed', 'the memory store is not open', { details: { operation } })
    return call(kept)
  }

  return {
    name: 'memory',
    location: 'memory',
    async open() {
      opened = true
    },
    async close() {
      opened = false
    },
    commit: (batch) => on('commit', (tables) => tables.commit(batch)),
    load: (id) => on('load', ({ rows, admissions }) => admissions.shown(rows.byId.get(id))),
    joined: (entryPoint, of) => on('joined', ({ joins }) => joins.find(entryPoint, of)),
    absence: (id) => on('absence', ({ tombstones }) => (tombstones.has(id) ? 'expired' : 'unknown')),
    query: (query) => on('query', (tables) => queryMemory(tables, query)),
    counts: () => on('counts', countMemory),
    places: ({ entryPoint }) => on('places', (tables) => placesInMemory(tables, entryPoint)),
    events: (query) =>
      on('events', ({ rows, events }) => {
        const { execution, entryPoint, since, limit } = query
        if (execution === undefined) return events.find(query)
        const row = rows.byId.get(execution)
        if (!row || (entryPoint !== undefined && row.execution.entryPoint !== entryPoint)) return []
        return row.journal.after(since, atMost(limit))
      }),
    publish: (batch) => on('publish', ({ events }) => batch.map((each) => events.publish(each))),
    pruneEvents: (request) => on('pruneEvents', ({ events }) => events.prunePublications(request)),
    lastSeq: () => on('lastSeq', ({ events }) => events.lastSeq),
    appendChunks: (batch) => on('appendChunks', (tables) => batch.map((each) => tables.appendChunks(each))),
    chunks: (of) => on('chunks', (tables) => tables.chunks(of)),
    checkpoints: (id) => on('checkpoints', ({ rows }) => [...(rows.byId.get(id)?.checkpoints ?? [])]),
    checkpoint: (id, revision) =>
      on('checkpoint', ({ rows }) => rows.byId.get(id)?.checkpoints.find((each) => each.revision === revision)),
    enqueue: (message) =>
      on('enqueue', (tables) => {
        const row = tables.rows.byId.get(message.executionId)
        if (!row) return { status: 'not_found' }
        if (isTerminal(row.execution.status)) return { status: 'finished' }
        return { status: 'queued', seq: tables.enqueue(row, message) }
      }),
    inbox: (of) =>
      on('inbox', ({ rows, open }) => {
        if ('execution' in of) return [...(rows.byId.get(of.execution)?.open.values() ?? [])]
        const limit = atMost(of.limit)
        const held = rows.under('held', of.owner)
        const found: InboxMessage[] = []
        // messages that wait for a resume may be far more than the executions of the owner
        if (open.size > held.size) {
          for (const row of held) for (const message of row.open.values()) if (message.seq > of.after) found.push(message)
          return found.toSorted((a, b) => a.seq - b.seq).slice(0, limit)
        }
        for (const [seq, row] of open) {
          if (found.length >= limit) break
          const message = row.open.get(seq)
          if (message && seq > of.after && row.execution.owner === of.owner) found.push(message)
        }
        return found
      }),
    answer: (seq) =>
      on('answer', ({ open, answers }) => {
        if (open.has(seq)) return { status: 'pending' }
        return answers.get(seq)?.answer ?? { status: 'unknown' }
      }),
    register: (owner, dead) =>
      on('register', ({ owners }) => {
        for (const key of dead) owners.delete(key)
        for (const other of owners.values()) if (other.id === owner.id && other.key !== owner.key) return false
        owners.set(owner.key, copyOwner(owner))
        return true
      }),
    heartbeat: (key, leaseUntil) =>
      on('heartbeat', ({ owners }) => {
        const owner = owners.get(key)
        if (owner) owners.set(key, { ...owner, leaseUntil })
        return owner !== undefined
      }),
    owners: () => on('owners', ({ owners }) => [...owners.values()]),
    orphans: () =>
      on('orphans', ({ rows, owners }) =>
        rows
          .keys('held')
          .filter((key) => !owners.has(key))
          .toSorted(),
      ),
    retire: (key, { giveBack }) =>
      on('retire', (tables) => {
        tables.owners.delete(key)
        if (giveBack) for (const row of [...tables.rows.under('held', key)]) tables.change(row, { owner: null })
      }),
    admit: (request) => on('admit', (tables) => tables.admissions.admit(tables, request)),
    claim: (request) => on('claim', (tables) => claimInMemory(tables, request)),
    nextDue: (entryPoints) =>
      on('nextDue', ({ due }) => {
        const times = entryPoints.map((entryPoint) => due.next(entryPoint)).filter((time) => time !== null)
        return times.length === 0 ? null : Math.min(...times)
      }),
    setControl: (name, value) =>
      on('setControl', ({ controls }) => void (value === null ? controls.delete(name) : controls.set(name, value))),
    control: (name) => on('control', ({ controls }) => controls.get(name) ?? null),
    document: (key) => on('document', ({ documents }) => documents.get(key)),
    documents: (query) => on('documents', ({ documents }) => documents.page(query)),
    putDocument: (write) => on('putDocument', ({ documents }) => documents.put(write)),
    prune: (request) => on('prune', (tables) => pruneMemory(tables, request)),
  }
}

function copyOwner({ key, id, host, pid, processStart, leaseUntil, lease }: OwnerRecord): OwnerRecord {
  return { key, id, host, pid, processStart, leaseUntil, ...(lease === undefined ? {} : { lease }) }
}
