/**
 * Reads the outbox file as its receiver would: a line with a known idempotency key is the same delivery again.
 */
import { existsSync, readFileSync } from 'node:fs'

/** What the outbox holds. */
export interface Deliveries {
  /** Different idempotency keys: what a receiver that drops repetitions has got. */
  readonly unique: number
  /** Lines whose key was there before: steps that were in flight when the process was killed. */
  readonly repeated: number
  /** Lines cut short by a kill. Their step has run again. */
  readonly torn: number
  /** Keys under which different things were delivered. Must be none. */
  readonly contradictory: number
}

/** Reads the outbox; a file that is not there holds nothing. */
export function readOutbox(file: string): Deliveries {
  return countDeliveries(existsSync(file) ? readFileSync(file, 'utf8') : '')
}

/** Counts the deliveries in the text of an outbox. */
export function countDeliveries(text: string): Deliveries {
  const checksums = new Map<string, string>()
  let repeated = 0
  let torn = 0
  let contradictory = 0
  for (const line of text.split('\n')) {
    if (line === '') continue
    const entry = parse(line)
    if (entry === undefined) {
      torn += 1
      continue
    }
    const known = checksums.get(entry.idempotencyKey)
    if (known !== undefined) repeated += 1
    if (known !== undefined && known !== entry.checksum) contradictory += 1
    checksums.set(entry.idempotencyKey, entry.checksum)
  }
  return { unique: checksums.size, repeated, torn, contradictory }
}

function parse(line: string): { idempotencyKey: string; checksum: string } | undefined {
  try {
    return JSON.parse(line) as { idempotencyKey: string; checksum: string }
  } catch {
    return undefined
  }
}
