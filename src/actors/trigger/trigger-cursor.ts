/** The durable cursor of a trigger, as a document of the store. Owns: its key, and what a conflict means for its writer. */
import type { SnapshotStore, StoredDocument } from '../../persistence/snapshot-store.js'
import type { CursorState, TriggerCursor } from './trigger.js'

const stateOf = (document: StoredDocument | undefined): CursorState => ({
  text: document?.text ?? null,
  revision: document?.revision ?? 0,
})

/** The cursor of one entry point's trigger. */
export function triggerCursor(store: SnapshotStore, entryPoint: string): TriggerCursor {
  const key = `trigger:${entryPoint}`
  return {
    read: async () => stateOf(await store.document(key)),
    async write(text, revision) {
      const verdict = await store.putDocument({ key, text, revision })
      if (verdict.status === 'stored') return { text, revision: verdict.revision }
      // a write that was carried out twice finds its own text
      return stateOf(verdict.document)
    },
  }
}
