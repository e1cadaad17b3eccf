/** Builders of commits for tests of stores. Owns: plain defaults, so that a test names only what it is about. */
import type {
  Acceptance,
  AdmitRequest,
  ClaimRequest,
  Commit,
  OwnerRecord,
  Publication,
} from '../../persistence/snapshot-store.js'

/** An acceptance at the entry point `tickets`, with what is given instead of the defaults. */
export function anAcceptance(given: Partial<Acceptance> = {}): Acceptance {
  return {
    entryPoint: 'tickets',
    programId: 'ticket',
    programVersion: '1',
    programHash: 'hash',
    priority: 0,
    acceptedAt: 1_000,
    sessionId: null,
    correlationId: null,
    idempotencyKey: null,
    parentId: null,
    causationId: null,
    input: '{"n":1}',
    ...given,
  }
}

/** A commit of a running execution under epoch 1, owned by `owner-1`, with what is given instead of the defaults. */
export function aCommit(given: Partial<Commit> & { readonly id: string; readonly revision: number }): Commit {
  return {
    epoch: 1,
    owner: 'owner-1',
    status: 'running',
    startedAt: null,
    endedAt: null,
    updatedAt: 1_000,
    dueAt: null,
    owed: false,
    recoveries: 0,
    state: `{"revision":${given.revision}}`,
    output: null,
    error: null,
    events: [],
    consumed: [],
    ...given,
  }
}

/** The first commit of an execution: queued, owned by `owner-1`. */
export function anAccepted(id: string, accept: Partial<Acceptance> = {}, given: Partial<Commit> = {}): Commit {
  return aCommit({ id, revision: 1, status: 'queued', ...given, accept: anAcceptance(accept) })
}

/** The commit that completes an execution and gives it back. */
export function anEnd(id: string, revision: number, given: Partial<Commit> = {}): Commit {
  return aCommit({ id, revision, owner: null, status: 'completed', endedAt: 2_000, updatedAt: 2_000, ...given })
}

/** A claim by `owner-2` of what is free at `tickets`, with what is given instead of the defaults. */
export function aClaim(given: Partial<ClaimRequest> = {}): ClaimRequest {
  return { owner: 'owner-2', now: 5_000, limit: 100, entryPoints: ['tickets'], from: { kind: 'released' }, ...given }
}

/** An admission for `owner-1` at `tickets`, without limits, with what is given instead of the defaults. */
export function anAdmission(given: Partial<AdmitRequest> = {}): AdmitRequest {
  return { owner: 'owner-1', now: 5_000, entryPoint: 'tickets', limit: 100, ageing: 10_000, arrived: [], ...given }
}

/** An owner on this machine, with what is given instead of the defaults. */
export function anOwner(given: Partial<OwnerRecord> = {}): OwnerRecord {
  return { key: 'owner-1', id: 'main', host: 'localhost', pid: 1, processStart: '1', leaseUntil: 10_000, lease: 15_000, ...given }
}

/** An event of the application under that id, with what is given instead of the defaults. */
export function aPublication(id: string, given: Partial<Publication> = {}): Publication {
  return { id, type: id, at: 1_000, data: null, sessionId: null, correlationId: null, causationId: null, ...given }
}

/** One piece of a state. */
export type Piece = readonly [place: number, text: string]

/** What a commit says of a state in these pieces. */
export function ofPieces(pieces: readonly Piece[]): Pick<Commit, 'state' | 'pieces'> {
  const state = pieces.map(([, text]) => text).join('')
  return { state, pieces: { state, pieces: pieces.map(([place, text]) => ({ place, text })) } }
}
