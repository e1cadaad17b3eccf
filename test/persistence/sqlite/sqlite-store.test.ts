import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadSqliteDriver, type SqliteDriverName } from '../../../src/persistence/sqlite/sqlite-driver.js'
import { sqliteStore } from '../../../src/persistence/sqlite/sqlite-store.js'
import { storeSuite } from '../../../src/testing/store/store-suite.js'

/** Why a driver can't be tried in this Node, or undefined. */
async function lacking(driver: SqliteDriverName): Promise<string | undefined> {
  return loadSqliteDriver(driver).then(
    ({ open }) => {
      try {
        open(':memory:').close()
        return undefined
      } catch (error) {
        return String(error)
      }
    },
    (error: unknown) => String(error),
  )
}

const drivers = [
  ['better-sqlite3', await lacking('better-sqlite3')],
  ['node:sqlite', await lacking('node:sqlite')],
] as const

test('one of the drivers at least is there', () => {
  expect(drivers.map(([, reason]) => reason)).toContain(undefined)
})

describe.each(drivers)('on %s', (driver, reason) => {
  async function create() {
    const folder = await mkdtemp(join(tmpdir(), 'stateward-'))
    const another = () => sqliteStore(join(folder, 'store.db'), { driver })
    const store = another()
    const reopen = async () => {
      await store.close()
      return another()
    }
    return { store, reopen, second: async () => another(), destroy: () => rm(folder, { recursive: true }) }
  }

  for (const promise of storeSuite) {
    test(promise.name, async (context) => {
      if (reason !== undefined) context.skip(reason)
      const result = await promise.run({ create })
      if (result) context.skip(result.skipped)
    })
  }
})
