/** The promises of a store about being opened and closed, and about small texts under a name. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { isStatewardError } from '../../errors.js'
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import { aClaim, anAccepted, anAdmission, anOwner, aPublication, ofPieces } from './store-builders.js'
import { gone, type StoreCase, storeCase } from './store-case.js'

const calls: Readonly<Record<string, (store: SnapshotStore) => Promise<unknown>>> = {
  commit: (store) => store.commit([anAccepted('a')]),
  load: (store) => store.load('a'),
  absence: (store) => store.absence('a'),
  query: (store) => store.query({ limit: 1 }),
  counts: (store) => store.counts(),
  events: (store) => store.events({ since: 0, limit: 1 }),
  lastSeq: (store) => store.lastSeq(),
  checkpoints: (store) => store.checkpoints('a'),
  checkpoint: (store) => store.checkpoint('a', 1),
  enqueue: (store) => store.enqueue({ executionId: 'a', kind: 'event', payload: '1', at: 1 }),
  inbox: (store) => store.inbox({ execution: 'a' }),
  answer: (store) => store.answer(1),
  register: (store) => store.register(anOwner(), []),
  heartbeat: (store) => store.heartbeat('owner-1', 1),
  owners: (store) => store.owners(),
  orphans: (store) => store.orphans(),
  retire: (store) => store.retire('owner-1', { giveBack: true }),
  claim: (store) => store.claim(aClaim()),
  admit: (store) => store.admit(anAdmission()),
  nextDue: (store) => store.nextDue(['tickets']),
  setControl: (store) => store.setControl('a', '1'),
  control: (store) => store.control('a'),
  document: (store) => store.document('a'),
  documents: (store) => store.documents({ prefix: '', limit: 1 }),
  putDocument: (store) => store.putDocument({ key: 'a', text: '1', revision: 0 }),
  publish: (store) => store.publish([aPublication('a')]),
  pruneEvents: (store) => store.pruneEvents({ limit: 1 }),
  prune: (store) => store.prune({ entryPoint: 'tickets', now: 1, limit: 1 }),
}

async function refusesAll(store: SnapshotStore): Promise<void> {
  for (const [name, call] of Object.entries(calls)) {
    await rejects(call(store), (error) => isStatewardError(error, 'store_closed'), name)
  }
}

/** Open, close, controls. */
export const lifeCases: readonly StoreCase[] = [
  storeCase('a closed store rejects every call with store_closed', async ({ store }) => {
    await store.close()
    await refusesAll(store)
  }),

  {
    name: 'a store that is not opened yet rejects every call with store_closed',
    async run(make) {
      const made = await make.create()
      try {
        await refusesAll(made.store)
      } finally {
        await gone([made.store], () => made.destroy())
      }
      return undefined
    },
  },

  storeCase('opening twice and closing twice does nothing more', async ({ store }) => {
    await store.commit([anAccepted('a')])
    await Promise.all([store.open(), store.open()])
    equal((await store.load('a'))?.id, 'a')
    await store.close()
    await store.close()
    await Promise.all([store.open(), store.open()])
    equal((await store.load('a'))?.id, 'a')
  }),

  storeCase('a store says what and where it is', async ({ store }) => {
    ok(store.name.length > 0)
    ok(store.location.length > 0)
  }),

  storeCase(
    'everything is still there after the store was closed and opened again',
    async ({ store, reopen }) => {
      const events = [{ type: 'accepted', at: 1, data: null }]
      await store.commit([anAccepted('a', { idempotencyKey: 'k' }, { events, checkpoints: 1 })])
      const queued = await store.enqueue({ executionId: 'a', kind: 'command', payload: '"pause"', at: 2 })
      await store.setControl('stream', 'paused')
      const written = await store.putDocument({ key: 'cursor', text: '42', revision: 0 })
      await store.publish([aPublication('p', { sessionId: 's' })])
      await store.register(anOwner(), [])
      const pieces = ofPieces([
        [0, '{"n":1}'],
        [8, ';1'],
        [16, ';2'],
      ])
      await store.commit([anAccepted('in pieces', {}, pieces)])
      const before = await store.load('a')
      const after = await reopen()
      deepEqual(await after.load('a'), before)
      equal((await after.load('in pieces'))?.state, pieces.state)
      const [, published] = await after.events({ since: 0, limit: 10 })
      deepEqual([published?.id, published?.sessionId, await after.lastSeq()], ['p', 's', 2])
      deepEqual(await after.publish([aPublication('p')]), [{ status: 'duplicate', event: published }])
      equal((await after.checkpoints('a')).length, 1)
      deepEqual(
        (await after.inbox({ execution: 'a' })).map(({ seq }) => seq),
        [queued.status === 'queued' ? queued.seq : 0],
      )
      equal(await after.control('stream'), 'paused')
      deepEqual(await after.document('cursor'), {
        key: 'cursor',
        text: '42',
        revision: written.status === 'stored' ? written.revision : 0,
      })
      deepEqual(await after.owners(), [anOwner()])
      const [verdict] = await after.commit([anAccepted('b', { idempotencyKey: 'k' })])
      deepEqual(verdict, { status: 'duplicate', id: 'a', of: 'idempotency_key' })
    },
    'reopen',
  ),

  storeCase('a control is kept under its name until it is taken away', async ({ store }) => {
    equal(await store.control('stream:tickets'), null)
    await store.setControl('stream:tickets', 'one')
    await store.setControl('stream:tickets', 'two')
    await store.setControl('stream:other', '')
    equal(await store.control('stream:tickets'), 'two')
    equal(await store.control('stream:other'), '')
    await store.setControl('stream:tickets', null)
    await store.setControl('stream:tickets', null)
    equal(await store.control('stream:tickets'), null)
  }),
]
