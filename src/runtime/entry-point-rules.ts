/**
 * What an option of an entry point may be, and what it is if it is not given.
 *
 * Owns: the rules of which the table in `entry-point.ts` is made, and the words in which one is refused. Does not know which
 * options there are.
 */
import type { AnyActorLogic } from 'xstate'
import { checkBackoff, type Backoff } from '../backoff.js'
import { StatewardError } from '../errors.js'
import { isWholeText, wholeTextWanted } from '../ids.js'
import { refuseUnknown } from '../known-options.js'

/** Which option of which entry point is looked at; the path of a nested one has dots. */
export interface OptionPlace {
  readonly entryPoint: string
  readonly option: string
}

/** Reads one option: gives its value, or its default for undefined; throws `invalid_definition`. */
export type Rule<T> = (value: unknown, at: OptionPlace) => T

/** What a table of rules reads. */
export type Read<TRules> = { readonly [K in keyof TRules]: TRules[K] extends Rule<infer T> ? T : never }

interface NumberRule {
  /** The least that it may be. */
  readonly from?: number
  readonly whole?: boolean
  /** True: `Infinity` as well. */
  readonly endless?: boolean
  /** If it is not given; absent: it must be. */
  readonly otherwise?: number
}

/** A number; finite, unless it may be `endless`. */
export function number({ from = -Infinity, whole = false, endless = false, otherwise }: NumberRule): Rule<number> {
  const wanted = `a ${whole ? 'whole ' : ''}number${from === -Infinity ? '' : ` from ${from}`}`
  return (value, at) => {
    if (value === undefined && otherwise !== undefined) return otherwise
    if (typeof value !== 'number' || !(value >= from)) return invalid(at, value, wanted)
    if (endless && value === Infinity) return value
    return Number.isFinite(value) && (!whole || Number.isInteger(value)) ? value : invalid(at, value, wanted)
  }
}

/** A whole number. */
export const whole = (rule: Omit<NumberRule, 'whole'>): Rule<number> => number({ ...rule, whole: true })

/** Absent, and then undefined, or as `rule` says. */
export const optional =
  <T>(rule: Rule<T>): Rule<T | undefined> =>
  (value, at) =>
    value === undefined ? undefined : rule(value, at)

/** One of these words, the first if none is given; `notBuilt` are words that are kept for later. */
export function oneOf<const T extends string>(allowed: readonly [T, ...T[]], notBuilt: readonly string[] = []): Rule<T> {
  return (value, at) => {
    const word = (value === undefined ? allowed[0] : value) as T
    if (allowed.includes(word)) return word
    const wanted = allowed.length === 1 ? allowed[0] : `one of ${allowed.join(', ')}`
    return invalid(at, word, notBuilt.includes(word) ? `${wanted}; \`${word}\` is not built yet` : wanted)
  }
}

/** A text of 1 to 128 characters that every store keeps as it is. */
export const text =
  (otherwise: string): Rule<string> =>
  (value, at) => {
    const given = value === undefined ? otherwise : value
    if (typeof given === 'string' && !isWholeText(given)) return invalid(at, JSON.stringify(given), `a text ${wholeTextWanted}`)
    return typeof given === 'string' && given.length > 0 && given.length <= 128
      ? given
      : invalid(at, given, 'a text of 1 to 128 characters')
  }

/** A function, or absent. */
export const optionalFunction =
  <T>(): Rule<T | undefined> =>
  (value, at) =>
    value === undefined || typeof value === 'function' ? (value as T | undefined) : invalid(at, value, 'a function')

/** The options of an object, each by its rule; what is not in `rules` is refused. */
export function group<TRules extends Readonly<Record<string, Rule<unknown>>>>(rules: TRules): Rule<Read<TRules>> {
  return (given, at) => {
    refuseUnknownOf(rules, given, at)
    return readOptions(rules, given, (option) => ({ ...at, option: `${at.option}.${option}` }))
  }
}

/** Waiting times between attempts. */
export const backoff: Rule<Backoff | undefined> = (value, { entryPoint, option }) => {
  const parent = option.split('.').slice(0, -1).join('.')
  checkBackoff('invalid_definition', `Entry point ${entryPoint}'s \`${parent}\``, value, { entryPoint })
  return value as Backoff | undefined
}

/** Actor logic by names that every store keeps as they are. */
export const programs: Rule<Readonly<Record<string, AnyActorLogic>>> = (value, at) => {
  for (const [name, logic] of Object.entries(value ?? {})) {
    if (!isWholeText(name)) invalid(at, JSON.stringify(name), `known by texts ${wholeTextWanted}`)
    if (!isLogic(logic)) invalid({ ...at, option: `${at.option}.${name}` }, logic, 'XState actor logic')
  }
  return (value ?? {}) as Readonly<Record<string, AnyActorLogic>>
}

/** True for what XState can make an actor of. */
export function isLogic(value: unknown): value is AnyActorLogic {
  const logic = value as Partial<AnyActorLogic> | null | undefined
  return (
    typeof logic?.transition === 'function' &&
    typeof logic.getInitialSnapshot === 'function' &&
    typeof logic.getPersistedSnapshot === 'function'
  )
}

/** What `rules` read in `given`. */
export function readOptions<TRules extends Readonly<Record<string, Rule<unknown>>>>(
  rules: TRules,
  given: unknown,
  placeOf: (option: string) => OptionPlace,
): Read<TRules> {
  const options = (given ?? {}) as Readonly<Record<string, unknown>>
  const read = Object.entries(rules).map(([option, rule]) => [option, rule(options[option], placeOf(option))])
  return Object.fromEntries(read) as Read<TRules>
}

function refuseUnknownOf(rules: object, given: unknown, { entryPoint, option }: OptionPlace): void {
  const known = Object.fromEntries(Object.keys(rules).map((name) => [name, true as const]))
  refuseUnknown('invalid_definition', `Entry point ${entryPoint}'s \`${option}\``, given, known, { entryPoint })
}

/** Throws `invalid_definition`, with the option, its value and what it must be. */
export function invalid({ entryPoint, option }: OptionPlace, value: unknown, wanted: string): never {
  const shown = typeof value === 'object' || typeof value === 'function' ? typeof value : String(value as number)
  throw new StatewardError('invalid_definition', `Entry point ${entryPoint}: \`${option}\` is ${shown}; it must be ${wanted}.`, {
    details: { entryPoint, option, value: shown },
  })
}
