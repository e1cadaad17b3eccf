/** The promises of a store about owners: who is registered, and what is left of one that went. */
import { deepEqual, equal } from 'node:assert/strict'
import { aClaim, aCommit, anAccepted, anEnd, anOwner } from './store-builders.js'
import { type StoreCase, storeCase } from './store-case.js'

/** Owners. */
export const ownerCases: readonly StoreCase[] = [
  storeCase('an owner is registered under an id that no other key holds', async ({ store }) => {
    equal(await store.register(anOwner(), []), true)
    equal(await store.register(anOwner({ key: 'owner-2' }), []), false)
    equal(await store.register(anOwner({ key: 'owner-2', id: 'second' }), []), true)
    equal(await store.register(anOwner({ leaseUntil: 20_000 }), []), true)
    const byKey = (await store.owners()).toSorted((a, b) => a.key.localeCompare(b.key))
    deepEqual(byKey, [anOwner({ leaseUntil: 20_000 }), anOwner({ key: 'owner-2', id: 'second' })])
  }),

  storeCase(
    'of two that race for an id, one is registered',
    async ({ store, second }) => {
      const other = await second()
      const won = await Promise.all([store.register(anOwner(), []), other.register(anOwner({ key: 'owner-2' }), [])])
      deepEqual(won.toSorted(), [false, true])
      equal((await store.owners()).length, 1)
    },
    'second',
  ),

  storeCase('the dead are taken away first, and what they held stays claimable as lost', async ({ store }) => {
    await store.register(anOwner(), [])
    await store.commit([anAccepted('a')])
    equal(await store.register(anOwner({ key: 'owner-2' }), ['owner-1', 'nobody']), true)
    deepEqual(
      (await store.owners()).map(({ key }) => key),
      ['owner-2'],
    )
    deepEqual(await store.orphans(), ['owner-1'])
    equal((await store.load('a'))?.owner, 'owner-1')
    deepEqual(
      (await store.claim(aClaim({ from: { kind: 'lost', owners: ['owner-1'] } }))).map(({ id }) => id),
      ['a'],
    )
    deepEqual(await store.orphans(), [])
  }),

  storeCase('a heartbeat prolongs the lease of who is registered, and tells the others that they are not', async ({ store }) => {
    await store.register(anOwner(), [])
    equal(await store.heartbeat('owner-1', 30_000), true)
    equal((await store.owners())[0]?.leaseUntil, 30_000)
    equal(await store.heartbeat('nobody', 30_000), false)
    await store.retire('owner-1', { giveBack: false })
    equal(await store.heartbeat('owner-1', 40_000), false)
    deepEqual(await store.owners(), [])
  }),

  storeCase('an owner is kept with every field, and taken away with the dead of another one', async ({ store }) => {
    const far = anOwner({
      key: 'owner-9',
      id: 'far',
      host: 'elsewhere',
      pid: 4_194_304,
      processStart: '1767225600.25',
      leaseUntil: 7,
    })
    await store.register(far, [])
    deepEqual(await store.owners(), [far])
    equal(await store.register(anOwner(), ['owner-9']), true)
    deepEqual([await store.heartbeat('owner-9', 1), await store.heartbeat('owner-1', 8)], [false, true])
    deepEqual(await store.owners(), [anOwner({ leaseUntil: 8 })])
    // also by one that is refused itself
    await store.register(far, [])
    equal(await store.register(anOwner({ key: 'owner-2' }), ['owner-9']), false)
    deepEqual(await store.owners(), [anOwner({ leaseUntil: 8 })])
  }),

  storeCase('names that look alike are different names', async ({ store }) => {
    const names = ['a', 'A', 'a ', 'ä', 'a\u0308', 'a%', 'a_', '%', '_', 'a.b', 'a:b', "a'b", 'ab']
    for (const name of names) {
      await store.register(anOwner({ key: name, id: name }), [])
      await store.setControl(name, name)
      const about = { entryPoint: name, sessionId: name, correlationId: name, idempotencyKey: 'k', parentId: name }
      const events = [{ type: name, at: 1, data: null }]
      const [verdict] = await store.commit([anAccepted(name, about, { owner: name, events })])
      equal(verdict?.status, 'committed', name)
    }
    equal((await store.owners()).length, names.length)
    for (const name of names) {
      const found = [await store.load(name)]
      const filters = [{ entryPoint: name }, { sessionId: name }, { correlationId: name }, { parentId: name }, { owner: name }]
      for (const filter of filters) deepEqual((await store.query({ ...filter, limit: 99 })).executions, found, name)
      equal(await store.control(name), name)
      const seen = await store.events({ since: 0, entryPoint: name, limit: 99 })
      deepEqual(
        seen.map(({ type }) => type),
        [name],
      )
    }
    await store.retire('a', { giveBack: true })
    for (const name of names) equal((await store.load(name))?.owner, name === 'a' ? null : name)
    await store.commit([anEnd('A', 2, { owner: null })])
    equal((await store.prune({ entryPoint: 'a', keep: 0, now: 9_000, limit: 99 })).executions, 0)
  }),

  storeCase('an owner that leaves by itself gives back what it holds', async ({ store }) => {
    await store.register(anOwner(), [])
    await store.commit([anAccepted('a'), anAccepted('b'), anAccepted('c'), anAccepted('d', {}, { owner: 'owner-2' })])
    await store.commit([aCommit({ id: 'b', revision: 2, status: 'waiting' })])
    await store.commit([anEnd('c', 2, { owner: 'owner-1', owed: true })])
    await store.retire('owner-1', { giveBack: true })
    const owners = await Promise.all(['a', 'b', 'c', 'd'].map(async (id) => (await store.load(id))?.owner))
    deepEqual(owners, [null, null, null, 'owner-2'])
    deepEqual(await store.orphans(), ['owner-2'])
    await store.retire('nobody', { giveBack: true })
  }),

  storeCase('an owner that is taken away leaves what it held for the lost', async ({ store }) => {
    await store.register(anOwner(), [])
    await store.commit([anAccepted('a')])
    await store.retire('owner-1', { giveBack: false })
    equal((await store.load('a'))?.owner, 'owner-1')
    deepEqual(await store.orphans(), ['owner-1'])
    deepEqual(await store.claim(aClaim()), [])
    equal((await store.claim(aClaim({ from: { kind: 'lost', owners: ['owner-1'] } }))).length, 1)
  }),

  storeCase('orphans are the unregistered owners of what is not done with', async ({ store }) => {
    await store.register(anOwner({ key: 'alive', id: 'alive' }), [])
    await store.commit([
      anAccepted('a', {}, { owner: 'gone-1' }),
      anAccepted('b', { entryPoint: 'other' }, { owner: 'gone-1' }),
      anAccepted('c', {}, { owner: 'gone-2' }),
      anAccepted('d', {}, { owner: 'alive' }),
      anAccepted('e', {}, { owner: null }),
      anAccepted('f', {}, { owner: 'done' }),
      anAccepted('g', {}, { owner: 'owing' }),
    ])
    await store.commit([aCommit({ id: 'c', revision: 2, owner: 'gone-2', status: 'paused' })])
    await store.commit([anEnd('f', 2, { owner: 'done' }), anEnd('g', 2, { owner: 'owing', owed: true })])
    deepEqual((await store.orphans()).toSorted(), ['gone-1', 'gone-2', 'owing'])
  }),
]
