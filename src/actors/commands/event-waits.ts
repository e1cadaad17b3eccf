/**
 * Waits for one event of the journal.
 *
 * Owns: that none is missed between the call and its first look, and the answers. The feed does the reading.
 */
import type { Clock } from '../../clock.js'
import { StatewardError } from '../../errors.js'
import { isGap, type EventFilter } from '../../events/event-filter.js'
import type { WaitForOptions, WaitForOutcome } from '../../events/event-wait.js'
import type { JournalFeed } from '../supervisor/journal-feed.js'

/** The parts of a supervisor that are used. */
interface Asked {
  readonly settings: { readonly clock: Clock }
  readonly feed: Pick<JournalFeed, 'first' | 'follow'>
  open(): Promise<void>
}

/** The first event that fits, of those since `since` or from now on. */
export async function waitForEvent(
  supervisor: Asked,
  filter: EventFilter,
  { timeout, since, signal }: WaitForOptions,
): Promise<WaitForOutcome> {
  signal?.throwIfAborted()
  if (timeout === 0) {
    await supervisor.open()
    const { event, isIncomplete } = since === undefined ? noEvent : await supervisor.feed.first(filter, since)
    signal?.throwIfAborted()
    return event ? { status: 'happened', event } : timedOut(isIncomplete)
  }
  const { clock } = supervisor.settings
  const over = new AbortController()
  const end = () => over.abort()
  const timer = timeout === undefined ? undefined : clock.setTimeout(end, timeout)
  signal?.addEventListener('abort', end, { once: true })
  let isIncomplete = false
  try {
    await supervisor.open()
    for await (const event of supervisor.feed.follow({ ...filter, since, signal: over.signal })) {
      if (!isGap(event, filter.type)) return { status: 'happened', event }
      isIncomplete = true
    }
    signal?.throwIfAborted()
    if (over.signal.aborted) return timedOut(isIncomplete)
    throw new StatewardError('already_stopped', 'The runtime was stopped; the event may still come.')
  } finally {
    clock.clearTimeout(timer)
    signal?.removeEventListener('abort', end)
  }
}

const noEvent = { event: undefined, isIncomplete: false }

function timedOut(isIncomplete: boolean): WaitForOutcome {
  return { status: 'timeout', ...(isIncomplete ? { isIncomplete } : {}) }
}
