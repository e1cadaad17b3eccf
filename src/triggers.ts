/** The entry `stateward/triggers`. Owns: nothing; each trigger has a module in triggers/. */
export { cron } from './triggers/cron.js'
export type { CronOptions } from './triggers/cron.js'
export { every } from './triggers/every.js'
export type { EveryOptions } from './triggers/every.js'
export { api, manual } from './triggers/manual.js'
export type { Tick, TickOptions } from './triggers/tick-options.js'
