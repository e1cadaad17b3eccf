/** A tenant's backlog never delays another's: a thousand keys, one of them with ten thousand in the queue. */
import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../src/persistence/memory/memory-store.js'
import type { Commit, SnapshotStore } from '../../src/persistence/snapshot-store.js'
import { aCommit, anAccepted, anAdmission, anEnd } from '../../src/testing/store/store-builders.js'
import { places } from '../support/store-place.js'
import { tenants } from '../support/tenants.js'

const OTHERS = 999
const SLOTS = 20
const keys = (tenant: string) => ({ concurrency: tenant, rate: null })

/** Has the store give out permits as in rounds of one time unit: all that run in a round end with it. Gives the rounds that the others waited for. */
async function waits(store: SnapshotStore, backlog: number): Promise<number[]> {
  await store.open()
  const ids: string[] = []
  const accept = (tenant: string, n: number): Commit => {
    const id = `${tenant}-${n}`
    ids.push(id)
    return anAccepted(id, { acceptedAt: 1_000 + ids.length }, { keys: keys(tenant) })
  }
  const crowd = Array.from({ length: backlog }, (_, n) => accept('crowd', n))
  await store.commit([...crowd, ...Array.from({ length: OTHERS }, (_, n) => accept(`t${n % OTHERS}`, n))])
  await store.admit(anAdmission({ limit: 0, arrived: ids }))
  const waited: number[] = []
  for (let round = 0; waited.length < OTHERS; round++) {
    const { own } = await store.admit(anAdmission({ limit: SLOTS, concurrency: { limit: 1, skip: false } }))
    expect(own).toHaveLength(Math.min(SLOTS, OTHERS - waited.length + (backlog > 0 ? 1 : 0)))
    const of = (id: string) => ({ id, keys: keys(id.slice(0, id.indexOf('-'))), startedAt: 5_000 })
    await store.commit(own.map((id) => aCommit({ ...of(id), revision: 2 })))
    await store.commit(own.map((id) => anEnd(id, 3, of(id))))
    waited.push(...own.filter((id) => !id.startsWith('crowd')).map(() => round))
  }
  return waited
}

const mean = (numbers: readonly number[]) => numbers.reduce((sum, n) => sum + n, 0) / numbers.length

describe.each([
  ['memory', () => memoryStore()],
  ['sqlite', () => places[1][1]().open()],
] as const)('in %s', (_, open) => {
  test('the others wait as long as without it, within a hundredth, and longest within one round', async () => {
    const without = await waits(open(), 0)
    const beside = await waits(open(), 10_000)
    expect(mean(beside) / mean(without)).toBeLessThan(1.01)
    expect(Math.max(...beside) - Math.max(...without)).toBeLessThanOrEqual(1)
  })
})

test.each(places)(
  'a whole runtime keeps the turns: with a backlog of 300, nine others start in the first round (%s)',
  async (_, place) => {
    const { start, pass, order } = tenants(place(), { concurrency: { limit: 1 }, maxConcurrent: 2, maxQueued: 1_000 })
    const { trigger } = await start('a')
    await Promise.all(Array.from({ length: 300 }, (_each, n) => trigger('crowd', n, {}, 10)))
    await Promise.all(Array.from({ length: 9 }, (_each, n) => trigger(`t${n}`, 0, {}, 10)))
    await pass(150, 10)
    const begun = order()
    const last = Math.max(...Array.from({ length: 9 }, (_each, n) => begun.indexOf(`t${n}0`)))
    expect(last).toBeGreaterThan(0)
    // two slots: the crowd has one of them at most
    expect(last).toBeLessThan(2 * 9 + 4)
  },
)
