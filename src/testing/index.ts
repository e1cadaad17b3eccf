/** A table of contents of `stateward/testing`; nothing inside imports it. */
export { aClaim, aCommit, anAcceptance, anAccepted, anEnd, anOwner } from './store-builders.js'
export type { StoreCase, StoreCaseResult, StoreFactory } from './store-case.js'
export { storeSuite } from './store-suite.js'
