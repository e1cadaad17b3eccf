/**
 * Stores that keep a promise as long as they hold little, or as long as nobody looks twice.
 *
 * Owns: what is wrong with each of them, over the memory store: the mistakes that a first store of one's own has.
 */
import type { SnapshotStore, StoredExecution } from '../../../src/persistence/snapshot-store.js'

/** What is wrong, the store, a promise that it breaks. */
export const carelessStores: readonly (readonly [
  what: string,
  wrong: (store: SnapshotStore) => Partial<SnapshotStore>,
  promise: string,
])[] = [
  [
    'numbers events before it has written them',
    (inner) => {
      const hidden = new Set<number>()
      let turns = 0
      return {
        // of two commits the first is seen after the second
        async commit(batch) {
          const verdicts = await inner.commit(batch)
          const [first] = verdicts
          if (first?.status !== 'committed' || batch[0]?.events.length === 0 || ++turns % 2 === 0) return verdicts
          hidden.add(first.firstSeq)
          await new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)))
          hidden.delete(first.firstSeq)
          return verdicts
        },
        events: async (query) => (await inner.events(query)).filter(({ seq }) => !hidden.has(seq)),
      }
    },
    'who follows the journal while many commit at the same time misses nothing',
  ],
  [
    'gives a thousand events at most',
    (inner) => ({ events: (query) => inner.events({ ...query, limit: Math.min(query.limit, 1_000) }) }),
    'a page of the journal is as long as it is asked to be',
  ],
  [
    'gives a thousand messages at most',
    (inner) => ({ inbox: async (of) => (await inner.inbox(of)).slice(0, 1_000) }),
    'an inbox is read whole, and by its owner in pages as long as they are asked to be',
  ],
  [
    'claims a thousand at most',
    (inner) => ({ claim: (request) => inner.claim({ ...request, limit: Math.min(request.limit, 1_000) }) }),
    'as many are claimed, and told in a page, as are asked for',
  ],
  [
    'compares priorities as whole numbers',
    (inner) => ({
      claim: async (request) =>
        (await inner.claim(request)).toSorted(
          (a, b) => Math.trunc(b.priority) - Math.trunc(a.priority) || a.acceptedAt - b.acceptedAt,
        ),
    }),
    'priorities are compared as the numbers that they are',
  ],
  [
    'forgets an answer that was read',
    (inner) => {
      const read = new Map<number, number>()
      return {
        async answer(seq) {
          const answer = await inner.answer(seq)
          const times = (read.get(seq) ?? 0) + 1
          if (answer.status === 'answered') read.set(seq, times)
          return times > 3 ? { status: 'unknown' } : answer
        },
      }
    },
    'an answer stays, however often it is read and whatever is asked after it',
  ],
  [
    'keeps answers in a ring',
    (inner) => {
      let last = 0
      return {
        async enqueue(message) {
          const queued = await inner.enqueue(message)
          if (queued.status === 'queued') last = queued.seq
          return queued
        },
        answer: async (seq) => (seq < last - 100 ? { status: 'unknown' } : inner.answer(seq)),
      }
    },
    'an answer stays, however often it is read and whatever is asked after it',
  ],
  [
    'lets the dead go on',
    (inner) => {
      const dead = new Set<string>()
      return {
        register: (owner, gone) => (gone.forEach((key) => dead.add(key)), inner.register(owner, gone)),
        heartbeat: async (key, leaseUntil) => (await inner.heartbeat(key, leaseUntil)) || dead.has(key),
      }
    },
    'an owner is kept with every field, and taken away with the dead of another one',
  ],
  [
    'keeps of an owner what it needs itself',
    (inner) => ({ owners: async () => (await inner.owners()).map((owner) => ({ ...owner, processStart: '1' })) }),
    'an owner is kept with every field, and taken away with the dead of another one',
  ],
  [
    'compares names without their case',
    (inner) => ({
      async query(query) {
        const { sessionId, ...others } = query
        if (sessionId === undefined) return inner.query(query)
        const executions = (await inner.query(others)).executions.filter((each) => same(each.sessionId, sessionId))
        return { executions }
      },
    }),
    'names that look alike are different names',
  ],
  [
    'leaves out of a claim what it did not need',
    (inner) => ({ claim: async (request) => (await inner.claim(request)).map((row) => bare(row)) }),
    'a claim and a page give whole rows',
  ],
  [
    'takes no messages for what is being cancelled',
    (inner) => ({
      enqueue: async (message) =>
        (await inner.load(message.executionId))?.status === 'cancelling' ? { status: 'finished' } : inner.enqueue(message),
    }),
    'an execution takes messages in every status but its last',
  ],
  [
    'finds a checkpoint by its number alone',
    (inner) => {
      const last = new Map<number, string>()
      return {
        async commit(batch) {
          const verdicts = await inner.commit(batch)
          for (const { id, revision, checkpoints } of batch) if (checkpoints) last.set(revision, id)
          return verdicts
        },
        checkpoint: (id, revision) => inner.checkpoint(last.get(revision) ?? id, revision),
      }
    },
    'checkpoints are kept for the last commits, as many as asked for',
  ],
]

const same = (a: string | null, b: string) => a?.toLowerCase() === b.toLowerCase()

const bare = (row: StoredExecution): StoredExecution => ({ ...row, sessionId: null, correlationId: null, output: null })
