/** A store with faults does exactly what it was told, to exactly the calls that were named. */
import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../../src/persistence/memory/memory-store.js'
import { faultyStore, type FaultyStore } from '../../../src/testing/store/faulty-store.js'
import { aCommit, anAccepted, anOwner } from '../../../src/testing/store/store-builders.js'
import { storeCalls, storeReads, storeWrites, type StoreCall } from '../../../src/testing/store/store-call.js'
import { hittable, type StoreFault, type StoreFaultKind } from '../../../src/testing/store/store-fault.js'
import { storeSuite } from '../../../src/testing/store/store-suite.js'
import { turns } from '../../support/eventually.js'

async function opened() {
  const inner = memoryStore()
  const store = faultyStore(inner)
  await store.open()
  return { inner, store }
}

const settled = async (call: Promise<unknown>) => {
  let done = false
  const mark = () => void (done = true)
  call.then(mark, mark)
  await turns()
  return done
}

const message = { executionId: 'a', kind: 'event', payload: '1', at: 1 } as const

describe('without faults', () => {
  for (const promise of storeSuite) {
    test(promise.name, async (context) => {
      const inner = memoryStore()
      const reopen = async () => {
        await inner.close()
        return faultyStore(inner)
      }
      const create = async () => ({
        store: faultyStore(inner),
        reopen,
        second: async () => faultyStore(inner),
        destroy: async () => {},
      })
      const result = await promise.run({ create })
      if (result) context.skip(result.skipped)
    })
  }

  test('the lists name every call of the contract once', () => {
    const members = Object.keys(memoryStore()).filter((name) => name !== 'name' && name !== 'location')
    expect([...storeCalls].toSorted()).toEqual(members.toSorted())
    expect(storeWrites.filter((call) => (storeReads as readonly string[]).includes(call))).toEqual([])
  })

  test('a store whose calls are on a prototype is wrapped as well', async () => {
    const inner = memoryStore()
    const store = faultyStore(Object.create(inner, { name: { get: () => 'mine' } }) as FaultyStore)
    await store.open()
    expect([store.name, store.location, await store.lastSeq()]).toEqual(['mine', 'memory', 0])
  })

  test('it counts its calls', async () => {
    const { store } = await opened()
    await store.load('a')
    await store.load('b')
    expect(store.calls).toEqual({ open: 1, load: 2 })
    expect([store.hits, store.failures, store.waiting]).toEqual([0, 0, 0])
  })
})

describe('throw', () => {
  test('rejects before the call has had its effect, until it is healed', async () => {
    const { store, inner } = await opened()
    store.inject({ kind: 'throw', call: 'commit' })
    for (const id of ['a', 'b']) await expect(store.commit([anAccepted(id)])).rejects.toThrow('commit threw before its effect')
    expect(await inner.load('a')).toBeUndefined()
    expect([store.hits, store.failures, store.calls.commit]).toEqual([2, 2, 2])
    store.heal()
    expect(await store.commit([anAccepted('a')])).toMatchObject([{ status: 'committed' }])
    expect(store.failures).toBe(2)
  })

  test('rejects after the call has had its effect', async () => {
    const { store, inner } = await opened()
    store.inject({ kind: 'throw', call: 'commit', when: 'after' })
    await expect(store.commit([anAccepted('a')])).rejects.toThrow('commit threw after its effect')
    expect(await inner.load('a')).toMatchObject({ revision: 1 })
  })

  test('hits the nth of the named calls, and so many after it', async () => {
    const { store } = await opened()
    store.inject({ kind: 'throw', call: ['load', 'lastSeq'], nth: 2, times: 2 })
    const outcomes = []
    for (const call of [
      () => store.load('a'),
      () => store.counts(),
      () => store.lastSeq(),
      () => store.load('a'),
      () => store.load('a'),
    ])
      outcomes.push(
        await call().then(
          () => 'well',
          () => 'threw',
        ),
      )
    expect(outcomes).toEqual(['well', 'well', 'threw', 'threw', 'well'])
  })

  test('hits once if only the nth is named', async () => {
    const { store } = await opened()
    store.inject({ kind: 'throw', call: 'lastSeq', nth: 1 })
    await expect(store.lastSeq()).rejects.toThrow('lastSeq')
    expect(await store.lastSeq()).toBe(0)
  })

  test('of several faults the first hits, and all of them count', async () => {
    const { store } = await opened()
    store.inject({ kind: 'throw', call: 'lastSeq', nth: 1 }, { kind: 'throw', call: 'lastSeq', nth: 3 })
    const outcomes = []
    for (let n = 0; n < 4; n++)
      outcomes.push(
        await store.lastSeq().then(
          () => 'well',
          () => 'threw',
        ),
      )
    expect(outcomes).toEqual(['threw', 'well', 'threw', 'well'])
  })
})

describe('hang', () => {
  test.each([
    ['before', undefined],
    ['after', 1],
  ] as const)('holds a call %s its effect, until it is released', async (when, revision) => {
    const { store, inner } = await opened()
    store.inject({ kind: 'hang', call: 'commit', when })
    const committed = store.commit([anAccepted('a')])
    expect(await settled(committed)).toBe(false)
    expect([store.waiting, store.hits]).toEqual([1, 1])
    expect((await inner.load('a'))?.revision).toBe(revision)
    store.release()
    expect(await committed).toMatchObject([{ status: 'committed' }])
    expect(store.waiting).toBe(0)
    // the fault is still there
    const next = store.commit([aCommit({ id: 'a', revision: 2 })])
    expect(await settled(next)).toBe(false)
    store.heal()
    expect(await next).toMatchObject([{ status: 'committed' }])
    expect(await settled(store.commit([aCommit({ id: 'a', revision: 3 })]))).toBe(true)
  })

  test('releases all in order, or the last alone', async () => {
    const { store } = await opened()
    store.inject({ kind: 'hang', call: 'load' })
    const back: string[] = []
    const loads = ['a', 'b', 'c'].map((id) => store.load(id).then(() => back.push(id)))
    await turns()
    store.releaseLast()
    await turns()
    expect([back, store.waiting]).toEqual([['c'], 2])
    store.release()
    await Promise.all(loads)
    expect(back).toEqual(['c', 'a', 'b'])
  })
})

describe('torn', () => {
  test.each([
    [1, 0],
    [2, 1],
    [5, 2],
  ])('of a batch of %i, %i are written, and the call rejects', async (size, written) => {
    const { store, inner } = await opened()
    store.inject({ kind: 'torn', call: 'commit', nth: 1 })
    const ids = Array.from({ length: size }, (_, index) => `e${index}`)
    await expect(store.commit(ids.map((id) => anAccepted(id)))).rejects.toThrow(`wrote ${written} of ${size}`)
    expect((await inner.query({ limit: 10 })).executions.map(({ id }) => id).toSorted()).toEqual(ids.slice(0, written))
    expect(store.failures).toBe(1)
  })
})

describe('duplicate', () => {
  test('carries the call out twice and answers as the second time', async () => {
    const { store, inner } = await opened()
    await store.register(anOwner(), [])
    store.inject({ kind: 'duplicate', call: ['commit', 'prune', 'register'] })
    expect(await store.commit([anAccepted('a', { idempotencyKey: 'k' })])).toEqual([
      { status: 'duplicate', id: 'a', of: 'idempotency_key' },
    ])
    const next = aCommit({ id: 'a', revision: 2, events: [{ type: 'x', at: 1, data: null }] })
    expect(await store.commit([next])).toEqual([{ status: 'stale', revision: 2, epoch: 1, owner: 'owner-1' }])
    expect([(await inner.load('a'))?.revision, await inner.lastSeq()]).toEqual([2, 1])
    expect(await store.register(anOwner(), [])).toBe(true)
    expect([store.hits, store.failures]).toEqual([3, 0])
  })
})

describe('stale', () => {
  test('answers as the same question was answered last, or as an empty store', async () => {
    const { store } = await opened()
    await store.commit([anAccepted('a')])
    const before = await store.load('a')
    await store.commit([aCommit({ id: 'a', revision: 2, events: [{ type: 'x', at: 1, data: null }] })])
    await store.enqueue(message)
    store.inject({ kind: 'stale', call: storeReads })
    for (let n = 0; n < 2; n++) expect(await store.load('a')).toEqual(before)
    const never = [store.counts(), store.events({ since: 0, limit: 9 }), store.inbox({ execution: 'a' }), store.control('a')]
    expect(await Promise.all(never)).toEqual([{}, [], [], null])
    store.heal()
    expect(await store.load('a')).toMatchObject({ revision: 2 })
    expect(await store.inbox({ execution: 'a' })).toHaveLength(1)
  })

  test('is told for the question, not for the call', async () => {
    const { store } = await opened()
    await store.commit([anAccepted('a'), anAccepted('b')])
    await store.load('a')
    store.inject({ kind: 'stale', call: 'load' })
    expect((await store.load('a'))?.id).toBe('a')
    expect(await store.load('b')).toBeUndefined()
  })

  test.each(storeReads)('%s of what was never asked is answered as by an empty store', async (call) => {
    const args: Partial<Record<StoreCall, unknown[]>> = {
      query: [{ limit: 9 }],
      events: [{ since: 0, limit: 9 }],
      inbox: [{ execution: 'a' }],
      nextDue: [['tickets']],
      answer: [1],
      checkpoint: ['a', 1],
      places: [{}],
      chunks: [{ execution: 'a', since: 0, limit: 9 }],
      joined: ['tickets', { ref: 'a' }],
      documents: [{ prefix: '', limit: 9 }],
    }
    const { store, inner } = await opened()
    const ask = (of: FaultyStore | typeof inner) =>
      (of[call] as (...given: unknown[]) => Promise<unknown>)(...(args[call] ?? ['a']))
    const empty = await ask(inner)
    await store.commit([
      anAccepted(
        'a',
        {},
        {
          checkpoints: 1,
          startedAt: 1,
          dueAt: 5,
          owner: null,
          events: [{ type: 'x', at: 1, data: null }],
          joins: [{ ref: 'a', idempotencyKey: null, digest: '', element: null }],
        },
      ),
      anAccepted('b', {}, { owner: 'gone' }),
    ])
    await store.enqueue(message)
    await store.register(anOwner(), [])
    await store.setControl('a', 'on')
    await store.putDocument({ key: 'a', text: 'one', revision: 0 })
    store.inject({ kind: 'stale', call })
    expect(await ask(store)).toEqual(empty)
    if (call !== 'absence') expect(await ask(inner)).not.toEqual(empty)
  })
})

describe('a fault that makes no sense is refused', () => {
  const bad: readonly (readonly [what: string, option: string, fault: unknown])[] = [
    ['an unknown kind', 'kind', { kind: 'flood', call: 'commit' }],
    ['a kind that every object has', 'kind', { kind: 'constructor', call: 'commit' }],
    ['an unknown call', 'call', { kind: 'throw', call: 'comit' }],
    ['no call', 'call', { kind: 'throw', call: [] }],
    ['no field for the call', 'call', { kind: 'throw' }],
    ['one call of several', 'call', { kind: 'stale', call: ['load', 'commit'] }],
    ['torn without a batch', 'call', { kind: 'torn', call: 'claim' }],
    ['a message twice', 'call', { kind: 'duplicate', call: 'enqueue' }],
    ['a claim twice', 'call', { kind: 'duplicate', call: 'claim' }],
    ['a time for a stale read', 'when', { kind: 'stale', call: 'load', when: 'after' }],
    ['a time that is none', 'when', { kind: 'throw', call: 'load', when: 'later' }],
    ['the 0th call', 'nth', { kind: 'throw', call: 'load', nth: 0 }],
    ['half a call', 'nth', { kind: 'throw', call: 'load', nth: 1.5 }],
    ['no times', 'times', { kind: 'throw', call: 'load', times: 0 }],
    ['a misspelt field', 'tims', { kind: 'throw', call: 'load', tims: 1 }],
    ['nothing', 'fault', undefined],
    ['a kind alone', 'fault', 'throw'],
    ['NaN times', 'times', { kind: 'throw', call: 'load', times: NaN }],
  ]

  test.each(bad)('%s', async (_, option, fault) => {
    const { store } = await opened()
    let thrown: unknown
    try {
      store.inject({ kind: 'throw', call: 'lastSeq' }, fault as StoreFault)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({ name: 'StatewardError', code: 'invalid_option', details: { option } })
    // all of them or none
    expect(await store.lastSeq()).toBe(0)
  })

  test('and every kind is taken for every call that it makes sense for', () => {
    for (const [kind, calls] of Object.entries(hittable)) {
      expect(calls.length).toBeGreaterThan(0)
      for (const call of calls) faultyStore(memoryStore()).inject({ kind: kind as StoreFaultKind, call } as StoreFault)
    }
  })
})
