/**
 * Side (a), the yardstick: XState and a strict group commit on SQLite, with no runtime around it.
 *
 * Does what no durable runtime can do without: each execution's persisted snapshot is one row, inserted at acceptance
 * and updated once a transition (four writes an execution); rows travel in group commits, one in flight, the next one
 * gathering until the event loop comes round; a step starts, and a result is given, only once the commit that
 * holds its cause is durable. Does nothing else: no timers, inbox, events, retention, ids, or recovery.
 *
 * The gate: the step's promise creator first awaits the commit. Of the two public ways it is the faster one, by about
 * 5 % of CPU; the other wraps the `start` of the step's logic. At `synchronous=FULL` each commit is one fsync.
 */
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { createActor, fromPromise } from 'xstate'
import { addOne, machine } from './workload.mjs'

/** What lets the step go on that waits for its commit, by its system: one execution runs one step at a time. */
const held = new WeakMap()

const gatedStep = fromPromise(async ({ input, system }) => {
  await new Promise((resolve) => held.set(system, resolve))
  return await addOne(input.n)
})
const gatedMachine = machine.provide({ actors: { step: gatedStep } })

export async function open({ dir }) {
  const database = new DatabaseSync(join(dir, 'bare.db'))
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  database.exec('CREATE TABLE executions (id INTEGER PRIMARY KEY, state TEXT NOT NULL) STRICT')
  const insert = database.prepare('INSERT INTO executions (id, state) VALUES (?, ?)')
  const update = database.prepare('UPDATE executions SET state = ?2 WHERE id = ?1')
  const begin = database.prepare('BEGIN IMMEDIATE')
  const end = database.prepare('COMMIT')

  let lastId = 0
  let gathering = []
  const flush = () => {
    const batch = gathering
    gathering = []
    begin.run()
    for (const commit of batch) commit.write.run(commit.id, commit.state)
    end.run()
    for (const commit of batch) commit.release()
  }
  const owe = (commit) => {
    if (gathering.push(commit) === 1) setImmediate(flush)
  }

  const run = (n) =>
    new Promise((resolve, reject) => {
      const id = ++lastId
      const actor = createActor(gatedMachine, { input: { n } })
      let write = insert
      actor.subscribe({
        next: (snapshot) => {
          const release = snapshot.status === 'active' ? () => held.get(actor.system)() : () => resolve(snapshot.output)
          owe({ write, id, state: JSON.stringify(actor.getPersistedSnapshot()), release })
          write = update
        },
        error: reject,
      })
      actor.start()
    })
  return { run, close: async () => database.close() }
}
