/** Another connection holds the lock of the file: calls wait for it, in their order and within their limit, and the event loop goes on. */
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { SnapshotStore } from '../../../src/persistence/snapshot-store.js'
import { sqliteStore } from '../../../src/persistence/sqlite/sqlite-store.js'
import { aCommit, anAccepted, anOwner } from '../../../src/testing/store/store-builders.js'
import { eventually } from '../../support/eventually.js'
import { holdLock, turnsDuring } from '../../support/held-lock.js'
import { temporaryFolder } from '../../support/temporary-folder.js'

async function opened(busyTimeout: number): Promise<{ store: SnapshotStore; path: string }> {
  const path = join(temporaryFolder(), 'store.db')
  const store = sqliteStore(path, { busyTimeout })
  onTestFinished(() => store.close())
  await store.open()
  return { store, path }
}

const busy = { code: 'store_failed', retryable: true, details: { sqliteCode: 'SQLITE_BUSY' } }
const event = (payload: string) => ({ executionId: 'a', kind: 'event', payload, at: 1 }) as const

describe('while another connection holds the write lock', () => {
  test('a commit waits for it without stopping the event loop, and is written once it is free', async () => {
    const { store, path } = await opened(10_000)
    const free = await holdLock(path)
    let beats = 0
    const written = store.commit([anAccepted('a')])
    const turned = await turnsDuring(() => eventually('many turns', () => ++beats > 500))
    free()
    expect(await written).toMatchObject([{ status: 'committed' }])
    expect(turned).toBeGreaterThan(5)
    expect(await store.load('a')).toMatchObject({ revision: 1 })
  })

  test('every writing call fails when its time is over, whoever else waits, and all may be made again', async () => {
    const { store, path } = await opened(100)
    await store.commit([anAccepted('a')])
    const free = await holdLock(path)
    const calls = () => [
      store.commit([anAccepted('b')]),
      ...Array.from({ length: 50 }, (_, n) => store.enqueue(event(String(n)))),
      store.register(anOwner(), []),
      store.heartbeat('owner-1', 1),
      store.retire('owner-1', { giveBack: true }),
      store.claim({ owner: 'o', now: 1, limit: 1, entryPoints: ['tickets'], from: { kind: 'lost', owners: ['owner-1'] } }),
      store.setControl('x', '1'),
      store.prune({ entryPoint: 'tickets', now: 1, limit: 1 }),
    ]
    const from = performance.now()
    let answers: PromiseSettledResult<unknown>[] = []
    const turned = await turnsDuring(async () => (answers = await Promise.allSettled(calls())))
    expect(performance.now() - from).toBeLessThan(1_000)
    expect(turned).toBeGreaterThan(5)
    for (const answer of answers) expect(answer).toMatchObject({ status: 'rejected', reason: busy })
    free()
    expect((await Promise.allSettled(calls())).filter(({ status }) => status === 'rejected')).toEqual([])
  })
})

test('opening a file that another connection has for itself takes no longer than its limit, and works once that is gone', async () => {
  const path = join(temporaryFolder(), 'store.db')
  const free = await holdLock(path, 'exclusive')
  const store = sqliteStore(path, { busyTimeout: 200 })
  onTestFinished(() => store.close())
  const from = performance.now()
  const turned = await turnsDuring(() => expect(store.open()).rejects.toMatchObject(busy))
  expect(performance.now() - from).toBeLessThan(1_500)
  expect(turned).toBeGreaterThan(5)
  free()
  await store.open()
  expect(await store.lastSeq()).toBe(0)
})

test('opening waits for who has the file for itself', async () => {
  const path = join(temporaryFolder(), 'store.db')
  const free = await holdLock(path, 'exclusive')
  const store = sqliteStore(path)
  onTestFinished(() => store.close())
  const opening = store.open()
  let beats = 0
  await eventually('many turns', () => ++beats > 100)
  free()
  await opening
  expect(await store.lastSeq()).toBe(0)
})

test('a writer of another process lets reads through', async () => {
  const { store, path } = await opened(10_000)
  await store.commit([anAccepted('a')])
  const free = await holdLock(path)
  const waiting = store.commit([aCommit({ id: 'a', revision: 2 })])
  expect(await store.load('a')).toMatchObject({ revision: 1 })
  free()
  await waiting
  expect(await store.load('a')).toMatchObject({ revision: 2 })
})

test('what waits is written in the order in which it was asked for', async () => {
  const { store, path } = await opened(10_000)
  await store.commit([anAccepted('a')])
  const free = await holdLock(path)
  const payloads = Array.from({ length: 30 }, (_, n) => String(n))
  const first = payloads.slice(0, 10).map((payload) => store.enqueue(event(payload)))
  let beats = 0
  await eventually('many turns', () => ++beats > 100)
  free()
  const rest = payloads.slice(10).map((payload) => store.enqueue(event(payload)))
  await Promise.all([...first, ...rest])
  expect((await store.inbox({ execution: 'a' })).map(({ payload }) => payload)).toEqual(payloads)
})

test('a store that is closed says so to who waits', async () => {
  const { store, path } = await opened(10_000)
  await holdLock(path)
  const waiting = Promise.allSettled([store.commit([anAccepted('a')]), store.setControl('x', '1')])
  await store.close()
  const closed = { status: 'rejected', reason: { code: 'store_closed' } }
  expect(await waiting).toMatchObject([closed, closed])
})

test('without a time to wait a call fails at once', async () => {
  const { store, path } = await opened(0)
  await holdLock(path)
  await expect(store.commit([anAccepted('a')])).rejects.toMatchObject(busy)
})
