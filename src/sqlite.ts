/** The entry `stateward/sqlite`. Owns: nothing; the store is in persistence/sqlite/sqlite-store.ts. */
export { sqliteStore, type SqliteStoreOptions } from './persistence/sqlite/sqlite-store.js'
