/**
 * How an error is stored: as a record of its parts, wrapped so that superjson walks into it.
 *
 * Owns: which parts of an error are kept, and what it is rebuilt as. Talks to: nobody but `errors.ts`.
 * It does not decide whether a part can be stored: the caller's `keep` does, and what it turns down is left out,
 * because an error must never keep its own failure from being recorded.
 */
import { StatewardError } from '../errors.js'

const natives = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError }

type ErrorType = keyof typeof natives | 'AggregateError' | 'StatewardError'

/** The parts of an error that are stored; `props` are its own enumerable properties, and `code` wherever it comes from. */
export interface ErrorParts {
  readonly type: ErrorType
  readonly name: string
  readonly message: string
  readonly stack?: string
  readonly cause?: unknown
  readonly errors?: unknown
  readonly props?: Readonly<Record<string, unknown>>
}

/** Stands for an error on its way through superjson, which walks only into what is an error itself. */
export class StoredError extends Error {
  constructor(readonly parts: ErrorParts) {
    super()
  }
}

/** The parts of `error`; `keep` gives the form in which one of them is stored, or undefined: it is left out. */
export function partsOf(error: Error, keep: (key: string, value: unknown) => { form: unknown } | undefined): ErrorParts {
  const type = typeOf(error)
  const props: Record<string, unknown> = {}
  for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(error))) {
    if (!descriptor.enumerable || !('value' in descriptor) || handled.has(key)) continue
    const kept = keep(key, descriptor.value)
    if (kept) props[key] = kept.form
  }
  // a DOMException (an aborted step) has its code on the prototype
  const { name, message, code } = error as { name: unknown; message: unknown; code?: unknown }
  if (!('code' in props) && (typeof code === 'string' || typeof code === 'number')) props['code'] = code
  const cause = Object.hasOwn(error, 'cause') ? keep('cause', error.cause) : undefined
  const errors = type === 'AggregateError' ? keep('errors', (error as AggregateError).errors) : undefined
  return {
    type,
    name: String(name),
    message: String(message),
    ...(typeof error.stack === 'string' ? { stack: error.stack } : {}),
    ...(cause ? { cause: cause.form } : {}),
    ...(errors ? { errors: errors.form } : {}),
    ...(Object.keys(props).length > 0 ? { props } : {}),
  }
}

/** The error that these parts make: of the same built-in type, a subclass as its nearest built-in with the name kept. */
export function errorFrom(parts: ErrorParts): Error {
  if (typeof parts.message !== 'string' || typeof parts.name !== 'string') throw new TypeError('an error without a message')
  const error = create(parts)
  if (typeof parts.stack === 'string') define(error, 'stack', parts.stack)
  else Reflect.deleteProperty(error, 'stack')
  if (Object.hasOwn(parts, 'cause')) define(error, 'cause', parts.cause)
  for (const [key, value] of Object.entries(parts.props ?? {})) define(error, key, value, true)
  if (error.name !== parts.name) define(error, 'name', parts.name)
  return error
}

const handled = new Set(['message', 'stack', 'cause', 'errors'])

/** The nearest built-in type, also of an error from another realm. */
function typeOf(error: Error): ErrorType {
  if (error instanceof StatewardError) return 'StatewardError'
  for (let proto = Object.getPrototypeOf(error); proto !== null; proto = Object.getPrototypeOf(proto)) {
    const name = Object.hasOwn(proto, 'constructor') ? (proto.constructor as { name?: unknown } | undefined)?.name : undefined
    if (name === 'AggregateError') return name
    if (typeof name === 'string' && Object.hasOwn(natives, name)) return name as keyof typeof natives
  }
  return 'Error'
}

function create({ type, message, errors }: ErrorParts): Error {
  // the code is among the props, which come after
  if (type === 'StatewardError') return new StatewardError('corrupt', message)
  if (type === 'AggregateError') return new AggregateError(Array.isArray(errors) ? errors : [], message)
  const Type = Object.hasOwn(natives, type) ? natives[type] : Error
  return new Type(message)
}

function define(error: Error, key: string, value: unknown, enumerable = false): void {
  Object.defineProperty(error, key, { value, enumerable, writable: true, configurable: true })
}
