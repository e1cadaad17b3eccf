/** The promises of a store about documents: small texts that several processes write by compare-and-set. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import type { DocumentVerdict, SnapshotStore } from '../../persistence/snapshot-store.js'
import { anEnd, anAccepted } from './store-builders.js'
import { type StoreCase, storeCase } from './store-case.js'

/** The revision of a write that took place. */
function revisionOf(verdict: DocumentVerdict): number {
  equal(verdict.status, 'stored')
  return verdict.status === 'stored' ? verdict.revision : 0
}

const put = (store: SnapshotStore, key: string, text: string | null, revision: number) =>
  store.putDocument({ key, text, revision })

/** Documents. */
export const documentCases: readonly StoreCase[] = [
  storeCase('a document is read as it was written, under its key alone', async ({ store }) => {
    equal(await store.document('trigger:a'), undefined)
    const revision = revisionOf(await put(store, 'trigger:a', '{"at":1,"é":"😀 日本"}', 0))
    ok(revision >= 1)
    deepEqual(await store.document('trigger:a'), { key: 'trigger:a', text: '{"at":1,"é":"😀 日本"}', revision })
    equal(await store.document('trigger:A'), undefined)
    equal(await store.document('trigger:'), undefined)
    const empty = revisionOf(await put(store, 'empty', '', 0))
    deepEqual(await store.document('empty'), { key: 'empty', text: '', revision: empty })
  }),

  storeCase('a document is written only by who knows its revision, and a conflict says what is there', async ({ store }) => {
    const first = revisionOf(await put(store, 'a', 'one', 0))
    deepEqual(await put(store, 'a', 'other', 0), { status: 'conflict', document: { key: 'a', text: 'one', revision: first } })
    const second = revisionOf(await put(store, 'a', 'two', first))
    ok(second > first)
    const there = { key: 'a', text: 'two', revision: second }
    for (const revision of [first, second + 1]) {
      deepEqual(await put(store, 'a', 'other', revision), { status: 'conflict', document: there })
      deepEqual(await put(store, 'a', null, revision), { status: 'conflict', document: there })
    }
    deepEqual(await store.document('a'), there)
    deepEqual(await put(store, 'b', 'one', 7), { status: 'conflict', document: undefined })
    equal(await store.document('b'), undefined)
  }),

  storeCase('a document that was taken away is gone, and none that follows has a revision of it', async ({ store }) => {
    const first = revisionOf(await put(store, 'a', 'one', 0))
    equal(revisionOf(await put(store, 'a', null, first)), 0)
    equal(await store.document('a'), undefined)
    deepEqual(await put(store, 'a', 'late', first), { status: 'conflict', document: undefined })
    const next = revisionOf(await put(store, 'a', 'two', 0))
    ok(next > first)
    deepEqual((await put(store, 'a', 'late', first)).status, 'conflict')
    equal(revisionOf(await put(store, 'absent', null, 0)), 0)
  }),

  storeCase('documents are read by the prefix of their keys, page by page, each once', async ({ store }) => {
    const keys = ['trigger:a', 'trigger:b', 'trigger:ba', 'trigger:ü', 'trigger:%_', 'trigger:😀']
    for (const key of [...keys, 'trigger', 'triggered', 'a', 'z', 'schedule:a']) await put(store, key, `of ${key}`, 0)
    const found: string[] = []
    for (let after: string | undefined; ;) {
      const page = await store.documents({ prefix: 'trigger:', limit: 2, ...(after === undefined ? {} : { after }) })
      ok(page.length <= 2)
      for (const { key, text } of page) equal(text, `of ${key}`)
      found.push(...page.map(({ key }) => key))
      after = page.at(-1)?.key
      if (after === undefined) break
    }
    deepEqual(found.toSorted(), keys.toSorted())
    deepEqual(
      (await store.documents({ prefix: 'trigger:', limit: 99 })).map(({ key }) => key),
      found,
    )
    equal((await store.documents({ prefix: '', limit: 99 })).length, keys.length + 5)
    deepEqual(await store.documents({ prefix: 'none', limit: 99 }), [])
    deepEqual(await store.documents({ prefix: 'trigger:', limit: 0 }), [])
  }),

  storeCase('documents belong to no execution, and are kept when it is pruned', async ({ store }) => {
    await store.commit([anAccepted('a')])
    await put(store, 'a', 'kept', 0)
    await store.setControl('a', 'a control')
    await store.commit([anEnd('a', 2)])
    await store.prune({ entryPoint: 'tickets', keep: 0, now: 9_000, limit: 10 })
    equal(await store.load('a'), undefined)
    equal((await store.document('a'))?.text, 'kept')
    equal(await store.control('a'), 'a control')
  }),

  storeCase(
    'of two writers that know the same revision, one writes',
    async ({ store, second }) => {
      const other = await second()
      let revision = 0
      for (let round = 0; round < 10; round++) {
        const verdicts = await Promise.all([put(store, 'a', `one ${round}`, revision), put(other, 'a', `two ${round}`, revision)])
        const stored = verdicts.filter(({ status }) => status === 'stored')
        equal(stored.length, 1, `round ${round}`)
        const now = await (round % 2 === 0 ? store : other).document('a')
        equal(now?.text, verdicts[0]?.status === 'stored' ? `one ${round}` : `two ${round}`)
        revision = revisionOf(stored[0] as DocumentVerdict)
        equal(now?.revision, revision)
      }
    },
    'second',
  ),
]
