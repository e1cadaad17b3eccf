/**
 * The error of a command to many that did not reach every execution.
 *
 * Owns: the one error that names each of them, made once all the others have the command. Does not know: how they get it (the router).
 */
import { isStatewardError, StatewardError, toErrorRecord } from '../../errors.js'

/** An execution, or a whole stream, correlation or session, that the command did not reach or that has not answered. */
export interface Unreached {
  readonly of:
    | { readonly id: string }
    | { readonly entryPoint: string }
    | { readonly correlationId: string }
    | { readonly sessionId: string }
  readonly error: unknown
}

/** How many are named in the message, and how many in the details. */
const NAMED = 5
const LISTED = 100

/** The failures in an error of this kind: an error that is made of it names the same ones. */
const known = new WeakMap<object, readonly Unreached[]>()

/**
 * The error for a command that did not reach all; undefined if it did. `what`: `The pause of the runtime`. Its code is that of the
 * first failure. Its details are those of the first failure, `failures` (each with an `id` or an `entryPoint`, and its `error`),
 * `failed` (how many there are), and `answered` (the answers of the others, if known).
 */
export function unreachedError(what: string, all: readonly Unreached[], answered?: unknown): StatewardError | undefined {
  const unreached = all.flatMap((each) => (typeof each.error === 'object' && each.error && known.get(each.error)) || [each])
  const first = unreached.find(({ error }) => isStatewardError(error)) ?? unreached[0]
  if (first === undefined) return undefined
  const typed = unreached.flatMap(({ error }) => (isStatewardError(error) ? [error] : []))
  const names = unreached.slice(0, NAMED).map(({ of, error }) => `${nameOf(of)} (${messageOf(error)})`)
  const others = unreached.length > NAMED ? ` and ${unreached.length - NAMED} others` : ''
  const cause = unreached.length === 1 ? first.error : new AggregateError(unreached.map(({ error }) => error))
  const failures = unreached.slice(0, LISTED).map(({ of, error }) => ({ ...of, error: withoutStack(error) }))
  const error = new StatewardError(
    typed[0]?.code ?? 'store_failed',
    `${what}: all others were told, and it has failed for ${names.join('; ')}${others}.`,
    {
      details: { ...typed[0]?.details, failures, failed: unreached.length, ...(answered === undefined ? {} : { answered }) },
      retryable: typed.length === unreached.length && typed.every(({ retryable }) => retryable),
      cause,
    },
  )
  known.set(error, unreached)
  return error
}

function nameOf(of: Unreached['of']): string {
  if ('id' in of) return `execution ${of.id}`
  if ('entryPoint' in of) return `stream ${of.entryPoint}`
  return 'correlationId' in of ? `correlation ${of.correlationId}` : `session ${of.sessionId}`
}
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

function withoutStack(error: unknown) {
  const { stack: _, ...record } = toErrorRecord(error)
  return record
}
