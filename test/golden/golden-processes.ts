/** The processes that write golden databases. Owns: ids that are the same in every run, a death, and a file that tells nothing of where it was made. */
import { readFileSync, rmSync } from 'node:fs'
import type { IdSource, SnapshotStore } from '../../src/index.js'
import { loadSqliteDriver } from '../../src/persistence/sqlite/sqlite-driver.js'

/** `<name>1`, `<name>2`, and so on. */
export function countedIds(name: string): IdSource {
  let last = 0
  const next = () => `${name}${++last}`
  return { execution: next, key: next, random: () => 0.5 }
}

/** A connection that can be cut as by the death of its process, which ran on a host that nobody has. */
export function mortal(store: SnapshotStore): SnapshotStore & { die(): void } {
  let dead = false
  const never = new Promise<never>(() => undefined)
  const whole: SnapshotStore = {
    ...store,
    register: (owner, gone) => store.register({ ...owner, host: 'golden-host', pid: 1, processStart: '1' }, gone),
  }
  const calls = Object.entries(whole).map(([name, member]: [string, unknown]) =>
    typeof member === 'function'
      ? [name, (...args: unknown[]): unknown => (dead ? never : (member as (...all: unknown[]) => unknown)(...args))]
      : [name, member],
  )
  return { ...(Object.fromEntries(calls) as SnapshotStore), die: () => void (dead = true) }
}

/** Makes a file as small as it can be. Throws if it holds a path of this machine. */
export async function settleFile(file: string): Promise<void> {
  const connection = (await loadSqliteDriver()).open(file)
  connection.exec('PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM')
  connection.close()
  if (/\/(home|root|tmp|work|Users)\//.test(readFileSync(file, 'latin1'))) {
    rmSync(file)
    throw new Error('the database holds paths of this machine')
  }
}
