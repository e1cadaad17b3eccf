/** What an order process is told when it is started. Owns: the form of its one argument. */
import type { Death } from './dying-store.js'

/** Times are milliseconds. */
export interface OrderSettings {
  readonly db: string
  readonly log: string
  /** Triggers the orders `from` to `to`, the latter not included; each has its number as its idempotency key. */
  readonly from?: number
  readonly to?: number
  readonly death?: Death
  readonly lease?: number
  readonly pollInterval?: number
  readonly shutdownTimeout?: number
  readonly maxConcurrent?: number
  readonly maxQueued?: number
  /** A step waits until there is a file at this path. */
  readonly gate?: string
  /** Which one; the last if absent. */
  readonly gatedStep?: 'charge' | 'ship'
  /** True: takes every prolongation of its lease for granted, so that it never learns that it was taken away. */
  readonly numb?: boolean
  /** False: nobody approves. */
  readonly approves?: boolean
  /** True: goes on after its orders have ended, and obeys its standard input until `quit`. */
  readonly stays?: boolean
  /** False: the lines of the step log are not synced to the disk. */
  readonly synced?: boolean
}

/** Reads the argument. */
export function readOrderSettings(): OrderSettings {
  return JSON.parse(process.argv[2] as string) as OrderSettings
}
