/**
 * The tables of the SQLite store, as numbered migrations.
 *
 * Owns: every table and index, and the numbers under which statuses are stored. Never change a migration that was
 * released; add one. All names begin with `stateward_`, so that the file can be an application's own.
 */
import type { ExecutionStatus } from '../../events/execution-status.js'

/** The stored number of each status. Invariant: never reused; 10 and above is terminal, and the indexes below rely on it. */
export const statusNumbers: Readonly<Record<ExecutionStatus, number>> = {
  queued: 0,
  running: 1,
  waiting: 2,
  pausing: 3,
  paused: 4,
  cancelling: 5,
  completed: 10,
  failed: 11,
  cancelled: 12,
  timed_out: 13,
  rejected: 14,
}

const first = `
CREATE TABLE stateward_entry_points (
  ref INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);
-- position: the order of acceptance. What changes least stands first, the state last, so that only it spills over.
CREATE TABLE stateward_executions (
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  entry_ref INTEGER NOT NULL,
  status INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  owner TEXT,
  owed INTEGER NOT NULL,
  priority NUMERIC NOT NULL,
  accepted_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER,
  updated_at INTEGER NOT NULL,
  due_at INTEGER,
  recoveries INTEGER NOT NULL,
  program_id TEXT NOT NULL,
  program_version TEXT NOT NULL,
  program_hash TEXT NOT NULL,
  session_id TEXT,
  correlation_id TEXT,
  idempotency_key TEXT,
  parent_id TEXT,
  input TEXT,
  output TEXT,
  error TEXT,
  state TEXT NOT NULL
);
CREATE UNIQUE INDEX stateward_by_key ON stateward_executions (entry_ref, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX stateward_by_status ON stateward_executions (entry_ref, status);
CREATE INDEX stateward_by_session ON stateward_executions (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX stateward_by_correlation ON stateward_executions (correlation_id) WHERE correlation_id IS NOT NULL;
CREATE INDEX stateward_by_parent ON stateward_executions (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX stateward_held ON stateward_executions (owner, accepted_at)
  WHERE owner IS NOT NULL AND status <> 0 AND (status < 10 OR owed = 1);
CREATE INDEX stateward_held_queued ON stateward_executions (owner, priority DESC, accepted_at)
  WHERE owner IS NOT NULL AND status = 0;
CREATE INDEX stateward_free ON stateward_executions (entry_ref, accepted_at)
  WHERE owner IS NULL AND status <> 0 AND (status IN (1, 3, 5) OR owed = 1);
CREATE INDEX stateward_free_queued ON stateward_executions (entry_ref, priority DESC, accepted_at)
  WHERE owner IS NULL AND status = 0;
CREATE INDEX stateward_due ON stateward_executions (entry_ref, due_at)
  WHERE owner IS NULL AND due_at IS NOT NULL AND status < 10;
CREATE INDEX stateward_ended ON stateward_executions (entry_ref, ended_at, position, status, owed)
  WHERE status >= 10 AND ended_at IS NOT NULL;

-- long inputs, apart, because they never change and an update rewrites its whole row
CREATE TABLE stateward_inputs (
  position INTEGER PRIMARY KEY,
  input TEXT NOT NULL
);
-- seq is given by the writer, who holds the write lock: greater than all before, also the pruned ones (see the floor)
CREATE TABLE stateward_events (
  seq INTEGER PRIMARY KEY,
  position INTEGER NOT NULL,
  entry_ref INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  at INTEGER NOT NULL,
  type TEXT NOT NULL,
  data TEXT
);
CREATE INDEX stateward_events_of_execution ON stateward_events (position);
CREATE TABLE stateward_event_floor (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  seq INTEGER NOT NULL
);
INSERT INTO stateward_event_floor VALUES (1, 0);
CREATE TABLE stateward_checkpoints (
  position INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  at INTEGER NOT NULL,
  status INTEGER NOT NULL,
  state TEXT NOT NULL
);
CREATE UNIQUE INDEX stateward_checkpoints_of ON stateward_checkpoints (position, revision);
-- kind: 0 an event, 1 a command. answered_at: when a commit consumed it.
CREATE TABLE stateward_inbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  position INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  at INTEGER NOT NULL,
  answered_at INTEGER,
  answer TEXT,
  payload TEXT NOT NULL
);
CREATE INDEX stateward_inbox_of ON stateward_inbox (position);
CREATE INDEX stateward_inbox_open ON stateward_inbox (position, kind) WHERE answered_at IS NULL;
CREATE INDEX stateward_inbox_answered ON stateward_inbox (answered_at) WHERE answered_at IS NOT NULL;
CREATE TABLE stateward_owners (
  key TEXT NOT NULL UNIQUE,
  id TEXT NOT NULL UNIQUE,
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  process_start TEXT NOT NULL,
  lease_until INTEGER NOT NULL
);
CREATE TABLE stateward_controls (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE stateward_tombstones (
  id TEXT PRIMARY KEY,
  expired_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX stateward_tombstones_by_age ON stateward_tombstones (expired_at);
`

/** How long the lease of an owner is: others watch it, and do not trust its clock. */
const leases = 'ALTER TABLE stateward_owners ADD COLUMN lease INTEGER'

const waitingInbox = `
ALTER TABLE stateward_checkpoints ADD COLUMN cause TEXT;
-- the executions that nobody holds and that something in their inbox must wake; what only waits for a resume is not among them
CREATE TABLE stateward_mail (
  position INTEGER PRIMARY KEY
);
INSERT INTO stateward_mail SELECT DISTINCT i.position FROM stateward_inbox i
  CROSS JOIN stateward_executions e ON e.position = i.position
  WHERE i.answered_at IS NULL AND e.owner IS NULL AND e.status < 10 AND (e.status <> 4 OR i.kind = 1);
CREATE INDEX stateward_inbox_open_seq ON stateward_inbox (seq) WHERE answered_at IS NULL;
`

/** Long states in pieces, so that a commit writes those that have changed. The state in the row of such an execution is empty. */
const pieces = `
CREATE TABLE stateward_state_pieces (
  position INTEGER NOT NULL,
  place INTEGER NOT NULL,
  text TEXT NOT NULL
);
CREATE UNIQUE INDEX stateward_state_pieces_of ON stateward_state_pieces (position, place);
`

/** A kind of its own for the commands that an end left unread: 2. Before, a text in the place of an answer said so. */
const finished = `
UPDATE stateward_inbox SET kind = 2, answer = NULL
  WHERE answered_at IS NOT NULL AND kind = 1 AND answer = '{"status":"already_finished"}';
`

/** Small texts by key. AUTOINCREMENT: a revision is never given twice. */
const documents = `
CREATE TABLE stateward_documents (
  revision INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,
  text TEXT NOT NULL
);
`

/** What started an execution, where that is not its parent. */
const causes = 'ALTER TABLE stateward_executions ADD COLUMN causation_id TEXT'

/** What is known of an application's own events besides the event itself, which has the position 0 and the entry point 0. */
const publications = `
CREATE TABLE stateward_publications (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  session_id TEXT,
  correlation_id TEXT,
  causation_id TEXT
);
`

/**
 * When an execution may start that is to start later. Such executions are not free: they are found once they are due. The indexes on
 * what is queued go by the time from which each may start.
 */
const laterStarts = `
ALTER TABLE stateward_executions ADD COLUMN start_at INTEGER;
DROP INDEX stateward_free_queued;
CREATE INDEX stateward_free_queued ON stateward_executions (entry_ref, priority DESC, accepted_at)
  WHERE owner IS NULL AND status = 0 AND start_at IS NULL;
DROP INDEX stateward_held_queued;
CREATE INDEX stateward_held_queued ON stateward_executions (owner, priority DESC, coalesce(start_at, accepted_at))
  WHERE owner IS NOT NULL AND status = 0;
`

/**
 * Executions that are counted under keys, until they end; the lanes of those that wait; and when the ones with a rate started.
 * since: from when it may start, which is the order within a lane. place: 0 outside, 1 waits, 2 has a permit, 3 has started. aside_at: 0 in the round, -1 aside until a time, else aside at that limit.
 * A lane has its turn as its number: a new one, and one whose turn is over, gets the greatest.
 */
const admissions = `
CREATE TABLE stateward_flow (
  position INTEGER PRIMARY KEY,
  entry_ref INTEGER NOT NULL,
  place INTEGER NOT NULL,
  priority NUMERIC NOT NULL,
  since INTEGER NOT NULL,
  key TEXT NOT NULL,
  rate_key TEXT NOT NULL
);
CREATE INDEX stateward_flow_of_key ON stateward_flow (entry_ref, key, place);
CREATE INDEX stateward_flow_waiting ON stateward_flow (entry_ref, key, rate_key, priority, since) WHERE place = 1;
CREATE INDEX stateward_flow_given ON stateward_flow (entry_ref, rate_key) WHERE place = 2;
CREATE TABLE stateward_lanes (
  turn INTEGER PRIMARY KEY,
  entry_ref INTEGER NOT NULL,
  aside_at INTEGER NOT NULL,
  priority NUMERIC NOT NULL,
  head_at INTEGER NOT NULL,
  until INTEGER,
  key TEXT NOT NULL,
  rate_key TEXT NOT NULL
);
CREATE UNIQUE INDEX stateward_lanes_of_key ON stateward_lanes (entry_ref, key, rate_key, priority);
CREATE INDEX stateward_lane_turns ON stateward_lanes (entry_ref, aside_at, priority);
CREATE INDEX stateward_lane_heads ON stateward_lanes (entry_ref, aside_at, priority, head_at);
CREATE INDEX stateward_lanes_delayed ON stateward_lanes (entry_ref, until) WHERE aside_at = -1;
CREATE TABLE stateward_starts (
  entry_ref INTEGER NOT NULL,
  key TEXT NOT NULL,
  at INTEGER NOT NULL,
  position INTEGER NOT NULL
);
CREATE UNIQUE INDEX stateward_starts_of_key ON stateward_starts (entry_ref, key, at, position);
CREATE INDEX stateward_starts_by_age ON stateward_starts (entry_ref, at);
`

/**
 * Where executions stand, and what they were tagged with. The index has those alone that stand still: where one moves, commits
 * leave it alone. Those that move are few, as they hold slots.
 */
const places = `
ALTER TABLE stateward_executions ADD COLUMN tags TEXT;
ALTER TABLE stateward_executions ADD COLUMN standing TEXT;
ALTER TABLE stateward_executions ADD COLUMN entered TEXT;
CREATE INDEX stateward_standing ON stateward_executions (entry_ref, standing)
  WHERE started_at IS NOT NULL AND status IN (0, 2, 4);
CREATE TABLE stateward_tags (
  tag TEXT NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY (tag, position)
) WITHOUT ROWID;
CREATE INDEX stateward_tags_of ON stateward_tags (position);
`

/** What steps have said while they ran. state: 0 open, 1 committed, 2 abandoned; kind: 0 a chunk, else how its run ended. */
const streams = `
CREATE TABLE stateward_stream_runs (
  run INTEGER PRIMARY KEY,
  position INTEGER NOT NULL,
  state INTEGER NOT NULL,
  chunks INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  id TEXT NOT NULL UNIQUE,
  step TEXT NOT NULL,
  name TEXT,
  key TEXT NOT NULL
);
CREATE INDEX stateward_stream_runs_of ON stateward_stream_runs (position);
CREATE TABLE stateward_chunks (
  position INTEGER NOT NULL,
  place INTEGER NOT NULL,
  run INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  at INTEGER NOT NULL,
  data TEXT,
  PRIMARY KEY (position, place)
) WITHOUT ROWID;
`

/**
 * Triggers that an execution has taken in. gathers: the key under which it takes more. A row of `joins` stays as long as the execution;
 * element: what it adds to the input of its execution, if it adds something.
 */
const joins = `
ALTER TABLE stateward_executions ADD COLUMN gathers TEXT;
CREATE UNIQUE INDEX stateward_gathering ON stateward_executions (entry_ref, gathers) WHERE gathers IS NOT NULL;
CREATE TABLE stateward_joins (
  seq INTEGER PRIMARY KEY,
  position INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  entry_ref INTEGER NOT NULL,
  ref TEXT NOT NULL,
  idempotency_key TEXT,
  digest TEXT NOT NULL,
  element TEXT
);
CREATE UNIQUE INDEX stateward_joins_by_ref ON stateward_joins (entry_ref, ref);
CREATE UNIQUE INDEX stateward_joins_by_key ON stateward_joins (entry_ref, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX stateward_joins_of ON stateward_joins (position);
`

/**
 * Where those stand that stand still: a copy of `standing`, so that a commit of one that moves, which most are, changes no
 * column that an index knows.
 */
const restingPlaces = `
DROP INDEX stateward_standing;
ALTER TABLE stateward_executions ADD COLUMN resting TEXT;
UPDATE stateward_executions SET resting = coalesce(standing, '') WHERE started_at IS NOT NULL AND status IN (0, 2, 4);
CREATE INDEX stateward_resting ON stateward_executions (entry_ref, resting) WHERE resting IS NOT NULL;
`

/** The migrations in order; the number of each is its place, from 1. */
export const sqliteMigrations: readonly string[] = [
  first,
  leases,
  waitingInbox,
  pieces,
  finished,
  documents,
  causes,
  publications,
  laterStarts,
  admissions,
  places,
  streams,
  joins,
  restingPlaces,
]
