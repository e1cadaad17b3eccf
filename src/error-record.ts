/**
 * The JSON-safe form in which an error is stored and sent.
 *
 * Owns: what is kept of anything that was thrown (name, message, code, stack, own fields, the errors inside, the chain of
 * causes), how much of it, and that nothing thrown can break this: not what throws when it is read, not a circle.
 * Also the brand by which an error of this package is known in every copy of it that a process loads.
 */

/** The stored and sent form of an error. */
export interface ErrorRecord {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
  /** Its own fields as far as they are data, at most some 16,000 characters of them; of a `StatewardError` its `details`. */
  readonly details?: Readonly<Record<string, unknown>>
  /** Those of an `AggregateError`. */
  readonly errors?: readonly ErrorRecord[]
  /** At most four causes deep; one more then says how many were left out. */
  readonly cause?: ErrorRecord
}

/** The same in every copy of the package: an error that carries it is a `StatewardError`. */
export const errorBrand = Symbol.for('stateward.error')

/** True for an error of this package, whichever copy of it made it. */
export function isBranded(value: unknown): boolean {
  try {
    return value instanceof Error && errorBrand in value
  } catch {
    return false
  }
}

const CAUSES = 4
const ERRORS = 20
const CHARACTERS = 16_000
const DEPTH = 8

/** How much may still be kept of one error with all that hangs on it. */
interface Budget {
  records: number
  characters: number
}

/** The JSON-safe form of anything that was thrown, also of what can't even be read; keeps name, message, code, stack, own fields, inner errors and the chain of causes. */
export function toErrorRecord(error: unknown): ErrorRecord {
  return recordOf(error, { records: 100, characters: CHARACTERS }, [])
}

/** `above`: what it is the cause of, or stands in. */
function recordOf(error: unknown, budget: Budget, above: readonly unknown[]): ErrorRecord {
  budget.records--
  try {
    if (error instanceof Error || isErrorRecord(error)) return partsOf(error, budget, above)
    if (typeof error === 'string') return { name: 'Error', message: error }
    const message = describe(error)
    const fields = typeof error === 'object' && error !== null ? dataOf(error, budget, new Set()) : undefined
    return { name: 'Error', message, ...(fields ? { details: fields } : {}) }
  } catch {
    return { name: 'Error', message: 'something was thrown that can not be read' }
  }
}

function partsOf(error: Error | ErrorRecord, budget: Budget, above: readonly unknown[]): ErrorRecord {
  const { name, message, stack, cause, code, errors } = error as Partial<Record<keyof ErrorRecord, unknown>>
  const inner = innerErrors(errors)
  const details = detailsOf(error, budget, inner !== undefined)
  const seen = [...above, error]
  return {
    name: String(name),
    message: String(message),
    ...(typeof code === 'string' || typeof code === 'number' ? { code: String(code) } : {}),
    ...(typeof stack === 'string' && stack !== '' ? { stack } : {}),
    ...(details ? { details } : {}),
    ...(inner ? { errors: innerRecords(inner, budget, seen) } : {}),
    ...(cause === undefined ? {} : { cause: causeOf(cause, budget, seen) }),
  }
}

/** A list of errors; a list of anything else is a field like others. */
function innerErrors(errors: unknown): readonly unknown[] | undefined {
  if (!Array.isArray(errors) || errors.length === 0) return undefined
  return errors.every((each) => each instanceof Error || isErrorRecord(each)) ? errors : undefined
}

function innerRecords(errors: readonly unknown[], budget: Budget, seen: readonly unknown[]): readonly ErrorRecord[] {
  const most = Math.min(ERRORS, Math.max(0, budget.records))
  const [kept, left] = [errors.slice(0, most), errors.length - most]
  const records = kept.map((each) =>
    seen.includes(each) || seen.length > CAUSES ? cut(`… ${named(each)}`) : recordOf(each, budget, seen),
  )
  return left > 0 ? [...records, cut(`… ${left} further errors`)] : records
}

function causeOf(cause: unknown, budget: Budget, seen: readonly unknown[]): ErrorRecord {
  if (seen.includes(cause)) return cut('… the causes go round in a circle')
  if (seen.length <= CAUSES && budget.records > 0) return recordOf(cause, budget, seen)
  // the record of an error that was cut already
  if (isErrorRecord(cause) && cause.message.startsWith('… ')) return cut(cause.message)
  const left = countCauses(cause)
  return cut(`… ${left} further cause${left === 1 ? '' : 's'}`)
}

function countCauses(cause: unknown): number {
  const seen = new Set<unknown>()
  try {
    for (let at = cause; at !== undefined && !seen.has(at) && seen.size < 10_000; at = (at as { cause?: unknown } | null)?.cause)
      seen.add(at)
  } catch {
    return seen.size
  }
  return seen.size
}

const cut = (message: string): ErrorRecord => ({ name: 'Error', message })

const named = (error: unknown) => (error as { message?: string }).message ?? 'an error'

const written: ReadonlySet<string> = new Set(['name', 'message', 'code', 'stack', 'cause', 'errors'])

/** Ours, and a record's, are whole; of any other error its own fields. */
function detailsOf(error: Error | ErrorRecord, budget: Budget, hasInner: boolean): Readonly<Record<string, unknown>> | undefined {
  const { details, code, errors } = error as Partial<Record<keyof ErrorRecord, unknown>>
  if (isBranded(error)) return wholeOf(details)
  const isCode = typeof code === 'string' || typeof code === 'number'
  const leftOut = new Set(written)
  if (!hasInner && errors !== undefined) leftOut.delete('errors')
  if (!isCode && code !== undefined) leftOut.delete('code')
  if (error instanceof Error) return dataOf(error, budget, leftOut)
  const own = dataOf(error, budget, leftOut.add('details'))
  const kept = wholeOf(details)
  return own || kept ? { ...own, ...kept } : undefined
}

function wholeOf(details: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof details !== 'object' || details === null) return undefined
  try {
    return JSON.parse(JSON.stringify(details)) as Record<string, unknown>
  } catch {
    // whatever stands in its way is left out
    return dataOf(details, { records: 0, characters: CHARACTERS }, new Set())
  }
}

/** The own enumerable fields that are data. */
function dataOf(from: object, budget: Budget, leftOut: ReadonlySet<string>): Readonly<Record<string, unknown>> | undefined {
  const fields = fieldsOf(from, budget, [], leftOut)
  return Object.keys(fields).length > 0 ? fields : undefined
}

function fieldsOf(from: object, budget: Budget, above: readonly object[], leftOut: ReadonlySet<string>): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const key of Object.keys(from)) {
    if (leftOut.has(key)) continue
    if ((budget.characters -= key.length + 4) < 0) {
      define(fields, '…', 'more was left out')
      break
    }
    const value = part(() => (from as Record<string, unknown>)[key], budget, [...above, from])
    if (value !== undefined) define(fields, key, value)
  }
  return fields
}

/** `__proto__` is a key like any other. */
const define = (fields: object, key: string, value: unknown) =>
  Object.defineProperty(fields, key, { value, enumerable: true, writable: true, configurable: true })

function part(read: () => unknown, budget: Budget, above: readonly object[]): unknown {
  try {
    const value = read()
    if (typeof value === 'string') return textOf(value, budget)
    if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
    if (typeof value === 'boolean' || value === null) return value
    if (typeof value === 'bigint') return String(value)
    return typeof value === 'object' ? objectOf(value, budget, above) : undefined
  } catch {
    return '[can not be read]'
  }
}

function textOf(text: string, budget: Budget): string {
  const room = Math.max(0, budget.characters)
  budget.characters -= text.length
  return text.length <= room ? text : `${text.slice(0, room)}…`
}

function objectOf(value: object, budget: Budget, above: readonly object[]): unknown {
  if (above.includes(value)) return '[a circle]'
  if (above.length > DEPTH || budget.characters < 0) return '…'
  if (value instanceof Error) return part(() => `${value.name}: ${value.message}`, budget, above)
  if (Array.isArray(value)) return listOf(value, budget, above)
  if (value instanceof Map || value instanceof Set) return listOf([...(value as Iterable<unknown>)], budget, above)
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON === 'function' && !ArrayBuffer.isView(value))
    return part(() => (value as { toJSON(): unknown }).toJSON(), budget, [...above, value])
  const prototype: unknown = Object.getPrototypeOf(value)
  const isPlain = prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null
  if (isPlain) return fieldsOf(value, budget, above, new Set())
  return `[${(prototype as { constructor?: { name?: string } }).constructor?.name ?? 'object'}]`
}

function listOf(values: readonly unknown[], budget: Budget, above: readonly object[]): unknown[] {
  const list: unknown[] = []
  for (const value of values) {
    if ((budget.characters -= 2) < 0) return [...list, `… ${values.length - list.length} more`]
    list.push(part(() => value, budget, [...above, values]) ?? null)
  }
  return list
}

function isErrorRecord(value: unknown): value is ErrorRecord {
  const record = value as Partial<ErrorRecord> | null
  return typeof record === 'object' && record !== null && typeof record.message === 'string' && typeof record.name === 'string'
}

function describe(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return String(value)
  }
}
