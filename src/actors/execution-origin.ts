/** Where an execution in memory comes from, and the verdict on its acceptance. Owns no behaviour. */
import type { ExecutionContext } from '../events/execution-events.js'
import type { Acceptance, StoredExecution } from '../persistence/snapshot-store.js'

/** What an execution comes from: an acceptance, or what was stored of it. `program` is a stored program to begin with. */
export type ExecutionOrigin =
  | {
      readonly kind: 'fresh'
      readonly acceptance: Acceptance
      readonly context: ExecutionContext
      readonly input: unknown
      readonly program: string | undefined
    }
  | { readonly kind: 'stored'; readonly stored: StoredExecution; readonly recovered: boolean; readonly input: unknown }

/** The verdict on an acceptance. */
export type AcceptOutcome =
  | { readonly status: 'accepted' }
  | { readonly status: 'duplicate'; readonly id: string; readonly of: 'id' | 'idempotency_key' }
