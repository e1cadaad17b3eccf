/** The promises of a store about durable inboxes and answers. */
import { deepEqual, equal } from 'node:assert/strict'
import { executionStatuses, isTerminal } from '../../events/execution-status.js'
import type { InboxMessage, SnapshotStore } from '../../persistence/snapshot-store.js'
import { aClaim, aCommit, anAccepted, anEnd } from './store-builders.js'
import { type StoreCase, storeCase } from './store-case.js'

async function send(
  store: SnapshotStore,
  executionId: string,
  payload: string,
  kind: InboxMessage['kind'] = 'event',
): Promise<number> {
  const queued = await store.enqueue({ executionId, kind, payload, at: 3 })
  equal(queued.status, 'queued')
  return queued.status === 'queued' ? queued.seq : 0
}

async function payloads(store: SnapshotStore, execution: string): Promise<string[]> {
  return (await store.inbox({ execution })).map(({ payload }) => payload)
}

/** Inboxes. */
export const inboxCases: readonly StoreCase[] = [
  storeCase('messages stay in order until a commit has consumed them', async ({ store }) => {
    await store.commit([anAccepted('a'), anAccepted('b')])
    const one = await send(store, 'a', 'one')
    const other = await send(store, 'b', 'other')
    const two = await send(store, 'a', 'two', 'command')
    const three = await send(store, 'a', 'three')
    deepEqual([one < other, other < two, two < three], [true, true, true])
    deepEqual(await store.inbox({ execution: 'a' }), [
      { seq: one, executionId: 'a', kind: 'event', payload: 'one', at: 3 },
      { seq: two, executionId: 'a', kind: 'command', payload: 'two', at: 3 },
      { seq: three, executionId: 'a', kind: 'event', payload: 'three', at: 3 },
    ])
    await store.commit([
      aCommit({
        id: 'a',
        revision: 2,
        consumed: [
          { seq: two, answer: '"done"' },
          { seq: one, answer: null },
        ],
      }),
    ])
    deepEqual(await payloads(store, 'a'), ['three'])
    deepEqual(await payloads(store, 'b'), ['other'])
    deepEqual(await payloads(store, 'nobody'), [])
  }),

  storeCase('a message to nobody is not found, and one to an ended execution is refused', async ({ store }) => {
    await store.commit([anAccepted('a'), anAccepted('b')])
    await store.commit([anEnd('a', 2), anEnd('b', 2, { owed: true })])
    const message = { kind: 'event', payload: '1', at: 1 } as const
    deepEqual(await store.enqueue({ ...message, executionId: 'nobody' }), { status: 'not_found' })
    deepEqual(await store.enqueue({ ...message, executionId: 'a' }), { status: 'finished' })
    deepEqual(await store.enqueue({ ...message, executionId: 'b' }), { status: 'finished' })
  }),

  storeCase('an owner reads the messages of all that it holds, in order and in pages', async ({ store }) => {
    await store.commit([anAccepted('a'), anAccepted('b', {}, { owner: 'owner-2' }), anAccepted('c', { entryPoint: 'other' })])
    const sent: number[] = []
    for (const id of ['a', 'b', 'c', 'a', 'c']) sent.push(await send(store, id, `to ${id}`))
    const read = async (after: number, limit: number, owner = 'owner-1') =>
      (await store.inbox({ owner, after, limit })).map(({ seq, executionId }) => [seq, executionId])
    deepEqual(await read(0, 2), [
      [sent[0], 'a'],
      [sent[2], 'c'],
    ])
    deepEqual(await read(sent[2] ?? 0, 9), [
      [sent[3], 'a'],
      [sent[4], 'c'],
    ])
    deepEqual(await read(0, 9, 'owner-2'), [[sent[1], 'b']])
    deepEqual([await read(sent[4] ?? 0, 9), await read(0, 9, 'nobody'), await read(0, 0)], [[], [], []])
    await store.commit([aCommit({ id: 'c', revision: 2, owner: null, status: 'waiting' })])
    deepEqual(await read(0, 9), [
      [sent[0], 'a'],
      [sent[3], 'a'],
    ])
  }),

  storeCase('an answer is pending until its command was consumed, and waits for its sender', async ({ store }) => {
    await store.commit([anAccepted('a')])
    const pause = await send(store, 'a', '"pause"', 'command')
    const quiet = await send(store, 'a', '"quiet"', 'command')
    const event = await send(store, 'a', '"event"')
    const asked = await send(store, 'a', '"asked"')
    for (const seq of [pause, quiet, event, asked]) deepEqual(await store.answer(seq), { status: 'pending' })
    deepEqual(await store.answer(asked + 1), { status: 'unknown' })
    const consumed = [
      { seq: pause, answer: '{"status":"paused"}' },
      { seq: quiet, answer: null },
      { seq: event, answer: null },
      { seq: asked, answer: '"heard"' },
    ]
    await store.commit([aCommit({ id: 'a', revision: 2, consumed })])
    deepEqual(await store.answer(pause), { status: 'answered', answer: '{"status":"paused"}' })
    deepEqual(await store.answer(quiet), { status: 'answered', answer: null })
    deepEqual(await store.answer(event), { status: 'unknown' })
    deepEqual(await store.answer(asked), { status: 'answered', answer: '"heard"' })
    const again = [pause, asked].flatMap((seq) => [
      { seq, answer: 'changed' },
      { seq, answer: null },
    ])
    await store.commit([aCommit({ id: 'a', revision: 3, consumed: again })])
    deepEqual(await store.answer(pause), { status: 'answered', answer: '{"status":"paused"}' })
    deepEqual(await store.answer(asked), { status: 'answered', answer: '"heard"' })
  }),

  storeCase('an answer stays, however often it is read and whatever is asked after it', async ({ store }) => {
    await store.commit([anAccepted('a'), anAccepted('b')])
    const first = await send(store, 'a', '"pause"', 'command')
    await store.commit([aCommit({ id: 'a', revision: 2, consumed: [{ seq: first, answer: '"done"' }] })])
    for (let revision = 3; revision < 60; revision++) {
      const seq = await send(store, 'a', '"pause"', 'command')
      await store.commit([aCommit({ id: 'a', revision, consumed: [{ seq, answer: `"${revision}"` }] })])
      await send(store, 'b', '"open"', 'command')
    }
    await store.commit([anEnd('a', 60)])
    for (let times = 0; times < 5; times++) deepEqual(await store.answer(first), { status: 'answered', answer: '"done"' })
  }),

  storeCase('an inbox is read whole, and by its owner in pages as long as they are asked to be', async ({ store }) => {
    await store.commit([anAccepted('a'), anAccepted('z', {}, { owner: null, status: 'paused' })])
    // what waits for a resume is nobody's yet
    await Promise.all(Array.from({ length: 300 }, (_, index) => send(store, 'z', `${index}`)))
    const sent = await Promise.all(Array.from({ length: 1_200 }, (_, index) => send(store, 'a', `${index}`)))
    const inOrder = sent.toSorted((a, b) => a - b)
    deepEqual(
      (await store.inbox({ execution: 'a' })).map(({ seq }) => seq),
      inOrder,
    )
    const page = await store.inbox({ owner: 'owner-1', after: inOrder[99] ?? 0, limit: 1_050 })
    deepEqual(
      page.map(({ seq }) => seq),
      inOrder.slice(100, 1_150),
    )
  }),

  storeCase('an execution takes messages in every status but its last', async ({ store }) => {
    const statuses = executionStatuses.filter((status) => !isTerminal(status))
    await store.commit(statuses.map((status) => anAccepted(status, {}, { status })))
    for (const status of statuses) await send(store, status, '1')
  }),

  storeCase(
    'what one connection has written another one reads at once',
    async ({ store, second }) => {
      const other = await second()
      await store.commit([anAccepted('a')])
      for (const [writer, reader, n] of [
        [store, other, 2],
        [other, store, 3],
        [store, other, 4],
      ] as const) {
        equal(await reader.control('stream'), n === 2 ? null : `${n - 1}`)
        await writer.setControl('stream', `${n}`)
        equal(await reader.control('stream'), `${n}`)
        deepEqual(await payloads(reader, 'a'), [])
        const seq = await send(writer, 'a', `${n}`, 'command')
        deepEqual([await payloads(reader, 'a'), (await reader.answer(seq)).status], [[`${n}`], 'pending'])
        await writer.commit([aCommit({ id: 'a', revision: n, consumed: [{ seq, answer: '1' }], checkpoints: 9 })])
        deepEqual([await payloads(reader, 'a'), (await reader.answer(seq)).status], [[], 'answered'])
        deepEqual(await reader.checkpoints('a'), await writer.checkpoints('a'))
        deepEqual(await reader.counts(), await writer.counts())
      }
    },
    'second',
  ),

  storeCase('a commit consumes messages of its own execution alone', async ({ store }) => {
    await store.commit([anAccepted('a'), anAccepted('b')])
    const seq = await send(store, 'b', 'for b', 'command')
    await store.commit([
      aCommit({
        id: 'a',
        revision: 2,
        consumed: [
          { seq, answer: 'x' },
          { seq: 999, answer: null },
        ],
      }),
    ])
    deepEqual(await payloads(store, 'b'), ['for b'])
    deepEqual(await store.answer(seq), { status: 'pending' })
  }),

  storeCase('the end of an execution empties its inbox and answers its commands', async ({ store }) => {
    await store.commit([anAccepted('a'), anAccepted('b')])
    const answered = await send(store, 'a', '1', 'command')
    const open = await send(store, 'a', '2', 'command')
    const event = await send(store, 'a', '3')
    const other = await send(store, 'b', '4', 'command')
    await store.commit([anEnd('a', 2, { consumed: [{ seq: answered, answer: '"cancelled"' }] })])
    deepEqual(await payloads(store, 'a'), [])
    deepEqual(await store.answer(answered), { status: 'answered', answer: '"cancelled"' })
    deepEqual(await store.answer(open), { status: 'finished' })
    deepEqual(await store.answer(event), { status: 'unknown' })
    deepEqual(await store.answer(other), { status: 'pending' })
  }),

  storeCase('the numbers of messages are never given twice', async ({ store }) => {
    await store.commit([anAccepted('a')])
    const first = await send(store, 'a', '1')
    await store.commit([aCommit({ id: 'a', revision: 2, consumed: [{ seq: first, answer: null }] })])
    const second = await send(store, 'a', '2')
    await store.commit([anEnd('a', 3)])
    await store.prune({ entryPoint: 'tickets', keep: 0, now: 9_000, limit: 9 })
    await store.commit([anAccepted('b')])
    const third = await send(store, 'b', '3')
    deepEqual([first < second, second < third], [true, true])
    deepEqual(await store.answer(second), { status: 'unknown' })
  }),

  storeCase('messages survive a change of owner', async ({ store }) => {
    await store.commit([anAccepted('a')])
    const seq = await send(store, 'a', '1', 'command')
    await store.claim(aClaim({ from: { kind: 'lost', owners: ['owner-1'] } }))
    deepEqual(
      (await store.inbox({ owner: 'owner-2', after: 0, limit: 9 })).map((message) => message.seq),
      [seq],
    )
    deepEqual(await store.inbox({ owner: 'owner-1', after: 0, limit: 9 }), [])
  }),
]
