/** The contents of one store, written into another by the contract alone. Owns: the order in which that can be done. */
import type { SnapshotStore, StoredExecution } from '../../src/persistence/snapshot-store.js'

/** Copies owners, controls, executions with their checkpoints and events, and what is open in their inboxes. */
export async function copyStore(from: SnapshotStore, to: SnapshotStore, controls: readonly string[]): Promise<void> {
  for (const owner of await from.owners()) await to.register(owner, [])
  for (const name of controls) await to.setControl(name, await from.control(name))
  const { executions } = await from.query({ limit: 1_000 })
  // the newest accepted come first
  for (const stored of executions.toReversed()) await copyExecution(from, to, stored)
  for (const { id } of executions) {
    for (const { executionId, kind, payload, at } of await from.inbox({ execution: id }))
      await to.enqueue({ executionId, kind, payload, at })
  }
}

async function copyExecution(from: SnapshotStore, to: SnapshotStore, stored: StoredExecution): Promise<void> {
  const { id } = stored
  const events = await from.events({ since: 0, execution: id, limit: 1_000 })
  const checkpoints = await from.checkpoints(id)
  for (let revision = 1; revision <= stored.revision; revision++) {
    const checkpoint = checkpoints.find((each) => each.revision === revision)
    const past = revision < stored.revision ? { status: 'queued' as const, output: null, error: null } : {}
    const [verdict] = await to.commit([
      {
        ...stored,
        ...past,
        ...(checkpoint ? { status: checkpoint.status, state: checkpoint.state, updatedAt: checkpoint.at } : {}),
        accept: revision === 1 ? stored : undefined,
        revision,
        epoch: 1,
        events: events.filter((event) => event.revision === revision).map(({ type, at, data }) => ({ type, at, data })),
        consumed: [],
        checkpoints: checkpoint ? checkpoints.length : undefined,
      },
    ])
    if (verdict?.status !== 'committed') throw new Error(`${id} could not be copied: ${verdict?.status}`)
  }
}
