/** What the processes of the webhooks' load are told when they are started. Owns: the form of their one argument, and their secret. */

/** Of the process that takes deliveries. */
export interface ReceiverSettings {
  readonly db: string
  readonly log: string
  /** 0: any that is free. */
  readonly port: number
}

/** Of the process that makes them. */
export interface SenderSettings {
  readonly url: string
  /** How many deliveries, and how many of them at the same time. */
  readonly count: number
  readonly atOnce: number
}

/** What both know. */
export const secret = 'known to the sender and to the receiver'

/** Reads the argument. */
export function readWebhookSettings(): unknown {
  return JSON.parse(process.argv[2] as string)
}
