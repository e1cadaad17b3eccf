/** The entry `stateward/triggers`. Owns: nothing; each trigger has a module in triggers/. */
export { cron } from './triggers/cron.js'
export type { CronOptions } from './triggers/cron.js'
export { every } from './triggers/every.js'
export type { EveryOptions } from './triggers/every.js'
export { on } from './triggers/on.js'
export type { OnOptions } from './triggers/on.js'
export { api, manual } from './triggers/manual.js'
export type { Tick, TickOptions } from './triggers/tick-options.js'
export {
  hmac,
  token,
  type HmacOptions,
  type Secret,
  type SignedRequest,
  type SignedTime,
  type Verify,
} from './triggers/signature.js'
export { header, webhook, type DeliveryKey, type WebhookOptions } from './triggers/webhook.js'
export type { ContentKind, Delivery } from './triggers/delivery.js'
