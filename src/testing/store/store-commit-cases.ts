/** The promises of a store about what a commit writes, and about acceptance. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { executionStatuses } from '../../events/execution-status.js'
import type { Commit, StoredExecution } from '../../persistence/snapshot-store.js'
import { aCommit, anAccepted, anEnd } from './store-builders.js'
import { type StoreCase, storeCase } from './store-case.js'

const latest = Number.MAX_SAFE_INTEGER

/** Acceptance, the fields of an execution, batches. */
export const commitCases: readonly StoreCase[] = [
  storeCase('an accepted execution is stored with every field', async ({ store }) => {
    const accepted: Omit<StoredExecution, 'epoch' | 'revision'> = {
      id: 'a',
      entryPoint: 'orders',
      programId: 'order',
      programVersion: '3',
      programHash: 'h3',
      status: 'queued',
      owner: 'owner-9',
      priority: -2.5,
      acceptedAt: 11,
      startedAt: 12,
      endedAt: null,
      updatedAt: 13,
      dueAt: 14,
      startAt: 17,
      gathers: 'key',
      elements: null,
      owed: true,
      recoveries: 15,
      sessionId: 'session',
      correlationId: 'correlation',
      idempotencyKey: 'key',
      parentId: 'parent',
      causationId: 'cause',
      tags: ['red', 'größe'],
      place: { text: 'here', entered: 'since' },
      input: '{"a":1}',
      state: '{"s":1}',
      output: '1',
      error: '{"name":"Error"}',
    }
    const [verdict] = await store.commit([{ ...accepted, revision: 1, epoch: 1, events: [], consumed: [], accept: accepted }])
    equal(verdict?.status, 'committed')
    deepEqual(await store.load('a'), { ...accepted, revision: 1, epoch: 1 })
  }),

  storeCase('a commit replaces what it carries and leaves what was accepted', async ({ store }) => {
    await store.commit([anAccepted('a', { priority: 7, sessionId: 's' })])
    const before = await store.load('a')
    const fields = { status: 'waiting', owner: null, startedAt: 2, updatedAt: 3, dueAt: 4, owed: true } as const
    const more = { recoveries: 5, state: 'new', output: 'o', error: 'e' } as const
    await store.commit([aCommit({ id: 'a', revision: 2, ...fields, ...more })])
    deepEqual(await store.load('a'), { ...before, revision: 2, ...fields, ...more })
    const ended = { status: 'failed', owner: null, startedAt: 2, endedAt: 9, updatedAt: 9 } as const
    await store.commit([aCommit({ id: 'a', revision: 3, ...ended })])
    const last = { dueAt: null, owed: false, recoveries: 0, state: '{"revision":3}', output: null, error: null }
    deepEqual(await store.load('a'), { ...before, revision: 3, ...ended, ...last })
  }),

  storeCase('an execution goes through every status, many commits long', async ({ store }) => {
    await store.commit([anAccepted('a')])
    let revision = 1
    for (const status of executionStatuses) {
      for (const owner of ['owner-1', 'owner-1', null]) {
        const [verdict] = await store.commit([aCommit({ id: 'a', revision: ++revision, status, owner, owed: owner === null })])
        equal(verdict?.status, 'committed')
        const stored = await store.load('a')
        deepEqual([stored?.status, stored?.owner, stored?.revision, stored?.owed], [status, owner, revision, owner === null])
      }
    }
  }),

  storeCase('an unknown id loads as undefined', async ({ store }) => {
    equal(await store.load('nobody'), undefined)
    equal(await store.absence('nobody'), 'unknown')
  }),

  storeCase('texts of 5 MB and of every alphabet come back as they were', async ({ store }) => {
    const huge = '{"text":"😀 日本語 \u0000 ‮ ~é"}'.padEnd(5 * 1024 * 1024, 'ü')
    const events = [{ type: 'größe', at: 1, data: huge }]
    const names = { sessionId: '会話', correlationId: '🧵', idempotencyKey: 'ключ', parentId: 'é', entryPoint: 'día:1' }
    await store.commit([
      anAccepted('a', { ...names, input: huge }, { state: huge, output: huge, error: huge, events, checkpoints: 1 }),
    ])
    const stored = await store.load('a')
    ok(stored && [stored.input, stored.state, stored.output, stored.error].every((text) => text === huge))
    deepEqual({ ...stored, ...names }, stored)
    const [event] = await store.events({ since: 0, limit: 1 })
    ok(event?.data === huge && event.type === 'größe' && event.entryPoint === 'día:1')
    ok((await store.checkpoint('a', 1))?.state === huge)
    const queued = await store.enqueue({ executionId: 'a', kind: 'event', payload: huge, at: 1 })
    equal(queued.status, 'queued')
    ok((await store.inbox({ execution: 'a' }))[0]?.payload === huge)
    await store.commit([aCommit({ id: 'a', revision: 2, state: huge })])
    ok((await store.load('a'))?.input === huge)
  }),

  storeCase('empty texts are not null', async ({ store }) => {
    await store.commit([anAccepted('a', { input: '', sessionId: '' }, { state: '', output: '', error: '' })])
    const stored = await store.load('a')
    deepEqual([stored?.input, stored?.sessionId, stored?.state, stored?.output, stored?.error], ['', '', '', '', ''])
  }),

  storeCase('times up to 2^53 - 1 are exact', async ({ store }) => {
    const times = { startedAt: latest, updatedAt: latest, dueAt: latest }
    const events = [{ type: 'late', at: latest, data: null }]
    await store.commit([anAccepted('a', { acceptedAt: latest }, { ...times, owner: null, status: 'waiting', events })])
    const stored = await store.load('a')
    deepEqual([stored?.acceptedAt, stored?.startedAt, stored?.updatedAt, stored?.dueAt], [latest, latest, latest, latest])
    equal((await store.events({ since: 0, limit: 1 }))[0]?.at, latest)
    equal(await store.nextDue(['tickets']), latest)
    await store.commit([anEnd('a', 2, { endedAt: latest })])
    equal((await store.load('a'))?.endedAt, latest)
  }),

  storeCase('an id that is taken refuses an acceptance, of which nothing is written', async ({ store }) => {
    await store.commit([anAccepted('a', { input: 'first' })])
    const events = [{ type: 'accepted', at: 1, data: null }]
    const [again, other] = await store.commit([
      anAccepted('a', { input: 'second' }, { events, checkpoints: 1 }),
      anAccepted('a', { entryPoint: 'other', idempotencyKey: 'k' }),
    ])
    deepEqual(again, { status: 'duplicate', id: 'a', of: 'id' })
    deepEqual(other, { status: 'duplicate', id: 'a', of: 'id' })
    equal((await store.load('a'))?.input, 'first')
    deepEqual([await store.events({ since: 0, limit: 9 }), await store.checkpoints('a')], [[], []])
  }),

  storeCase('an idempotency key names one execution of an entry point, also once it has ended', async ({ store }) => {
    const key = { idempotencyKey: 'k' }
    const duplicate = { status: 'duplicate', id: 'a', of: 'idempotency_key' }
    const [first, second, elsewhere] = await store.commit([
      anAccepted('a', key),
      anAccepted('b', key),
      anAccepted('c', { ...key, entryPoint: 'other' }),
    ])
    deepEqual([first?.status, second, elsewhere?.status], ['committed', duplicate, 'committed'])
    await store.commit([anEnd('a', 2)])
    deepEqual(await store.commit([anAccepted('d', key)]), [duplicate])
    equal(await store.load('b'), undefined)
    deepEqual((await store.commit([anAccepted('g', { ...key, entryPoint: 'third' })]))[0]?.status, 'committed')
    // the same execution once more, id and all; and the key of one with the id of another
    deepEqual(await store.commit([anAccepted('a', key)]), [duplicate])
    deepEqual(await store.commit([anAccepted('c', key)]), [{ status: 'duplicate', id: 'c', of: 'id' }])
    equal(
      (await store.commit([anAccepted('e'), anAccepted('f')])).every(({ status }) => status === 'committed'),
      true,
    )
  }),

  storeCase('of several that race with one idempotency key, one is accepted and the others learn its id', async ({ store }) => {
    const ids = ['a', 'b', 'c', 'd', 'e']
    const verdicts = (await Promise.all(ids.map((id) => store.commit([anAccepted(id, { idempotencyKey: 'k' })])))).flat()
    const won = ids.filter((_, index) => verdicts[index]?.status === 'committed')
    equal(won.length, 1)
    for (const verdict of verdicts) {
      if (verdict.status !== 'committed') deepEqual(verdict, { status: 'duplicate', id: won[0], of: 'idempotency_key' })
    }
  }),

  storeCase('an execution may be accepted and changed in one batch, in order', async ({ store }) => {
    const batch = [anAccepted('a'), aCommit({ id: 'a', revision: 2 }), anEnd('a', 3), aCommit({ id: 'a', revision: 3 })]
    const verdicts = await store.commit(batch)
    deepEqual(
      verdicts.map(({ status }) => status),
      ['committed', 'committed', 'committed', 'stale'],
    )
    equal((await store.load('a'))?.status, 'completed')
  }),

  storeCase('an empty batch has no verdicts', async ({ store }) => {
    deepEqual(await store.commit([]), [])
  }),

  storeCase('a batch of a thousand has a verdict for each, in order', async ({ store }) => {
    const ids = Array.from({ length: 1_000 }, (_, index) => `id${index}`)
    const accepted = await store.commit(ids.map((id) => anAccepted(id, {}, { events: [{ type: id, at: 1, data: null }] })))
    deepEqual(
      accepted.map((verdict) => verdict.status === 'committed' && verdict.firstSeq),
      ids.map((_, index) => index + 1),
    )
    const changed = await store.commit(ids.map((id, index) => aCommit({ id, revision: index % 2 === 0 ? 2 : 7 })))
    deepEqual(
      changed.map(({ status }) => status),
      ids.map((_, index) => (index % 2 === 0 ? 'committed' : 'stale')),
    )
    equal((await store.load('id998'))?.revision, 2)
    equal((await store.load('id999'))?.revision, 1)
  }),

  storeCase('a batch that throws writes nothing, and the store stays usable', async ({ store }) => {
    await store.commit([anAccepted('a')])
    const hostile: Commit = Object.defineProperty(aCommit({ id: 'a', revision: 3 }), 'state', {
      enumerable: true,
      get: () => {
        throw new Error('boom')
      },
    })
    const events = [{ type: 'x', at: 1, data: null }]
    const good = [aCommit({ id: 'a', revision: 2, events }), anAccepted('b', { entryPoint: 'new', idempotencyKey: 'k' })]
    await rejects(store.commit([...good, hostile]))
    await rejects(store.commit([...good, aCommit({ id: 'a', revision: 3, status: 'nonsense' as never })]))
    equal((await store.load('a'))?.revision, 1)
    equal(await store.load('b'), undefined)
    equal(await store.lastSeq(), 0)
    const verdicts = await store.commit(good)
    deepEqual(verdicts, [
      { status: 'committed', firstSeq: 1 },
      { status: 'committed', firstSeq: 2 },
    ])
  }),

  storeCase('checkpoints are kept for the last commits, as many as asked for', async ({ store }) => {
    const revisions = async () => (await store.checkpoints('a')).map(({ revision }) => revision)
    await store.commit([anAccepted('a', {}, { checkpoints: 2 })])
    await store.commit([aCommit({ id: 'a', revision: 2, checkpoints: 2 }), aCommit({ id: 'a', revision: 3 })])
    deepEqual(await revisions(), [1, 2])
    await store.commit([aCommit({ id: 'a', revision: 4, checkpoints: 2, status: 'paused', updatedAt: 44, cause: '"why"' })])
    deepEqual(await revisions(), [2, 4])
    const kept = { executionId: 'a', revision: 4, at: 44, status: 'paused', state: '{"revision":4}', cause: '"why"' }
    deepEqual(await store.checkpoint('a', 4), kept)
    equal((await store.checkpoint('a', 2))?.cause, null)
    equal(await store.checkpoint('a', 3), undefined)
    equal(await store.checkpoint('b', 4), undefined)
    await store.commit([aCommit({ id: 'a', revision: 5, checkpoints: 1 })])
    deepEqual(await revisions(), [5])
    // another one has its own, of the same number
    await store.commit([anAccepted('c', {}, { checkpoints: 60 })])
    for (let revision = 2; revision <= 60; revision++)
      await store.commit([aCommit({ id: 'c', revision, checkpoints: 60, state: `c${revision}` })])
    equal((await store.checkpoints('c')).length, 60)
    deepEqual([(await store.checkpoint('c', 5))?.state, (await store.checkpoint('a', 5))?.state], ['c5', '{"revision":5}'])
    await store.commit([aCommit({ id: 'a', revision: 6, checkpoints: 0 })])
    deepEqual(await revisions(), [])
    deepEqual(await store.checkpoints('b'), [])
  }),
]
