/** The entry `stateward/triggers`. Owns: nothing; each trigger has a module in triggers/. */
export { api, manual } from './triggers/manual.js'
