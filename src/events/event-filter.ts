/**
 * Which events of the journal somebody wants.
 *
 * Owns: what a filter may say, its check, and which events fit. An event that tells of missing ones (`journal.gap`) fits whatever
 * missing event might have fitted.
 */
import { StatewardError } from '../errors.js'
import { groupOf, isFilledText, isWholeText, wholeTextWanted } from '../ids.js'
import { refuseUnknown, type OptionNames } from '../known-options.js'
import type { RuntimeEvent } from './runtime-event.js'

/** Which events. All that is given must fit. */
export interface EventFilter {
  /** Of this type, or of one of these. `order.*` stands for all types that begin with `order.`. `journal.gap` comes in any case. */
  readonly type?: string | readonly string[] | undefined
  /** Of the execution with this id. */
  readonly execution?: string | undefined
  readonly entryPoint?: string | undefined
  /** Of the entry points of this group. */
  readonly group?: string | undefined
  readonly sessionId?: string | undefined
  readonly correlationId?: string | undefined
  /** Called with each event that fits otherwise, but for `journal.gap`: false leaves it out. What it throws, the reader gets. */
  readonly where?: ((event: RuntimeEvent) => boolean) | undefined
  /** Events with a greater `seq` come; 0 is the beginning, and absent means from now on. */
  readonly since?: number | undefined
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined
}

/** What of an event a filter looks at, in the form of a store. */
interface Known {
  readonly type: string
  readonly executionId: string | null
  readonly entryPoint: string | null
  readonly sessionId: string | null
  readonly correlationId: string | null
}

/** The type of the event that stands for missing ones. */
const gap = 'journal.gap'
const names: OptionNames<EventFilter> = {
  type: true,
  execution: true,
  entryPoint: true,
  group: true,
  sessionId: true,
  correlationId: true,
  where: true,
  since: true,
  signal: true,
}
const texts = ['execution', 'entryPoint', 'group', 'sessionId', 'correlationId'] as const

/** Throws `invalid_option`, naming the option, for a filter that no event could fit. `subject`: the call, for the message; `without`: what that call says in another place. */
export function checkEventFilter(subject: string, filter: EventFilter, without: readonly (keyof EventFilter)[] = []): void {
  const known = Object.fromEntries(Object.entries(names).filter(([name]) => !without.includes(name as never)))
  refuseUnknown('invalid_option', subject, filter, known as Record<string, true>)
  const { type, where, since } = filter
  const refuse = (option: string, value: unknown, wanted: string) => {
    const shown = typeof value === 'string' ? JSON.stringify(value) : Array.isArray(value) ? 'a list' : String(value)
    const message = `${subject}: \`${option}\` is ${shown}; it must be ${wanted}.`
    throw new StatewardError('invalid_option', message, { details: { option, value: shown } })
  }
  for (const option of texts) {
    const value = filter[option]
    if (value !== undefined && !isFilledText(value)) refuse(option, value, `a text, not empty, ${wholeTextWanted}`)
  }
  if (type !== undefined && !(Array.isArray(type) ? type.length > 0 && type.every(isWholeText) : isWholeText(type)))
    refuse('type', type, `the type of an event, or a list of such, each a text ${wholeTextWanted}`)
  if (where !== undefined && typeof where !== 'function') refuse('where', where, 'a function')
  if (since !== undefined && !(typeof since === 'number' && !Number.isNaN(since)))
    refuse('since', since, 'the `seq` of an event, or 0')
}

/** True for an event that fits all of the filter but its `where`. */
export type EventTest = (event: Known) => boolean

/** The test of a filter. */
export function eventTest(filter: Omit<EventFilter, 'where' | 'since' | 'signal'>): EventTest {
  const { execution, entryPoint, group, sessionId, correlationId } = filter
  const isOfType = typeTest(filter.type)
  return (event) => {
    const isOfNobody = event.executionId === null
    if (execution !== undefined && event.executionId !== execution) return false
    if (entryPoint !== undefined && event.entryPoint !== entryPoint) return false
    if (group !== undefined && (event.entryPoint === null || groupOf(event.entryPoint) !== group)) return false
    if (event.type === gap && isOfNobody) return true
    if (sessionId !== undefined && event.sessionId !== sessionId) return false
    if (correlationId !== undefined && (event.correlationId ?? event.executionId) !== correlationId) return false
    return event.type === gap || isOfType(event.type)
  }
}

function typeTest(wanted: EventFilter['type']): (type: string) => boolean {
  if (wanted === undefined) return () => true
  const all = typeof wanted === 'string' ? [wanted] : wanted
  const exact = new Set(all.filter((type) => !type.endsWith('.*')))
  const beginnings = all.filter((type) => type.endsWith('.*')).map((type) => type.slice(0, -1))
  return (type) => exact.has(type) || beginnings.some((beginning) => type.startsWith(beginning))
}

/** True for an event that tells of missing ones, unless they are what the filter asks for. */
export function isGap({ type }: Pick<RuntimeEvent, 'type'>, wanted?: EventFilter['type']): boolean {
  return type === gap && !(typeof wanted === 'string' ? [wanted] : (wanted ?? [])).includes(gap)
}
