/** Reading what was durably published. Owns: nothing but the reading. */
import { isTerminal, type ExecutionStatus, type Runtime, type SnapshotStore } from '../../src/index.js'

/** The types of all events of an execution, in order, without the word before the dot. */
export async function journal(store: SnapshotStore, id: string): Promise<string[]> {
  const events = await store.events({ since: 0, execution: id, limit: 1_000 })
  return events.map(({ type }) => type.replace('execution.', ''))
}

/** Those of them that say how it ended. */
export async function ends(store: SnapshotStore, id: string): Promise<string[]> {
  return (await journal(store, id)).filter((type) => isTerminal(type as ExecutionStatus))
}

/** The events of triggers that the journal has by now. */
export async function triggerEvents(runtime: Pick<Runtime, 'events' | 'publish'>): Promise<unknown[]> {
  const { seq } = await runtime.publish('looked')
  const found: unknown[] = []
  for await (const event of runtime.events({ since: 0 })) {
    if (event.seq === seq) break
    if (event.type.startsWith('trigger.')) found.push([event.type, event.data])
  }
  return found
}
