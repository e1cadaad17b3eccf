/** Checks what is said of an execution before it is made, by whoever starts it. Owns no state. */
import { StatewardError } from '../errors.js'
import { isId, isFilledText, isWholeText, wholeTextWanted } from '../ids.js'
import { refuseUnknown } from '../known-options.js'
import { childNames, triggerNames, type ChildOptions, type TriggerOptions } from './requests.js'

const keyWanted = `a text of 1 to 512 characters, ${wholeTextWanted}`
const tagsWanted = `a list of at most 32 texts of 1 to 128 characters, ${wholeTextWanted}`
const idWanted = '1 to 128 letters, digits, or . _ : - inside, never two dots in a row'

/** Throws `invalid_id` for an invalid idempotency key, or causation id. */
export function checkKey(
  subject: string,
  key: unknown,
  details: Readonly<Record<string, unknown>>,
  option: 'idempotencyKey' | 'causationId' = 'idempotencyKey',
): void {
  if (key === undefined || isFilledText(key, 512)) return
  throw notOne(option, key, subject, keyWanted, details)
}

/** Throws `invalid_option` for tags that no execution can have. */
export function checkTags(subject: string, tags: unknown, details: Readonly<Record<string, unknown>> = {}): void {
  if (tags === undefined || (Array.isArray(tags) && tags.length <= 32 && tags.every(isTag))) return
  const shown = Array.isArray(tags) ? `a list of ${tags.length}` : typeof tags
  throw new StatewardError('invalid_option', `${subject}: \`tags\` is ${shown}; it must be ${tagsWanted}.`, {
    details: { ...details, option: 'tags', value: shown },
  })
}

const isTag = (tag: unknown) => isFilledText(tag, 128)

function notOne(option: string, value: unknown, of: string, wanted: string, details: Readonly<Record<string, unknown>>) {
  const shown = isWholeText(value) || typeof value !== 'string' ? String(value) : JSON.stringify(value)
  return new StatewardError('invalid_id', `\`${option}\` ${JSON.stringify(value)} for ${of} is not one; use ${wanted}.`, {
    details: { ...details, option, value: shown },
  })
}

const latest = 8.64e15
const timeWanted = 'a time in ms since the epoch, or a date'

/** A time that may be given as a date, in ms. Throws `invalid_option` for what is none. */
export function checkedTime(
  subject: string,
  option: string,
  value: unknown,
  details: Readonly<Record<string, unknown>>,
): number | undefined {
  if (value === undefined) return undefined
  const at = value instanceof Date ? value.getTime() : value
  if (typeof at === 'number' && Math.abs(at) <= latest) return Math.ceil(at)
  const shown =
    value instanceof Date ? 'Invalid Date' : typeof value === 'object' && value !== null ? 'an object' : String(value as string)
  throw new StatewardError('invalid_option', `\`${option}\` for ${subject} is ${shown}; it must be ${timeWanted}.`, {
    details: { ...details, option, value: shown },
  })
}

/** The options with each time as a number of ms. */
export type CheckedOptions<TOptions extends TriggerOptions = TriggerOptions> = Omit<TOptions, 'startAt'> & {
  readonly startAt?: number | undefined
}

/** The options of a trigger, checked. Throws `invalid_id`, `invalid_option`, naming the option. */
export function checkTrigger(entryPoint: string, options: TriggerOptions = {}): CheckedOptions {
  refuseUnknown('invalid_option', `The trigger of ${entryPoint}`, options, triggerNames, { entryPoint })
  return checked(entryPoint, options)
}

/** What a step says of the execution that it starts, checked. Throws `invalid_id`, `invalid_option`, naming the option. */
export function checkChild(entryPoint: string, options: ChildOptions = {}): CheckedOptions<ChildOptions> {
  refuseUnknown('invalid_option', `The options of \`fromExecution\` for ${entryPoint}`, options, childNames, { entryPoint })
  return checked(entryPoint, options)
}

const wanted = {
  timeout: 'a number of milliseconds above 0',
  queueTimeout: 'a number of milliseconds above 0',
  deadline: 'a time in ms since the epoch, such as that of a date by `getTime()`',
  priority: 'a number',
} as const

function checked(entryPoint: string, options: TriggerOptions): CheckedOptions {
  for (const name of ['id', 'correlationId', 'sessionId'] as const)
    if (options[name] !== undefined && !isId(options[name]))
      throw notOne(name, options[name], entryPoint, idWanted, { entryPoint })
  checkKey(entryPoint, options.idempotencyKey, { entryPoint })
  checkKey(entryPoint, options.causationId, { entryPoint }, 'causationId')
  checkTags(`The trigger of ${entryPoint}`, options.tags, { entryPoint })
  for (const name of ['timeout', 'queueTimeout', 'deadline', 'priority'] as const) {
    const value = options[name]
    if (value === undefined || (typeof value === 'number' && Number.isFinite(value) && (name === 'priority' || value > 0)))
      continue
    throw new StatewardError('invalid_option', `\`${name}\` for ${entryPoint} is ${String(value)}; it must be ${wanted[name]}.`, {
      details: { entryPoint, option: name, value: String(value) },
    })
  }
  if (options.startAt === undefined) return options as CheckedOptions
  const startAt = checkedTime(entryPoint, 'startAt', options.startAt, { entryPoint })
  if (startAt !== undefined && options.deadline !== undefined && options.deadline <= startAt)
    throw new StatewardError(
      'invalid_option',
      `\`deadline\` for ${entryPoint} is ${options.deadline}; it must be later than \`startAt\`, which is ${startAt}.`,
      { details: { entryPoint, option: 'deadline', value: String(options.deadline), startAt } },
    )
  return { ...options, startAt }
}
