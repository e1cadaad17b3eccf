/**
 * Stores that break a promise, each in one way.
 *
 * Owns: what is wrong with each of them, over the memory store.
 */
import { memoryStore } from '../../../src/persistence/memory/memory-store.js'
import type { Commit, CommitVerdict, SnapshotStore, StatePiece } from '../../../src/persistence/snapshot-store.js'
import type { StoreFactory } from '../../../src/testing/index.js'

/** A factory of memory stores whose calls are replaced by `wrong`; all connections of one share it. */
export function wrongStores(wrong: (store: SnapshotStore) => Partial<SnapshotStore>): StoreFactory {
  return {
    create: async () => {
      const inner = memoryStore()
      const store = { ...inner, ...wrong(inner) }
      const reopen = async () => {
        await store.close()
        return store
      }
      return { store, reopen, second: async () => store, destroy: async () => undefined }
    },
  }
}

/** A store that writes `kept` of a batch, and says that it has written all of it. */
function pretending(inner: SnapshotStore, kept: (commit: Commit, index: number) => boolean): Partial<SnapshotStore> {
  return {
    async commit(batch) {
      const written = batch.filter(kept)
      const verdicts = [...(await inner.commit(written))]
      return batch.map((commit) =>
        written.includes(commit) ? (verdicts.shift() as CommitVerdict) : { status: 'committed', firstSeq: 0 },
      )
    },
  }
}

/** A store that keeps states in pieces: of each that comes, what `kept` makes of it and of those before; undefined: nothing. */
function keepingPieces(
  inner: SnapshotStore,
  kept: (before: ReadonlyMap<number, string>, piece: StatePiece) => readonly [number, string] | undefined,
): Partial<SnapshotStore> {
  const all = new Map<string, ReadonlyMap<number, string>>()
  const put = (commit: Commit): Commit => {
    if (!commit.pieces) return commit
    const before = all.get(commit.id) ?? new Map<number, string>()
    const after = new Map(commit.pieces.pieces.map((piece) => kept(before, piece)).filter((piece) => piece !== undefined))
    all.set(commit.id, after)
    return { ...commit, state: [...after.values()].join('') }
  }
  return { commit: (batch) => inner.commit(batch.map(put)) }
}

/** Broken so that the contract suite must find it: what is wrong, the store, a promise that it breaks. */
export const brokenContracts: readonly (readonly [
  what: string,
  wrong: (store: SnapshotStore) => Partial<SnapshotStore>,
  promise: string,
])[] = [
  [
    'loses a commit of a batch',
    (inner) => pretending(inner, (_, index) => index !== 1),
    'a stale commit does not disturb the others of its batch',
  ],
  [
    'answers committed without writing',
    (inner) => pretending(inner, ({ revision }) => revision < 3),
    'an execution goes through every status, many commits long',
  ],
  [
    'ignores epochs',
    (inner) => ({
      commit: async (batch) => {
        const epochs = await Promise.all(batch.map(async ({ id, epoch }) => (await inner.load(id))?.epoch ?? epoch))
        return inner.commit(batch.map((commit, index) => ({ ...commit, epoch: epochs[index] as number })))
      },
    }),
    'a commit with a stale epoch writes nothing',
  ],
  [
    'ignores revisions',
    (inner) => ({
      commit: async (batch) => {
        const before = await Promise.all(batch.map(async ({ id }) => (await inner.load(id))?.revision ?? 0))
        return inner.commit(batch.map((commit, index) => ({ ...commit, revision: (before[index] as number) + 1 })))
      },
    }),
    'a commit with a stale revision writes nothing',
  ],
  [
    'writes a document whatever its writer knows',
    (inner) => ({
      putDocument: async (write) => inner.putDocument({ ...write, revision: (await inner.document(write.key))?.revision ?? 0 }),
    }),
    'a document is written only by who knows its revision, and a conflict says what is there',
  ],
  [
    'publishes twice under one id',
    (inner) => {
      let n = 0
      return { publish: (batch) => inner.publish(batch.map((each) => ({ ...each, id: `${each.id} ${++n}` }))) }
    },
    'of several publications under one id the first one is kept, and told to the others',
  ],
  [
    'forgets events',
    (inner) => ({ events: async (query) => (await inner.events(query)).filter(({ seq }) => seq !== 2) }),
    'events are told by execution, by entry point, since a number, and so many at a time',
  ],
  [
    'reads stale for ever',
    (inner) => {
      const first = new Map<string, Awaited<ReturnType<SnapshotStore['load']>>>()
      return {
        async load(id) {
          if (!first.has(id)) first.set(id, await inner.load(id))
          return first.get(id)
        },
      }
    },
    'a commit replaces what it carries and leaves what was accepted',
  ],
  [
    'does not know idempotency keys',
    (inner) => ({
      commit: (batch) =>
        inner.commit(batch.map((commit) => ({ ...commit, accept: commit.accept && { ...commit.accept, idempotencyKey: null } }))),
    }),
    'an idempotency key names one execution of an entry point, also once it has ended',
  ],
  [
    'gives one execution to two owners',
    (inner) => {
      const claimed: Awaited<ReturnType<SnapshotStore['claim']>>[number][] = []
      return {
        async claim(request) {
          const answer = await inner.claim(request)
          claimed.push(...answer)
          return answer.length > 0 ? answer : claimed.slice(0, request.limit)
        },
      }
    },
    'two that race for the same executions never get the same one',
  ],
  [
    'loses messages',
    (inner) => ({ inbox: async (of) => (await inner.inbox(of)).slice(1) }),
    'messages stay in order until a commit has consumed them',
  ],
  [
    'writes a batch one by one',
    (inner) => ({
      async commit(batch) {
        const verdicts: CommitVerdict[] = []
        for (const commit of batch) verdicts.push(...(await inner.commit([commit])))
        return verdicts
      },
    }),
    'a batch that throws writes nothing, and the store stays usable',
  ],
  [
    'forgets that a piece has changed',
    (inner) =>
      keepingPieces(inner, (before, { place, text }) =>
        before.has(place) ? [place, before.get(place) as string] : [place, text],
      ),
    'a state that changes pieces in their place, to shorter, longer and equal texts is read as it was committed',
  ],
  [
    'forgets a piece that comes between two others',
    (inner) =>
      keepingPieces(inner, (before, { place, text }) =>
        before.size === 0 || before.has(place) || [...before.keys()].every((each) => each < place) ? [place, text] : undefined,
      ),
    'a state that grows at its end, in its middle and at its beginning is read as it was committed',
  ],
  [
    'keeps the pieces of a commit that it has refused',
    (inner) => {
      const states = new Map<string, string>()
      return {
        async commit(batch) {
          for (const { id, pieces } of batch) if (pieces) states.set(id, pieces.state)
          return inner.commit(batch)
        },
        async load(id) {
          const stored = await inner.load(id)
          const state = states.get(id)
          return stored && state !== undefined ? { ...stored, state } : stored
        },
      }
    },
    'a commit that is stale, or whose batch throws, changes no piece',
  ],
]

/** Broken so that only a runtime notices: what is wrong, the store, a law that it breaks. */
export const brokenLaws: readonly (readonly [
  what: string,
  wrong: (store: SnapshotStore) => Partial<SnapshotStore>,
  law: string,
])[] = [
  [
    'forgets that an execution has completed',
    (inner) => ({ events: async (query) => (await inner.events(query)).filter(({ type }) => type !== 'execution.completed') }),
    'while nothing fails: every accepted execution ends once, with record, journal and result in agreement',
  ],
  [
    'cuts texts at their first line break',
    (inner) => ({
      commit: (batch) => inner.commit(batch.map((commit) => (isReal(commit) ? { ...commit, state: firstLine(commit) } : commit))),
    }),
    'while nothing fails: revisions grow by one, and nothing that was committed is lost',
  ],
  [
    'loses a commit now and then',
    (inner) => {
      let written = 0
      return pretending(inner, (commit) => !isReal(commit) || ++written % 25 !== 0)
    },
    'while nothing fails: revisions grow by one, and nothing that was committed is lost',
  ],
  [
    'writes what comes too late',
    (inner) => ({
      async commit(batch) {
        const verdicts = [...(await inner.commit(batch))]
        for (const [index, commit] of batch.entries()) {
          const verdict = verdicts[index] as CommitVerdict
          if (verdict.status !== 'stale' || !isReal(commit)) continue
          const late = { ...commit, epoch: verdict.epoch, revision: verdict.revision + 1 }
          verdicts[index] = (await inner.commit([late]))[0] as CommitVerdict
        }
        return verdicts
      },
    }),
    'while a process freezes and another one takes over: each epoch has one owner, and who lost an execution does nothing more for it',
  ],
  [
    'never answers a retirement',
    (inner) => ({
      retire: (key, how) => (key.startsWith('key-') ? new Promise<void>(() => undefined) : inner.retire(key, how)),
    }),
    'while nothing fails: the runtime is well again after the faults',
  ],
]

/** A commit of a program, as the suite has none. */
function isReal(commit: Commit): boolean {
  try {
    return commit.state.includes('\n')
  } catch {
    return false
  }
}

const firstLine = ({ state }: Commit) => state.split('\n')[0] as string
