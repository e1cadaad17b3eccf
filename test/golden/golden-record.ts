/** What a golden expectation says of one execution. Owns: which parts of it are expected for ever. */
import type { ExecutionHandle, SnapshotStore } from '../../src/index.js'
import { plainForm } from './plain-form.js'

/** Everything that people see of a stored execution: `get()`, how it ended, what waits in its inbox, its checkpoints and its journal. */
export async function goldenRecord(store: SnapshotStore, handle: ExecutionHandle): Promise<unknown> {
  const { id } = handle
  const record = await handle.get()
  const result = await handle.result({ timeout: 0 })
  const inbox = (await store.inbox({ execution: id })).map(({ kind, payload, at }) => ({ kind, payload, at }))
  const checkpoints = (await store.checkpoints(id)).map(({ revision, at, status }) => ({ revision, at, status }))
  const journal = (await store.events({ execution: id, since: 0, limit: 1_000 })).map(({ type, at, revision }) => ({
    type,
    at,
    revision,
  }))
  return plainForm({ record, result, inbox, checkpoints, journal })
}
