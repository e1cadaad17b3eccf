/**
 * A snapshot as a text for people: a line that says where the execution stands, then what there is beside it.
 *
 * Owns: that text. Talks to: `value-text.ts` for values, `world/readable.ts` for times and states. Does not know: test runners.
 */
import type { StateValue } from 'xstate'
import type { ErrorRecord } from '../../errors.js'
import { isTerminal } from '../../events/execution-status.js'
import { durationText, stateText } from '../world/readable.js'
import { isPlainObject } from './normal-form.js'
import type {
  ChildSnapshot,
  EventSnapshot,
  ExecutionSnapshot,
  InterventionSnapshot,
  RanSnapshot,
  StartedSnapshot,
  StepSnapshot,
  TimerSnapshot,
} from './snapshot-form.js'
import { errorText, eventText, indented, valueText } from './value-text.js'

/** A machine without states is nowhere. */
const placeText = (value: StateValue | undefined, preposition: string) =>
  value === undefined || Object.keys(value).length === 0 ? '' : ` ${preposition} ${stateText(value)}`

/** `waiting in approval`, `completed at shipped`. */
export function whereItStands({ status, value }: Pick<ExecutionSnapshot, 'status' | 'value'>): string {
  return `${status}${placeText(value, isTerminal(status) ? 'at' : 'in')}`
}

/** `execution <id> of orders`. */
export const nameOf = ({ id, entryPoint }: Pick<ExecutionSnapshot, 'id' | 'entryPoint'>): string =>
  `execution ${id} of ${entryPoint}`

/**
 * The text of a snapshot, as the serialiser gives it to a test runner. Sections that are empty are left out.
 *
 * @example
 * ```ts
 * const [standing, context] = formatExecution(await executionSnapshot(runtime, execution)).split('\n')
 * console.log(standing) // prints execution <id> of tickets: waiting in open
 * console.log(context?.trim()) // prints context: { id: 123 }
 * ```
 */
export function formatExecution(snapshot: ExecutionSnapshot): string {
  const { attempt, idempotencyKey, pause, cancel, error, ran = [] } = snapshot
  return sections(`${nameOf(snapshot)}: ${whereItStands(snapshot)}${attempt > 1 ? `, attempt ${attempt}` : ''}`, [
    said('key', idempotencyKey),
    said('pause', pause && interventionText(pause)),
    said('cancel', cancel && interventionText(cancel)),
    kept('context', snapshot.context),
    listed('steps', snapshot.steps.map(stepText)),
    listed('children', childTexts(snapshot.children)),
    listed('executions', snapshot.executions.map(startedText)),
    listed('timers', snapshot.timers.map(timerText)),
    listed(
      'limits',
      Object.entries(snapshot.limits).map(([name, left]) => `${name} ${leftText(left)}`),
    ),
    listed(
      'inbox',
      snapshot.inbox.map((message) => ('event' in message ? eventText(message.event) : `(${message.command})`)),
    ),
    listed('events', snapshot.events.map(journalText)),
    kept('output', snapshot.output),
    said('error', error && errorText(error)),
    said('ran', ran.map(ranText).join(', ')),
  ])
}

type Section = string | undefined

const sections = (head: string, parts: readonly Section[]) =>
  [head, ...parts.filter((part) => part !== undefined).map(indented)].join('\n')

const said = (name: string, text: string | undefined): Section => (text ? `${name}: ${text}` : undefined)

const listed = (name: string, texts: readonly string[]): Section =>
  texts.length === 0 ? undefined : [`${name}:`, ...texts.map(indented)].join('\n')

const kept = (name: string, value: unknown): Section =>
  value === undefined || (isPlainObject(value) && Object.keys(value).length === 0)
    ? undefined
    : `${name}: ${valueText(value, name.length + 4)}`

const leftText = (left: number) => (left === 0 ? 'is due' : `in ${durationText(left)}`)

/** `+1m, boundary, by ann: maintenance`. */
function interventionText({ mode, at, actor, reason, scope }: InterventionSnapshot): string {
  const parts = [`+${durationText(at)}`, mode, actor && `by ${actor}`, scope && `of the ${scope}`]
  return `${parts.filter(Boolean).join(', ')}${reason === undefined ? '' : `: ${reason}`}`
}

function stepText({ step, idempotencyKey, attempt, input }: StepSnapshot): string {
  const line = `${step} as ${idempotencyKey}${attempt > 1 ? `, attempt ${attempt}` : ''}`
  return input === undefined ? line : `${line}, input ${valueText(input, line.length + 12)}`
}

const childTexts = (children: ExecutionSnapshot['children']): string[] =>
  Object.entries(children).map(
    ([name, { source, status, value, context, output, error, children: below }]: [string, ChildSnapshot]) =>
      sections(`${name}${source === undefined || source === name ? '' : ` (${source})`}: ${status}${placeText(value, 'in')}`, [
        kept('context', context),
        listed('children', childTexts(below)),
        kept('output', output),
        kept('error', error),
      ]),
  )

const startedText = ({ idempotencyKey, ...started }: StartedSnapshot) =>
  `${started.id} of ${started.entryPoint}: ${whereItStands(started)}${idempotencyKey === undefined ? '' : `, started by ${idempotencyKey}`}`

function timerText({ left, frozen, delay, state, event, source, target }: TimerSnapshot): string {
  const wait = typeof delay === 'number' ? durationText(delay) : delay
  const when = frozen ? `frozen with ${durationText(left)} left` : leftText(left)
  const of = source === '' ? '' : ` of ${source}`
  if (state !== undefined) return `after ${wait} in ${state}${of}, ${when}`
  const to = target === source ? '' : ` to ${target === '^' ? 'the parent' : target === '' ? 'the program' : target}`
  return `${eventText(event)}${of}${to}, set for ${wait}, ${when}`
}

/** What other sections tell as well is not said again. */
function journalText({ at, type, data }: EventSnapshot): string {
  const name = type.slice('execution.'.length)
  const line = `+${durationText(at)} ${name}`
  if (data === undefined || name === 'completed' || name === 'failed') return line
  if (name === 'emitted') return `${line} ${eventText(data, line.length + 5)}`
  if (!isPlainObject(data)) return `${line} ${valueText(data, line.length + 5)}`
  const { status: _, error, intervention = {}, ...rest } = data
  const shown = { ...(intervention as object), ...rest }
  const more = Object.keys(shown).length === 0 ? '' : ` ${valueText(shown, line.length + 5)}`
  return `${line}${more}${error === undefined ? '' : `: ${errorText(error as ErrorRecord)}`}`
}

const ranText = ({ step, times }: RanSnapshot) => `${step} ${times === 1 ? 'once' : `${times} times`}`
