/**
 * Owners and controls in SQLite.
 *
 * Owns: which owners are registered, and how an owner leaves. Decides about no lease: the readers of `owners` do.
 */
import type { OwnerRecord } from '../snapshot-store.js'
import type { SqliteDatabase } from './sqlite-database.js'
import { isAwaited, isLive, isQueued, isUnderWay } from './sqlite-conditions.js'

/** The owners of one open database; each function is its namesake of the contract, synchronous. */
export interface SqliteOwners {
  register(owner: OwnerRecord, dead: readonly string[]): boolean
  heartbeat(key: string, leaseUntil: number): boolean
  owners(): OwnerRecord[]
  orphans(): string[]
  retire(key: string, how: { readonly giveBack: boolean }): void
  setControl(name: string, value: string | null): void
  control(name: string): string | null
}

/** The least owner after a given one that the rows of one of the partial indexes name: a step of a walk over distinct owners. */
const nextHolder = `
SELECT min(owner) AS owner FROM (
  SELECT min(owner) AS owner FROM stateward_executions INDEXED BY stateward_held
    WHERE owner > ? AND owner IS NOT NULL AND ${isUnderWay()}
  UNION ALL SELECT min(owner) FROM stateward_executions INDEXED BY stateward_held_queued
    WHERE owner > ? AND owner IS NOT NULL AND ${isQueued()})`

/** The owners of one open database. */
export function sqliteOwners(database: SqliteDatabase): SqliteOwners {
  const remove = database.prepare('DELETE FROM stateward_owners WHERE key = ?')
  const holder = database.prepare('SELECT 1 FROM stateward_owners WHERE id = ? AND key <> ?')
  const registered = database.prepare('SELECT 1 FROM stateward_owners WHERE key = ?')
  const insert = database.prepare(
    'INSERT OR REPLACE INTO stateward_owners (key, id, host, pid, process_start, lease_until, lease) VALUES (?, ?, ?, ?, ?, ?, ?)',
  )
  const prolong = database.prepare('UPDATE stateward_owners SET lease_until = ? WHERE key = ?')
  const all = database.prepare<Omit<OwnerRecord, 'lease'> & { readonly lease: number | null }>(
    'SELECT key, id, host, pid, process_start AS processStart, lease_until AS leaseUntil, lease FROM stateward_owners ORDER BY rowid',
  )
  const next = database.prepare<{ owner: string | null }>(nextHolder)
  const after = (owner: string) => next.get(owner, owner)?.owner ?? null
  const release = database.prepare(`
    UPDATE stateward_executions INDEXED BY stateward_held SET owner = NULL
    WHERE owner = ? AND ${isUnderWay()}`)
  const releaseQueued = database.prepare(
    `UPDATE stateward_executions INDEXED BY stateward_held_queued SET owner = NULL WHERE owner = ? AND ${isQueued()}`,
  )
  const callHeld = ['stateward_held', 'stateward_held_queued'].map((index) =>
    database.prepare(`
    INSERT OR IGNORE INTO stateward_mail SELECT e.position FROM stateward_executions e INDEXED BY ${index}
    WHERE e.owner = ? AND ${index === 'stateward_held' ? isUnderWay('e.') : isQueued('e.')}
      AND ${isLive('e.')} AND EXISTS (SELECT 1 FROM stateward_inbox i WHERE i.position = e.position AND ${isAwaited('e.status', 'e.start_at')})`),
  )
  const setControl = database.prepare('INSERT OR REPLACE INTO stateward_controls (name, value) VALUES (?, ?)')
  const dropControl = database.prepare('DELETE FROM stateward_controls WHERE name = ?')
  const control = database.prepare<{ value: string }>('SELECT value FROM stateward_controls WHERE name = ?')

  return {
    register: (owner, dead) =>
      database.write('register', () => {
        for (const key of dead) remove.run(key)
        if (holder.get(owner.id, owner.key)) return false
        insert.run(owner.key, owner.id, owner.host, owner.pid, owner.processStart, owner.leaseUntil, owner.lease ?? null)
        return true
      }),
    heartbeat: (key, leaseUntil) => database.write('heartbeat', () => Number(prolong.run(leaseUntil, key).changes) === 1),
    owners: () =>
      all.all().map(({ key, id, host, pid, processStart, leaseUntil, lease }) => {
        const owner = { key, id, host, pid, processStart, leaseUntil }
        return lease === null ? owner : { ...owner, lease }
      }),
    orphans: () => {
      const found: string[] = []
      for (let owner = after(''); owner !== null; owner = after(owner)) {
        if (!registered.get(owner)) found.push(owner)
      }
      return found
    },
    retire: (key, { giveBack }) =>
      database.write('retire', () => {
        remove.run(key)
        if (!giveBack) return
        for (const call of callHeld) call.run(key)
        release.run(key)
        releaseQueued.run(key)
      }),
    setControl: (name, value) =>
      database.write('setControl', () => void (value === null ? dropControl.run(name) : setControl.run(name, value))),
    control: (name) => control.get(name)?.value ?? null,
  }
}
