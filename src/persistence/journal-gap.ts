/**
 * The event that replaces events of an execution which the journal no longer keeps.
 *
 * Owns: the form of that event, for every store. It has the number, the time and the revision of the last event that is
 * missing, so that only a reader that would have read the missing events gets it.
 */
import { decode, encode } from '../codec/snapshot-codec.js'
import type { StoredEvent } from './snapshot-store.js'

/** The type of the event. */
export const gapType = 'journal.gap'

/** The missing events: `dropped` events of one execution, or of the application; the first and the last one had these numbers. */
export interface JournalGap {
  readonly from: number
  readonly to: number
  readonly dropped: number
}

type Place = Pick<StoredEvent, 'seq' | 'type' | 'data'>

/** The data of the event that stands for `oldest`, which may be such an event itself, up to the one with number `to`. */
export function gapData(id: string, oldest: Place, to: number, dropped: number): string {
  const before = oldest.type === gapType ? decode<JournalGap>(oldest.data ?? '', { id, what: gapType }) : undefined
  // the event that stood for others is none of them
  const gap = before ? { from: before.from, to, dropped: before.dropped + dropped - 1 } : { from: oldest.seq, to, dropped }
  return encode(gap, { id, what: gapType })
}
