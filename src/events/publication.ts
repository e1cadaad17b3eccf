/**
 * The events that an application publishes itself.
 *
 * Owns: what may be said of one, the check of that, and which types are the core's own.
 */
import { StatewardError } from '../errors.js'
import { isId, isFilledText, isWholeText, wholeTextWanted } from '../ids.js'
import { refuseUnknown, type OptionNames } from '../known-options.js'

/** What may be said about an event that is published. */
export interface PublishOptions {
  /**
   * A name of its own, 1 to 512 characters; default a fresh one. However often an event is published under one id, it is in the
   * journal once, for as long as it is kept: so a call whose answer was lost may be made again. Errors: `invalid_id`,
   * `idempotency_conflict` with another type or other data.
   */
  readonly id?: string | undefined
  /** To find what belongs together; default none. Error: `invalid_id`. */
  readonly correlationId?: string | undefined
  /** Default none. Error: `invalid_id`. */
  readonly sessionId?: string | undefined
  /** What it is published for: the id of an execution, or `#` and the `seq` of an event. 1 to 512 characters; default none. Error: `invalid_id`. */
  readonly causationId?: string | undefined
}

const names: OptionNames<PublishOptions> = { id: true, correlationId: true, sessionId: true, causationId: true }

/** `already_published`: there was an event under that id, with this type and these data; `seq` is its place. */
export interface PublishOutcome {
  readonly status: 'published' | 'already_published'
  readonly id: string
  readonly seq: number
}

/** The first words of types that only the core publishes, today or in a later version. */
export const reservedWords = [
  'execution',
  'journal',
  'question',
  'runtime',
  'schedule',
  'state',
  'stateward',
  'step',
  'stream',
  'supervisor',
  'trigger',
  'xstate',
] as const

const reserved: ReadonlySet<string> = new Set(reservedWords)
const idWanted = '1 to 128 letters, digits, or . _ : - inside, never two dots in a row'
const textWanted = `a text of 1 to 512 characters, ${wholeTextWanted}`
const isText = (value: unknown) => isFilledText(value, 512)

/** Throws `invalid_event` for a type that is none, or the core's; `invalid_option` and `invalid_id`, naming the option. */
export function checkPublication(type: string, options: PublishOptions | undefined): void {
  if (!isWholeText(type) || type.length === 0 || type.length > 256)
    throw new StatewardError('invalid_event', `The type of an event is a text of 1 to 256 characters, ${wholeTextWanted}.`, {
      details: { type: typeof type === 'string' ? JSON.stringify(type) : typeof type },
    })
  const [word = ''] = type.split('.')
  if (reserved.has(word))
    throw new StatewardError('invalid_event', `Events whose type begins with \`${word}.\` are the runtime's own: not ${type}.`, {
      details: { type, reserved: word },
    })
  const subject = `The publication of ${type}`
  refuseUnknown('invalid_option', subject, options, names, { type })
  const { id, causationId, ...ids } = options ?? {}
  for (const [option, value] of Object.entries({ id, causationId }))
    if (value !== undefined && !isText(value)) throw notOne(subject, option, value, textWanted)
  for (const [option, value] of Object.entries(ids))
    if (value !== undefined && !isId(value)) throw notOne(subject, option, value, idWanted)
}

function notOne(subject: string, option: string, value: unknown, wanted: string): StatewardError {
  const shown = typeof value === 'string' ? JSON.stringify(value) : typeof value
  return new StatewardError('invalid_id', `${subject}: \`${option}\` is ${shown}; use ${wanted}.`, {
    details: { option, value: shown },
  })
}
