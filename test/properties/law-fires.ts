/**
 * Laws 1, 3, 5 and 8 of what fires and of what is published: one execution for each tick, event and delivery, whatever crashes; an
 * event is in the journal once, and who waits for it gets the first that fits.
 *
 * Owns: what must be there at the end, from what was asked for and what was answered alone.
 */
import { decode } from '../../src/codec/snapshot-codec.js'
import type { StoredEvent, StoredExecution } from '../../src/persistence/snapshot-store.js'
import { firedIds, firing, publishedTypes, type Fired, type FiresSpec } from './fired.js'
import type { World } from './world.js'

/** After a run: each tick, event and delivery has one execution. */
export async function firesHold(world: World, spec: FiresSpec): Promise<string[]> {
  const journal = await world.store.events({ since: 0, limit: 100_000 })
  return [...deliveriesHold(world), ...(await eventsHold(world, journal)), ...ticksHold(world, spec)]
}

/** The executions of one entry point, with what has fired them. */
function firedOf(world: World, entryPoint: string): { readonly by: Fired['by']; readonly row: StoredExecution }[] {
  return [...world.ledger.rows.values()]
    .filter((row) => row.entryPoint === entryPoint)
    .map((row) => ({ by: decode<Fired>(row.input ?? '', { id: row.id, what: 'input' }).by, row }))
}

function deliveriesHold(world: World): string[] {
  const { ledger } = world
  const broken: string[] = []
  const all = firedOf(world, firedIds.deliveries)
  for (const key of new Set(ledger.asked.filter(({ call }) => call === 'deliver').map(({ id }) => id))) {
    const own = all.filter(({ by }) => by === key)
    if (own.length !== 1) broken.push(`delivery ${key} has ${own.length} executions`)
    const answers = ledger.answers.filter(({ call, key: of }) => call === 'deliver' && of === key)
    for (const { status, id, row } of answers) {
      if (status !== '202' && status !== '200') continue
      if (!row) broken.push(`delivery ${key} was answered ${status} before ${id} was stored`)
      if (id !== own[0]?.row.id) broken.push(`delivery ${key} was answered with ${id}, and is ${own[0]?.row.id}`)
    }
    if (answers.filter(({ status }) => status === '202').length > 1) broken.push(`delivery ${key} was accepted twice`)
  }
  return broken
}

async function eventsHold(world: World, journal: readonly StoredEvent[]): Promise<string[]> {
  const broken: string[] = []
  const seqs = journal.map(({ seq }) => seq)
  if (seqs.some((seq, index) => seq <= (seqs[index - 1] ?? 0))) broken.push(`the journal is out of order: ${seqs.join(' ')}`)
  for (const { id, status, outcome, call } of world.ledger.answers) {
    if (call !== 'publish' || (status !== 'published' && status !== 'already_published')) continue
    const event = journal.find(({ seq }) => seq === outcome.seq)
    if (event === undefined || numberOf(event) !== id)
      broken.push(`event ${id} was answered ${status} at ${outcome.seq}, where there is ${event && numberOf(event)}`)
  }
  // triggers publish too: of what they leave out
  const own = journal.filter(({ type }) => (publishedTypes as readonly string[]).includes(type))
  const numbers = own.map(numberOf)
  for (const number of new Set(numbers))
    if (numbers.filter((each) => each === number).length > 1) broken.push(`event ${number} was published twice`)
  const fired = firedOf(world, firedIds.events)
  for (const { seq, type } of own) {
    const count = fired.filter(({ by }) => by === seq).length
    const wanted = type.startsWith(firing.slice(0, -1)) ? 1 : 0
    if (count !== wanted) broken.push(`event ${seq}, ${type}, has ${count} executions`)
  }
  for (const { by } of fired)
    if (!own.some(({ seq }) => seq === by)) broken.push(`an execution was fired by ${by}, which is no event`)
  return [...broken, ...waitersHold(world)]
}

/** The name under which it was asked for. */
const numberOf = ({ data }: StoredEvent) =>
  data === null ? undefined : decode<{ name: string }>(data, { id: '', what: 'event' }).name

/** Who waits gets the first event that became durable after the call, or one of just before it; and its time is up only if none came. */
function waitersHold({ ledger }: World): string[] {
  const fits = ledger.published.filter(({ type }) => type.startsWith(firing.slice(0, -1)))
  return ledger.answers.flatMap(({ call, status, n, told, outcome, timeout, process, calm }) => {
    if (call !== 'wait') return []
    const after = fits.filter((event) => event.n > n)
    // what another process has written may be seen only at the next look
    const seen = after.find((event) => event.acknowledgedAt < told && event.process === process)
    if (status === 'timeout' && timeout !== 0 && calm && seen) return [`a waiter's time was up, and event ${seen.seq} had come`]
    const seq = outcome.event?.seq ?? 0
    // a process that is frozen asks the store where the journal ends after others have gone on
    const first = after.find((event) => calm || event.process === process)
    return status === 'happened' && first && first.seq < seq
      ? [`a waiter got event ${seq}, and ${first.seq} had come before`]
      : []
  })
}

function ticksHold(world: World, { period, missed }: FiresSpec): string[] {
  const { ledger, jumps } = world
  const broken: string[] = []
  const fired = firedOf(world, firedIds.ticks)
  const instants = fired.map(({ by }) => by as number).toSorted((a, b) => a - b)
  const last = ledger.written
    .filter(({ commit }) => commit.revision === 1 && ledger.rows.get(commit.id)?.entryPoint === firedIds.ticks)
    .at(-1)
  // the end of a run lets some periods pass in one process that nothing is wrong with
  const silence = world.clock.monotonic() - (last?.at ?? 0)
  if (silence > 2 * period + 120_000) broken.push(`no tick came for ${silence} ms`)
  if (jumps.length > 0) return broken
  for (const [index, at] of instants.entries()) {
    const before = instants[index - 1]
    if (before === undefined) continue
    if (at === before) broken.push(`the tick of ${at} has two executions`)
    else if ((at - before) % period !== 0) broken.push(`ticks come at ${before} and ${at}, every ${period}`)
    else if (missed === 'all' && at - before !== period) broken.push(`no tick between ${before} and ${at}, every ${period}`)
  }
  return broken
}
