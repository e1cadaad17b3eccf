/**
 * The contract between the actors and whatever keeps their snapshots.
 *
 * Owns: the shape of a stored execution, of a commit and of its verdict. The actors know nothing else of
 * persistence; a store knows nothing of XState: payloads are opaque texts made by the snapshot codec.
 * The suite in `stateward/testing` holds every promise below as data and runs on any store.
 * Longer than others because it is the one contract of a store, and who writes a store reads all of it.
 */
import type { ExecutionStatus } from '../events/execution-status.js'

/** One execution as it is stored. Times are milliseconds since the epoch. */
export interface StoredExecution {
  readonly id: string
  readonly entryPoint: string
  readonly programId: string
  readonly programVersion: string
  readonly programHash: string
  readonly status: ExecutionStatus
  /** The number of this execution's commits. Invariant: only grows, by one a commit. */
  readonly revision: number
  /** The fencing token. Invariant: grows with each claim; a commit with another epoch is stale. */
  readonly epoch: number
  /** The key of the owner whose process holds it, or null: nobody does. */
  readonly owner: string | null
  readonly priority: number
  readonly acceptedAt: number
  readonly startedAt: number | null
  readonly endedAt: number | null
  readonly updatedAt: number
  /** When it must be woken although nothing happened. */
  readonly dueAt: number | null
  /** The time before which it must not start, until it has started; null: it may start at once. While it is queued, `dueAt` is that time, or earlier. */
  readonly startAt: number | null
  /** Why a queued execution has no permit under its keys yet: others have all of its key, or its rate lets none start. Absent: nothing of the kind, or another call than `load` and `query` gave the execution. */
  readonly heldBy?: 'key' | 'rate'
  /** The key under which it takes further triggers in; null: it takes none. Invariant: of an entry point, one execution has it. */
  readonly gathers: string | null
  /** True while actions are pending: asked for and not acknowledged. May be true on a terminal execution. */
  readonly owed: boolean
  /** How often it was taken over from a dead owner since it last made progress. */
  readonly recoveries: number
  readonly sessionId: string | null
  readonly correlationId: string | null
  readonly idempotencyKey: string | null
  /** The execution that started it, if one did. */
  readonly parentId: string | null
  /** What started it, if that is known and is not the parent: a text of the runtime's. */
  readonly causationId: string | null
  /** What it was accepted with; absent: nothing. */
  readonly tags?: readonly string[] | undefined
  /** Where its program stands; null or absent: that is not known. */
  readonly place?: StoredPlace | null | undefined
  readonly input: string
  /** Of one that was accepted with an empty input: what its triggers have added, in the order in which they joined, which is its input. Null for others, and in the answer to a query that is brief or by `gathers`. */
  readonly elements: readonly string[] | null
  readonly state: string
  readonly output: string | null
  readonly error: string | null
}

/** Where a program stands, and since when: texts of the runtime's. An execution can be found by `text`. */
export interface StoredPlace {
  readonly text: string
  readonly entered: string
}

/** What is written once, when an execution is accepted. */
export type Acceptance = Pick<
  StoredExecution,
  | 'entryPoint'
  | 'programId'
  | 'programVersion'
  | 'programHash'
  | 'priority'
  | 'acceptedAt'
  | 'sessionId'
  | 'correlationId'
  | 'idempotencyKey'
  | 'parentId'
  | 'causationId'
  | 'tags'
  | 'input'
>

/**
 * The keys under which an execution is counted at its entry point: made once, when it is accepted. Null: it is not counted; an empty
 * text: all executions of the entry point are counted together.
 */
export interface FlowKeys {
  /** Of its concurrency. */
  readonly concurrency: string | null
  /** Of its rate. */
  readonly rate: string | null
}

/** A trigger that an execution takes in. Kept as long as the execution is. */
export interface Join {
  /** The trigger's own name: at one entry point it joins once. */
  readonly ref: string
  /** At one entry point a key is taken once, by a join or by an acceptance. */
  readonly idempotencyKey: string | null
  /** Made of its input, so that another one under the same key is found out. */
  readonly digest: string
  /** What it adds to the elements of its execution; null: nothing. */
  readonly element: string | null
}

/** A trigger that has joined, and the execution that it is in. */
export interface Joined extends Pick<Join, 'ref' | 'digest'> {
  readonly id: string
}

/** An event that an execution, or the application, publishes; `data` is a text of the codec. */
export interface PublishedEvent {
  readonly type: string
  readonly at: number
  readonly data: string | null
}

/**
 * A published event with its place in the journal. `seq` grows over all events, in commit order. The last three ids of an execution's
 * event are those of the execution: they never change, so a store need not keep them with each event.
 */
export interface StoredEvent extends PublishedEvent {
  readonly seq: number
  /** Null for a publication, which belongs to no execution and to no entry point. */
  readonly executionId: string | null
  readonly entryPoint: string | null
  /** 0 for a publication. */
  readonly revision: number
  /** The publication's id; null for the event of an execution. */
  readonly id: string | null
  readonly sessionId: string | null
  readonly correlationId: string | null
  /** What started the execution: its `causationId`, or else its parent. */
  readonly causationId: string | null
}

/** An event that the application publishes. */
export interface Publication extends PublishedEvent {
  /** Under an id that is taken nothing is written. */
  readonly id: string
  readonly sessionId: string | null
  readonly correlationId: string | null
  readonly causationId: string | null
}

/** The verdict on a publication. `duplicate`: its id is taken, by this event, which may be one of the same batch; nothing was written. */
export type PublicationVerdict =
  | { readonly status: 'published'; readonly seq: number }
  | { readonly status: 'duplicate'; readonly event: StoredEvent }

/**
 * Which publications may be forgotten, the oldest first: those up to the first that happened at `before` or later, and all but the
 * last `keep`. In the place of the last one that goes stands an event of type `journal.gap` (see `journal-gap.ts`); it counts as none.
 */
export interface EventPruneRequest {
  readonly before?: number
  readonly keep?: number
  /** At most so many a call, so that a commit never waits long. */
  readonly limit: number
}

/** A message in an execution's durable inbox: an event for its program, or a command for its owner. */
export interface InboxMessage {
  readonly seq: number
  readonly executionId: string
  readonly kind: 'event' | 'command'
  readonly payload: string
  readonly at: number
}

/** The state of a command in an inbox; `answer` comes from the commit that consumed it. */
export type CommandAnswer =
  | { readonly status: 'pending' | 'finished' | 'unknown' }
  | { readonly status: 'answered'; readonly answer: string | null }

/** A piece of a state. Its place is an integer, greater than that of the piece before it. */
export interface StatePiece {
  readonly place: number
  readonly text: string
}

/** A state in pieces: their texts, one behind the other, are `state`. Pieces of other states are to be ignored. */
export interface StatePieces {
  readonly state: string
  readonly pieces: readonly StatePiece[]
}

/** One run of a step's function that streams: an attempt, from its begin in one process to its end. */
export interface StreamRun {
  /** Of this run alone, over all stores. */
  readonly id: string
  /** The path of the step's actor. */
  readonly step: string
  readonly name: string | null
  /** The step's idempotency key. */
  readonly key: string
  readonly attempt: number
}

/** Chunks of one run. `data` is a text of the codec. */
export interface ChunkAppend {
  readonly executionId: string
  /** The epoch under which the writer owns the execution. */
  readonly epoch: number
  readonly run: StreamRun
  /** How many chunks of the run come before these: those of them that the store has already are not written again. */
  readonly first: number
  readonly chunks: readonly { readonly at: number; readonly data: string }[]
}

/**
 * The verdict on chunks. `appended`: all are there. Nothing was written if it is `stale` (another owner has the execution),
 * `closed` (the run has ended, or the execution has), or `not_found` (there is no such execution).
 */
export type ChunkVerdict = 'appended' | 'stale' | 'closed' | 'not_found'

/** An entry of an execution's stream: a chunk, or how a run has ended. */
export interface StoredChunk {
  /** Invariant: from 1, grows by one within its execution. */
  readonly offset: number
  readonly kind: 'chunk' | 'committed' | 'abandoned'
  readonly at: number
  readonly data: string | null
  readonly run: StreamRun
}

/** A page of a stream. `ended`: the execution has; nothing will be added. `open`: the runs of which no end is stored, oldest first. `last`: the offset of the last entry that there is; 0: there is none. */
export interface ChunkPage {
  readonly chunks: readonly StoredChunk[]
  readonly last: number
  readonly ended: boolean
  readonly open: readonly StreamRun[]
}

/** All changes of one execution, written whole or not at all. */
export interface Commit {
  readonly id: string
  /** Present on the first commit alone: the execution comes into being with revision 1 and epoch 1. */
  readonly accept?: Acceptance | undefined
  /**
   * On every commit of an execution that is counted under keys. It holds its permit under them from its start (the first commit with
   * a `startedAt`), or from an admission before that, until it ends; one that is paused before its start gives its permit back.
   */
  readonly keys?: FlowKeys | undefined
  /** The revision that this commit makes: the stored one plus one, else the commit is stale. */
  readonly revision: number
  /** The epoch under which the writer owns the execution, else the commit is stale. */
  readonly epoch: number
  /** Who owns it after this commit; null gives it back. */
  readonly owner: string | null
  readonly status: ExecutionStatus
  readonly startedAt: number | null
  readonly endedAt: number | null
  readonly updatedAt: number
  readonly dueAt: number | null
  /** As of the stored execution. Absent: null. */
  readonly startAt?: number | null | undefined
  /** As of the stored execution. Absent: null. On a commit that accepts it, or has `joins`, or repeats what is stored. */
  readonly gathers?: string | null | undefined
  /** The triggers that it takes in with this commit, in their order. All of them join, or none and nothing is written. */
  readonly joins?: readonly Join[] | undefined
  readonly owed: boolean
  readonly recoveries: number
  /** Takes the place of the input that the execution was accepted with; only before it has started. Absent: the input stays. */
  readonly input?: string | undefined
  /** Where the program stands from now on, and since when. Absent: as before. */
  readonly place?: StoredPlace | null | undefined
  readonly state: string
  /**
   * The same state in pieces, if it is long and moves a little at a time. Most pieces are those of the commit before, each in
   * its place: a store may keep them one by one and write what has changed, or leave this alone.
   */
  readonly pieces?: StatePieces | undefined
  readonly output: string | null
  readonly error: string | null
  readonly events: readonly PublishedEvent[]
  /** How runs of its steps have ended: each that is open gets an entry in the stream. */
  readonly streams?: readonly { readonly run: string; readonly end: 'committed' | 'abandoned' }[] | undefined
  /** Inbox messages that this commit consumed; those with an answer keep it for their sender. */
  readonly consumed: readonly { readonly seq: number; readonly answer: string | null }[]
  /** How many checkpoints to keep from now on, this commit's included; 0 keeps none, absent leaves them alone. */
  readonly checkpoints?: number | undefined
  /** What moved the program, kept with the checkpoint: a text of the codec. */
  readonly cause?: string | null | undefined
  /**
   * How many events of this execution to keep from now on, those that came last, this commit's included; at least 1, absent
   * keeps all. In the place of the last one that goes stands an event of type `journal.gap`, which tells what is missing
   * (see `journal-gap.ts`).
   */
  readonly journal?: number | undefined
}

/**
 * The verdict on one commit of a batch.
 * `stale`: revision or epoch did not fit, nothing of it was written. `duplicate`: an acceptance whose
 * idempotency key (within its entry point) or id is taken, by `id`; nothing of it was written. If the same
 * execution has taken both, it is a duplicate of the key. Of a commit that takes triggers in: a trigger of that name has joined
 * (`join`, which is looked at before anything else), a key of a join is taken, or another execution gathers under the same key (`gathers`), by `id`.
 */
export type CommitVerdict =
  | { readonly status: 'committed'; /** of the first of its events */ readonly firstSeq: number }
  | { readonly status: 'stale'; readonly revision: number; readonly epoch: number; readonly owner: string | null }
  | { readonly status: 'duplicate'; readonly id: string; readonly of: 'id' | 'idempotency_key' | 'join' | 'gathers' }
  | { readonly status: 'not_found' }

/** A runtime instance that holds executions. `key` is fresh for each start; `id` is the user's name for it. */
export interface OwnerRecord {
  readonly key: string
  readonly id: string
  readonly host: string
  readonly pid: number
  /** Tells a process from a later one with the same pid. */
  readonly processStart: string
  /** By its own wall clock; 0 says that it is gone. */
  readonly leaseUntil: number
  /** How long its lease is, in ms; absent in the records of older versions, and where a store does not keep it. */
  readonly lease?: number | undefined
}

/** Which executions a claim may take. All of them are then owned by `owner`, with a greater epoch. */
export interface ClaimRequest {
  readonly owner: string
  readonly now: number
  /** By how many ms the clock was set back: what was updated later than `now` is due so much earlier. Default 0; a store may leave it alone. */
  readonly setBack?: number
  readonly limit: number
  readonly entryPoints: readonly string[]
  /**
   * `lost`: those of these owner keys, not terminal or owed (adds one to `recoveries` of each that was not queued, nor waiting without being owed).
   * `released`: unowned ones that have something to do: not terminal and neither waiting nor paused, nor with a `startAt`; or owed,
   * or with inbox messages (a paused one, or one with a `startAt`: with a command, its events wait), or due. `one`: that execution, if nobody owns it and it is not terminal.
   * `queued`: those of these owner keys, which live, that are queued, never started (`startedAt` is null), may start (no `startAt` after `now`) and have no recoveries:
   * their owners' next commits of them are stale. A store that does not know it gives nothing.
   */
  readonly from:
    | { readonly kind: 'lost'; readonly owners: readonly string[] }
    | { readonly kind: 'released' }
    | { readonly kind: 'one'; readonly id: string }
    | { readonly kind: 'queued'; readonly owners: readonly string[] }
}

/** Which queued executions of one entry point get permits under their keys. */
export interface AdmitRequest {
  readonly owner: string
  /** By the clock that also gives each execution its `startedAt`. */
  readonly now: number
  readonly entryPoint: string
  /** At most so many permits are given. */
  readonly limit: number
  /** How many ms of waiting outweigh one level of priority. */
  readonly ageing: number
  /** Executions of this owner that stand in its queue from now on: queued and never started. Others wait for no permit, and get none. */
  readonly arrived: readonly string[]
  /** How many executions may have a permit under one key. `skip`: one that arrives while so many others wait or have a permit is answered as busy, and waits for none; of those that arrive together, or again while they wait, the ones that were accepted first stay. */
  readonly concurrency?: { readonly limit: number; readonly skip: boolean } | undefined
  /** At most `limit` executions start under one key in any `per` ms. `isKeyed`: false, if all have the same key. */
  readonly rate?: { readonly limit: number; readonly per: number; readonly isKeyed: boolean } | undefined
}

/** What an admission gave. */
export interface Admittance {
  /** The executions of this owner that have a permit and have not started yet, also by earlier calls. */
  readonly own: readonly string[]
  /** Those that other owners had in their queues, or nobody: they have a permit, are owned by the caller, and their epoch is greater. */
  readonly taken: readonly StoredExecution[]
  /** Of those that arrived: they are to be rejected. */
  readonly busy: readonly string[]
  /** When the rate lets one more start, if some wait for that alone. */
  readonly nextAt: number | null
}

/** A filter over the stored executions; the newest accepted come first. */
export interface ExecutionQuery {
  readonly entryPoint?: string
  /** Of the entry points of this group: those whose ids begin with it and a `/`. */
  readonly group?: string
  readonly status?: readonly ExecutionStatus[]
  readonly sessionId?: string
  readonly correlationId?: string
  readonly parentId?: string
  /** Of its acceptance, or of a trigger that it took in. */
  readonly idempotencyKey?: string
  /** The one that takes triggers in under this key of `entryPoint`, which must be given. It comes without its elements, so that it costs the same however many there are. */
  readonly gathers?: string
  /** Those that have not ended and are counted under this key of the concurrency of `entryPoint`, which must be given. */
  readonly concurrencyKey?: string
  /** Beside `concurrencyKey`: only those that have a permit under it. */
  readonly permitted?: boolean
  /** Those that have started, have not ended, and stand in one of these places; null: where it is not known. */
  readonly places?: readonly (string | null)[]
  /** Those that were accepted with this tag, in any status; and those that stand, as for `places`, in one of these. */
  readonly tagged?: { readonly tag: string; readonly places: readonly (string | null)[] }
  /** The unfinished executions of this owner key: not terminal, or owed. */
  readonly owner?: string
  readonly limit: number
  readonly cursor?: string
  /** Only who they are and where they stand: input and state come as empty texts, output and error as null. For commands to many. */
  readonly brief?: boolean
  /** A page ends early, though never empty, once the input, state, output and error of its executions have so many characters in all. */
  readonly length?: number
}

/** One page of a query; `cursor` is absent on the last. */
export interface ExecutionPage {
  readonly executions: readonly StoredExecution[]
  readonly cursor?: string
}

/** A filter over the journal: events with a greater `seq` than `since`, oldest first. */
export interface EventQuery {
  readonly since: number
  readonly execution?: string
  readonly entryPoint?: string
  readonly limit: number
}

/** A kept commit. */
export interface StoredCheckpoint {
  readonly executionId: string
  readonly revision: number
  readonly at: number
  readonly status: ExecutionStatus
  readonly state: string
  /** The cause that its commit gave. */
  readonly cause: string | null
}

/** What may be forgotten. Never touches an execution that is not terminal, or one whose outbox is owed. */
export interface PruneRequest {
  readonly entryPoint: string
  /** Terminal executions that ended before this time go, with all that belongs to them. */
  readonly endedBefore?: number
  /** Of the terminal executions, this many are kept, those that ended last. */
  readonly keep?: number
  readonly now: number
  /** At most so many executions a call, so that a commit never waits long. */
  readonly limit: number
  /** So many forgotten ids are told as `expired`, those that went last; absent: all of the last ninety days. A store may keep some more. */
  readonly traces?: number
}

/** What has been forgotten; `more`: there is something left that may go, now. Absent: the store does not say. */
export interface Pruned {
  readonly executions: number
  readonly more?: boolean
}

/** A small durable text under a key, such as the cursor of a trigger. */
export interface StoredDocument {
  readonly key: string
  readonly text: string
  /** Invariant: from 1, greater with each write, and never the same one twice for a key, also after the document was taken away. */
  readonly revision: number
}

/** Which documents to read: those whose key begins with `prefix`, in an order of keys that is the store's own and never changes. */
export interface DocumentQuery {
  readonly prefix: string
  /** The key of the last one of the page before: those that come after it. Absent: from the first one. */
  readonly after?: string
  readonly limit: number
}

/** A write by compare-and-set: it takes place only if the document is still the one that its writer knows. */
export interface DocumentWrite {
  /** A text of at least one character. */
  readonly key: string
  /** Null takes the document away. */
  readonly text: string | null
  /** The revision that the document must have; 0: there must be none. */
  readonly revision: number
}

/**
 * The verdict on a write. `stored`: the document has this revision now; 0, there is none. `conflict`: nothing was written, and this
 * is what is there. A writer whose write was carried out twice gets a conflict with its own text.
 */
export type DocumentVerdict =
  | { readonly status: 'stored'; readonly revision: number }
  | { readonly status: 'conflict'; readonly document: StoredDocument | undefined }

/** Counts of the stored executions: entry point → status → how many. */
export type ExecutionCounts = Readonly<Record<string, Partial<Record<ExecutionStatus, number>>>>

/**
 * Keeps executions, their inboxes, checkpoints and events; and small documents beside them.
 *
 * Every call may reject with any error, and is then to have had no effect, or its whole effect. A read sees every write
 * that was acknowledged before it. A driver may carry out a call again whose acknowledgement was lost, but for `enqueue`
 * and `claim`, which would do another thing the second time.
 * A closed or not yet opened store rejects with a `StatewardError` of code `store_closed`.
 */
export interface SnapshotStore {
  /** A word for messages, such as `sqlite`. */
  readonly name: string
  /** Where it is, for people: a path or an address. */
  readonly location: string
  /** Opens and migrates; a second call does nothing. */
  open(): Promise<void>
  /** Closes; a second call does nothing. */
  close(): Promise<void>

  /**
   * Writes a batch in one transaction that is durable once the promise resolves; each commit gets its own verdict. `since`:
   * since when the first of them waits, by `performance.now()`. A store that waits for a lock of others counts its limit
   * from then; it may leave that alone.
   */
  commit(batch: readonly Commit[], since?: number): Promise<readonly CommitVerdict[]>
  load(id: string): Promise<StoredExecution | undefined>
  /** `expired` if it was pruned (and the trace of that is still kept), `unknown` if it never was. */
  absence(id: string): Promise<'expired' | 'unknown'>
  query(query: ExecutionQuery): Promise<ExecutionPage>
  /** The trigger that has joined an execution of that entry point, by its name or by its idempotency key. */
  joined(entryPoint: string, of: { readonly ref: string } | { readonly idempotencyKey: string }): Promise<Joined | undefined>
  counts(): Promise<ExecutionCounts>
  /** The places in which executions stand that have started and have not ended, each once, in no order; null among them if it is not known of one. */
  places(of: { readonly entryPoint?: string }): Promise<readonly (string | null)[]>
  events(query: EventQuery): Promise<readonly StoredEvent[]>
  /**
   * Writes publications into the same journal, in this order and in one transaction that is durable once the promise resolves; each
   * gets its own verdict.
   */
  publish(batch: readonly Publication[]): Promise<readonly PublicationVerdict[]>
  /** Forgets publications, with their ids. */
  pruneEvents(request: EventPruneRequest): Promise<{ readonly events: number; readonly more: boolean }>
  /** The greatest `seq` so far, 0 before the first. */
  lastSeq(): Promise<number>

  /**
   * Appends chunks to the streams of executions, in this order and in one transaction that is durable once the promise resolves; each
   * gets its own verdict. The first chunks of a run open it, and end all other open runs of the same execution and key as abandoned.
   */
  appendChunks(batch: readonly ChunkAppend[]): Promise<readonly ChunkVerdict[]>
  /** The entries of an execution's stream with a greater offset than `since`; undefined: there is no such execution. */
  chunks(of: { readonly execution: string; readonly since: number; readonly limit: number }): Promise<ChunkPage | undefined>

  /** Oldest first. */
  checkpoints(id: string): Promise<readonly StoredCheckpoint[]>
  checkpoint(id: string, revision: number): Promise<StoredCheckpoint | undefined>

  /** Appends to the inbox of an execution that is not terminal. */
  enqueue(message: Omit<InboxMessage, 'seq'>): Promise<{ status: 'queued'; seq: number } | { status: 'finished' | 'not_found' }>
  /** The messages of one execution, or of all that `owner` holds, in order, greater than `after`, not consumed yet. */
  inbox(
    of: { readonly execution: string } | { readonly owner: string; readonly after: number; readonly limit: number },
  ): Promise<readonly InboxMessage[]>
  /**
   * The answer to a command: `pending` until it was consumed, `finished` if its execution ended and no commit had consumed it,
   * `unknown` if there is no such message (any more).
   */
  answer(seq: number): Promise<CommandAnswer>

  /**
   * Registers an owner unless another key holds the same id; keys in `dead` are taken away first, their
   * executions stay claimable as `lost`. False: the id is in use.
   */
  register(owner: OwnerRecord, dead: readonly string[]): Promise<boolean>
  /** Prolongs the lease. False: the owner was taken away, nothing it holds is its own any more. */
  heartbeat(key: string, leaseUntil: number): Promise<boolean>
  owners(): Promise<readonly OwnerRecord[]>
  /** The owner keys that executions still name though no such owner is registered. */
  orphans(): Promise<readonly string[]>
  /** Takes an owner away. `giveBack`: it leaves by itself, and nobody holds any more what it still held; else that is to be claimed as `lost`. */
  retire(key: string, how: { readonly giveBack: boolean }): Promise<void>
  claim(request: ClaimRequest): Promise<readonly StoredExecution[]>
  /**
   * Gives permits under their keys to executions that wait for them, in one transaction, and as `fair-admission.ts` says. The limits are
   * those of the request. A permit is kept when the execution gets another owner, who is told of it as soon as it asks.
   */
  admit(request: AdmitRequest): Promise<Admittance>
  /** When the next unowned execution of these entry points is due. */
  nextDue(entryPoints: readonly string[]): Promise<number | null>

  /** A small text under a name, such as a stream's pause. Null takes it away. */
  setControl(name: string, value: string | null): Promise<void>
  control(name: string): Promise<string | null>

  /** The document under that key. Documents belong to no execution, and are not pruned. */
  document(key: string): Promise<StoredDocument | undefined>
  documents(query: DocumentQuery): Promise<readonly StoredDocument[]>
  /** Compares and writes in one transaction: of several writers that know the same revision, one is `stored`. */
  putDocument(write: DocumentWrite): Promise<DocumentVerdict>

  prune(request: PruneRequest): Promise<Pruned>
}
