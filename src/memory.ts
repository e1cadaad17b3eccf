/** The entry `stateward/memory`. Owns: nothing; the store is in persistence/memory-store. */
export { memoryStore } from './persistence/memory/memory-store.js'
