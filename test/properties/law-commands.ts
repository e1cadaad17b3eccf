/**
 * Law 8, of what comes after the answer: a pause holds until somebody takes it back, and what was answered as under way is carried out.
 *
 * Owns: which command was the last word about an execution, and what must be seen of it at a quiet instant and when a scope answers.
 */
import { isTerminal } from '../../src/index.js'
import { splitState } from '../../src/actors/execution/stored-state.js'
import type { StoredExecution } from '../../src/persistence/snapshot-store.js'
import type { Answer, Asked } from './ledger.js'
import type { World } from './world.js'

/** How long what was answered as under way may stand in the inbox until it is read there, in ms: more than two polls, and the time that steps have. */
const READ = 20_000

const isPause = ({ call }: Asked) => call === 'pause' || call === 'stream pause' || call === 'runtime pause'
const mayResume = ({ call }: Asked) => call.endsWith('resume') || call === 'retry'

/** True if it is about that execution, one above it, or all of a scope in which one of them stands. */
function concerns({ id, call }: Asked, row: StoredExecution, { ledger }: World): boolean {
  if (call.startsWith('runtime ')) return true
  return [row, ...ledger.above(row.id)].some((each) => each.id === id || (call.startsWith('stream ') && each.entryPoint === id))
}

/** At a quiet instant of one process: what was paused rests, until it is resumed; what is to be cancelled does not go on. */
export function commandsHold(world: World): void {
  // what a process that stops has in hand waits for the next one
  if (!world.isCalm || world.primary.isLeaving) return
  const { ledger, findings } = world
  for (const row of ledger.rows.values()) {
    if (isTerminal(row.status)) continue
    const about = ledger.asked.filter((asked) => concerns(asked, row, world))
    const problem = goesOn(row, about, world) ?? isKept(row, about, world)
    if (problem) findings.push(`${row.id} is ${row.status} ${problem}`)
  }
}

/** The last word about it was a pause, which was answered, and it is not paused. */
function goesOn(row: StoredExecution, about: readonly Asked[], world: World): string | undefined {
  const pause = about.findLast(isPause)
  if (!pause?.answer || row.status === 'cancelling') return undefined
  const { status, n, at } = pause.answer
  const isScope = pause.call !== 'pause'
  if (!(isScope ? ['done'] : ['paused', 'already_paused', 'pausing']).includes(status)) return undefined
  const first = world.ledger.history(row.id)[0]?.n ?? Infinity
  const isNew = first > n
  if (mayGoOn(pause, about, isNew)) return undefined
  const begun = isNew ? begunAt(row, pause, world) : first
  // what one that was paused starts later is its own
  if (begun === undefined || (isNew && !(isScope && isOf(pause, row)))) return undefined
  // what is accepted in a paused stream waits there
  if (begun > n) return row.startedAt === null ? undefined : 'in what was paused'
  if (isNew && row.status === 'queued' && row.startedAt === null) return undefined
  const isUnderWay = status === 'pausing' || pause.answer.timeout !== undefined
  if (row.status === 'paused' || (isUnderWay && (isBusy(row, world) || isFresh(at, world)))) return undefined
  return `after ${pause.call} of ${pause.id}, which was answered ${status}, and nobody has resumed it`
}

/** When it was triggered, if that came to the process that got the pause; undefined: that is not known. */
function begunAt({ id, parentId }: StoredExecution, pause: Asked, { ledger }: World): number | undefined {
  const triggers = ledger.asked.filter(({ call }) => call === 'trigger')
  const own = triggers.find(({ answer }) => answer?.id === id)
  // one that was not answered may have begun it under the same key
  const isKeyed = own?.id.endsWith(':') === false
  const first = isKeyed ? triggers.find(({ id: key }) => key === own.id) : own
  return parentId === null && first?.process === pause.process ? first.n : undefined
}

const isOf = ({ call, id }: Asked, { entryPoint }: StoredExecution) => call === 'runtime pause' || id === entryPoint

/**
 * True if a resume came after the pause, or was not through when that came, from another side or another process. A resume of
 * the stream wakes nothing that was paused with the runtime, nor the other way round; to what is new it opens the stream.
 */
function mayGoOn(pause: Asked, about: readonly Asked[], isNew: boolean): boolean {
  return about.some(
    (asked) =>
      mayResume(asked) &&
      (isNew || !isOfAnotherScope(asked, pause) || about.some(({ n, call }) => n < asked.n && call === pauseOf(asked))) &&
      (asked.n > pause.n ||
        ((asked.answer?.told ?? Infinity) > pause.n && (asked.id !== pause.id || asked.process !== pause.process))),
  )
}

const pauseOf = ({ call }: Asked) => call.replace('resume', 'pause')

const isOfAnotherScope = (resume: Asked, pause: Asked) =>
  resume.call.includes(' ') && pause.call.includes(' ') && pauseOf(resume) !== pause.call

/** A cancel was answered as under way, and it is not being cancelled. */
function isKept(row: StoredExecution, about: readonly Asked[], world: World): string | undefined {
  const cancel = about.findLast(({ call, answer }) => call === 'cancel' && answer?.status === 'cancelling')
  if (!cancel?.answer || cancel.id !== row.id || row.status === 'cancelling' || isFresh(cancel.answer.at, world)) return undefined
  return `after a cancel that was answered cancelling`
}

/** True if steps of it, or of what it has started, have not ended: one runs, or its attempt has failed and the next one is to come. */
function isBusy(row: StoredExecution, { ledger, flights }: World): boolean {
  const ids = [row.id, ...ledger.below(row.id).map(({ id }) => id)]
  const betweenAttempts = (key: string) => flights.findLast((flight) => flight.key === key)?.failedAt !== undefined
  return (
    flights.some(({ id, over }) => !over && ids.includes(id)) ||
    ids.some((id) => [...(ledger.history(id).at(-1)?.steps ?? [])].some(betweenAttempts))
  )
}

/** True if it was answered, or its process has begun, so lately that it may stand in the inbox. */
function isFresh(at: number, { clock, primary }: World): boolean {
  return clock.monotonic() - Math.max(at, primary.begunAt) < READ
}

/** When a scope answers, all that was there before rests, or has ended. What was cancelling ends so. */
export function answersHold(world: World): string[] {
  const { ledger } = world
  const broken = ledger.answers.flatMap((answer) => {
    const left = answer.calm && answer.status === 'done' && answer.timeout === undefined ? leftBy(answer, world) : undefined
    return left ? [`${answer.call} of ${answer.id} was answered while ${left.id} was ${left.status}`] : []
  })
  for (const { call, id, status, row } of ledger.answers) {
    const end = ledger.rows.get(id)?.status
    if (call !== 'cancel' || status !== 'cancelling' || row?.status !== 'cancelling') continue
    // a limit that was reached before stops it as a cancel does, and decides how it ends
    const isOver = splitState(row.state, id).lifecycle.context.ending?.status === 'timed_out'
    if (end !== (isOver ? 'timed_out' : 'cancelled')) broken.push(`${id} was told to be cancelling, and is ${end}`)
  }
  return broken
}

function leftBy(answer: Answer, world: World): StoredExecution | undefined {
  const { call, open, n, told } = answer
  if (call === 'stream cancel' || call === 'runtime cancel') return open[0]
  if (call !== 'stream pause' && call !== 'runtime pause') return undefined
  return open.find((row) => {
    const isResumed = world.ledger.asked.some(
      (asked) => mayResume(asked) && concerns(asked, row, world) && asked.n < told && (asked.answer?.told ?? Infinity) > n,
    )
    return row.status !== 'paused' && row.status !== 'cancelling' && !isResumed
  })
}
