/**
 * The contract of `SnapshotStore`, as data: every store must keep each of these promises.
 *
 * Owns: the list. Uses `node:assert` alone, so that any test runner can run it.
 */
import type { StoreCase } from './store-case.js'
import { admissionCases } from './store-admission-cases.js'
import { claimCases } from './store-claim-cases.js'
import { commitCases } from './store-commit-cases.js'
import { documentCases } from './store-document-cases.js'
import { eventCases } from './store-event-cases.js'
import { fencingCases } from './store-fencing-cases.js'
import { inboxCases } from './store-inbox-cases.js'
import { joinCases } from './store-join-cases.js'
import { lifeCases } from './store-life-cases.js'
import { ownerCases } from './store-owner-cases.js'
import { pieceCases } from './store-piece-cases.js'
import { pruneCases } from './store-prune-cases.js'
import { publicationCases } from './store-publication-cases.js'
import { placeCases } from './store-place-cases.js'
import { streamCases } from './store-stream-cases.js'
import { queryCases } from './store-query-cases.js'
import { rateCases } from './store-rate-cases.js'
import { startCases } from './store-start-cases.js'

/**
 * The promises of the store contract.
 *
 * @example
 * ```ts
 * for (const promise of storeSuite) {
 *   test(promise.name, async (context) => {
 *     const result = await promise.run({ create: async () => ({ store: myStore(), destroy: async () => {} }) })
 *     if (result) context.skip(result.skipped)
 *   })
 * }
 * ```
 */
export const storeSuite: readonly StoreCase[] = [
  ...lifeCases,
  ...commitCases,
  ...pieceCases,
  ...fencingCases,
  ...eventCases,
  ...publicationCases,
  ...queryCases,
  ...placeCases,
  ...streamCases,
  ...inboxCases,
  ...ownerCases,
  ...claimCases,
  ...startCases,
  ...joinCases,
  ...admissionCases,
  ...rateCases,
  ...pruneCases,
  ...documentCases,
]
