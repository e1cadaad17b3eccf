/**
 * Laws 8 and 9: what calls may answer, and that what fails is said.
 *
 * Owns: for each command and each durable status, the set of truthful answers.
 */
import { inspect } from 'node:util'
import { isStatewardError, isTerminal, type ExecutionStatus } from '../../src/index.js'
import { decode } from '../../src/codec/snapshot-codec.js'
import type { Answer, Written } from './ledger.js'
import type { World } from './world.js'

type Call = 'pause' | 'resume' | 'cancel' | 'send'

/** What a command may answer when it is given in a status; an execution may also end on the way. */
const truthful: Record<Call, Partial<Record<ExecutionStatus, readonly string[]>>> = {
  // a status is as of the last commit: a cancel may be under way in it
  pause: {
    queued: ['paused', 'cancelling', 'resumed'],
    running: ['paused', 'cancelling', 'resumed'],
    waiting: ['paused', 'cancelling', 'resumed'],
    pausing: ['paused', 'already_paused', 'cancelling', 'resumed'],
    paused: ['already_paused', 'paused', 'cancelling', 'resumed'],
    cancelling: ['cancelling'],
  },
  resume: {
    queued: ['already_running', 'cancelling'],
    running: ['already_running', 'cancelling'],
    waiting: ['already_running', 'resumed', 'cancelling'],
    pausing: ['resumed', 'already_running', 'cancelling'],
    paused: ['resumed', 'already_running', 'cancelling'],
    cancelling: ['cancelling'],
  },
  cancel: {
    queued: ['cancelled'],
    running: ['cancelled'],
    waiting: ['cancelled'],
    pausing: ['cancelled'],
    paused: ['cancelled'],
    cancelling: ['cancelled'],
  },
  send: {
    queued: ['queued', 'delivered'],
    running: ['queued', 'delivered'],
    waiting: ['queued', 'delivered'],
    pausing: ['queued', 'delivered'],
    paused: ['queued'],
    cancelling: ['queued', 'delivered'],
  },
}

/** Law 8: each answer is one that its status allows, and the store bears it out. */
export function truthfulAnswers(world: World): string[] {
  return world.ledger.answers.flatMap((answer) => {
    const problem = problemWith(answer, world)
    return problem ? [`${answer.call} of ${answer.id} in ${answer.asked}: ${problem}`] : []
  })
}

function problemWith(answer: Answer, world: World): string | undefined {
  const { n, calm, call, asked, status, outcome, row, id, error, timeout } = answer
  if (error !== undefined) return isStatewardError(error) ? undefined : `rejects with an untyped error: ${inspect(error)}`
  if (call.startsWith('unknown')) return status === 'not_found' ? undefined : `answers ${status} about nobody`
  const history = world.ledger.history(id)
  const at = history.find(({ commit }) => commit.revision === outcome.revision)?.commit
  if (status === 'already_finished' && row?.status !== outcome.as) return `tells ${outcome.as}, and the store ${row?.status}`
  if (status === 'cancelled' && call === 'cancel' && row?.status !== 'cancelled')
    return `tells cancelled, and the store ${row?.status}`
  if ((status === 'paused' || status === 'already_paused') && at?.status !== 'paused')
    return `tells paused in revision ${outcome.revision}, which is ${at?.status}`
  const isExhausted = history.find(({ commit }) => commit === at)?.record.pause?.reason === 'retries_exhausted'
  if (status === 'resumed' && at && !isExhausted && (at.status === 'paused' || at.status === 'pausing'))
    return `tells resumed in a revision that is ${at.status}`
  // a resume that is only on its way is none; from another process it takes its time
  if (calm && status === 'already_running' && neverGoes(answer, world))
    return 'tells already_running, and the store paused all the while'
  if (call === 'get' && outcome.revision !== undefined && at?.status !== status)
    return `tells ${status} in revision ${outcome.revision}, which is ${at?.status}`
  if (call === 'result' && isTerminal(status as ExecutionStatus) && row?.status !== status)
    return `tells ${status}, and the store ${row?.status}`
  if (asked === undefined || asked === 'absent') return undefined
  if (isTerminal(asked) && call in truthful && (status !== 'already_finished' || outcome.as !== asked))
    return `answers ${status} ${outcome.as ?? ''}`
  // one that does not wait may be overtaken by the end on its own way
  const endsMeanwhile = history.some((later) => later.n > n && later.n < answer.told && later.commit.status === status)
  if (call === 'result') return isTerminal(asked) === (status === 'timeout') && !endsMeanwhile ? `answers ${status}` : undefined
  // whoever took it over may have gone on with it before the answer
  if (world.ledger.claims.some((claim) => claim.id === id && claim.n > n)) return undefined
  // one by way of another process may have come to the execution while this one was frozen on its way
  const isAhead = (other: Answer) => other.n < n || (other.process !== answer.process && other.n < answer.told)
  // a pause that is under way at the quiet instant is taken back: it waits for children, or its process was frozen
  const isPausedSince =
    history.some((later) => later.n > n && ['pausing', 'paused'].includes(later.commit.status)) ||
    world.ledger.answers.some(
      (other) => isAhead(other) && (other.told > n || other.status === 'pausing') && pauses(other, id, world),
    ) ||
    // whoever asked for it died before its answer, and it may still be in the inbox
    world.ledger.asked.some((other) => other.answer === undefined && other.n < answer.told && pauses(other, id, world))
  // an attempt that failed meanwhile waited for its next one, which the resume has brought at once
  const wasRetrying = history.some((later) => later.n > n && later.n < answer.told && isRetrying(later))
  if (call === 'resume' && status === 'resumed' && (isPausedSince || wasRetrying)) return undefined
  // its time was up
  if (timeout !== undefined && status === (call === 'cancel' ? 'cancelling' : 'pausing')) return undefined
  const allowed = truthful[call as Call]?.[asked]
  if (allowed && status !== 'already_finished' && !allowed.includes(status)) return `answers ${status}`
  return undefined
}

/** True of a commit with which an attempt that has failed waits for its next one, or has waited. */
const isRetrying = ({ record, commit }: Written) =>
  record.limits.retryAt !== undefined || commit.events.some(({ type }) => type === 'execution.retrying')

/** True if the store had it paused from when it was asked until the answer came. */
function neverGoes({ id, n, told }: Answer, { ledger }: World): boolean {
  const history = ledger.history(id)
  const [before] = history.filter((written) => written.n < n).slice(-1)
  const seen = [...(before ? [before] : []), ...history.filter((written) => written.n > n && written.n < told)]
  return seen.length > 0 && seen.every(({ commit }) => commit.status === 'paused')
}

/** True if it is a pause of that execution, of one above it or of a whole stream. */
function pauses({ call, id }: Pick<Answer, 'call' | 'id'>, of: string, { ledger }: World): boolean {
  if (call === 'stream pause' || call === 'runtime pause') return true
  return call === 'pause' && (id === of || ledger.below(id).some((row) => row.id === of))
}

/** Law 8: a command that is repeated changes nothing, and says so. Asked at the end of a run, of everything in it. */
export async function repeatsAreIdle(world: World): Promise<string[]> {
  const broken: string[] = []
  const { runtime } = world.primary
  const before = world.ledger.written.length
  for (const row of [...world.ledger.rows.values()]) {
    const handle = runtime.execution(row.id)
    for (const call of ['pause', 'resume', 'cancel'] as const) {
      const answer = await handle[call]()
      if (answer.status !== 'already_finished' || answer.as !== row.status)
        broken.push(`${call} of ${row.id}, which is ${row.status}, answers ${JSON.stringify(answer)}`)
    }
    const sent = await handle.send({ type: 'PING', n: -1 })
    if (sent.status !== 'already_finished') broken.push(`send to ${row.id} answers ${sent.status}`)
    // a key of a step is its parent's to give
    if (row.idempotencyKey === null || row.parentId !== null) continue
    const trigger = (input: unknown) =>
      runtime.trigger(row.entryPoint as never, ...([input, { idempotencyKey: row.idempotencyKey }] as [never, never]))
    const again = await trigger(decode(row.input, { id: row.id, what: 'input' }))
    if (again.id !== row.id) broken.push(`the key of ${row.id} gives ${again.id}`)
    const other: unknown = await trigger({ label: 'another input' }).catch((error: unknown) => error)
    if (!isStatewardError(other, 'idempotency_conflict'))
      broken.push(`the key of ${row.id} with another input gives ${inspect(other)}`)
  }
  await world.settle()
  const after = world.ledger.written.length - before
  if (after > 0) broken.push(`${after} commits were made by commands that were repeated`)
  return broken
}

/** Law 9: each refused value is named with its path, each failed write is told to a caller or in the health of the store. */
export function nothingSilent(world: World): string[] {
  const { ledger } = world
  const broken: string[] = []
  for (const { call, error, status } of ledger.answers) {
    if (error !== undefined && !isStatewardError(error)) broken.push(`${call} rejects with an untyped error: ${inspect(error)}`)
    if (call !== 'bad send' && call !== 'bad trigger') continue
    if (error === undefined && status !== 'already_finished') broken.push(`${call} answers ${status}`)
    if (isStatewardError(error, 'not_storable') && error.details['path'] !== 'bad')
      broken.push(`${call} names ${String(error.details['path'])}`)
  }
  for (const { n, ids, process, error, operation } of ledger.failed) {
    const said =
      world.processes.some(
        ({ name, health }) =>
          name === process &&
          health.some((line) => line.includes(error.message) || (operation === 'commit' && line.startsWith('degraded'))),
      ) ||
      ledger.answers.some(
        (answer) => answer.process === process && String((answer.error as Error | undefined)?.message).includes(error.message),
      )
    // what failed is tried again at once, commit by commit; a failure of that is another one
    const mended =
      operation === 'commit' &&
      ids.every((id) => ledger.attempts.some((tried) => tried.n > n && tried.process === process && tried.id === id))
    // the commit that asked who owns it is tried again
    const asked = operation === 'heartbeat' && ledger.attempts.some((tried) => tried.n > n && tried.process === process)
    const died = world.processes.some(({ name, lives }) => name === process && !lives)
    if (!said && !mended && !asked && !died) broken.push(`nobody was told of ${operation} in ${process}: ${error.message}`)
  }
  for (const { record, commit } of ledger.written) {
    const context = record.context as { poison?: unknown } | undefined
    if (context?.poison !== undefined) broken.push(`${commit.id} stored a function`)
  }
  for (const row of ledger.rows.values()) {
    const poisoned = row.status === 'failed' && row.error?.includes('not_storable')
    if (poisoned && !row.error?.includes('context.poison'))
      broken.push(`${row.id} does not name what can't be stored: ${row.error}`)
  }
  return broken
}
