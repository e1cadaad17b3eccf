/** The entry `stateward/memory`. Owns: nothing; the store is in persistence/memory/memory-store.ts. */
export { memoryStore } from './persistence/memory/memory-store.js'
