/**
 * Refuses options that nobody reads. For a misspelt option the error names the option that was meant.
 *
 * Owns: how near two names are, and the words of the refusal. Which options there are is said beside their types.
 */
import { StatewardError, type StatewardErrorCode } from './errors.js'

/** Every option of `T`, so that one that is added to the type and not here does not compile. */
export type OptionNames<T> = Readonly<Record<keyof T, true>>

/** Throws with `code` unless `given` is an object (or absent) that holds nothing but `known` options; one that is undefined counts as absent. */
export function refuseUnknown(
  code: Extract<StatewardErrorCode, 'invalid_option' | 'invalid_definition'>,
  subject: string,
  given: unknown,
  known: Readonly<Record<string, true>>,
  details: Readonly<Record<string, unknown>> = {},
): void {
  if (given === undefined) return
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    const value = given === null ? 'null' : Array.isArray(given) ? 'a list' : `a ${typeof given}`
    throw new StatewardError(code, `${subject}: the options are ${value}; they must be an object.`, {
      details: { ...details, value },
    })
  }
  for (const option of Object.keys(given)) {
    if (Object.hasOwn(known, option) || (given as Record<string, unknown>)[option] === undefined) continue
    const nearest = nearestOf(option, Object.keys(known))
    const hint = nearest === undefined ? `there are ${Object.keys(known).join(', ')}` : `did you mean \`${nearest}\`?`
    throw new StatewardError(code, `${subject}: there is no option \`${option}\`; ${hint}`, {
      details: { ...details, option, ...(nearest === undefined ? { known: Object.keys(known) } : { nearest }) },
    })
  }
}

/** The name that was probably meant: one that begins with it or that it begins with, or one that is at most a third of its letters away, and never more than three. */
function nearestOf(name: string, known: readonly string[]): string | undefined {
  const given = name.toLowerCase()
  const begins = (each: string) => given.length > 3 && each.length > 3 && (each.startsWith(given) || given.startsWith(each))
  const [best] = known
    .map((each) => ({ each, away: begins(each.toLowerCase()) ? 0 : distance(given, each.toLowerCase()) }))
    .filter(({ each, away }) => away <= Math.min(3, Math.ceil(each.length / 3)))
    .toSorted((a, b) => a.away - b.away)
  return best?.each
}

/** How many letters must be put in, taken out or changed. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (const [i, letter] of from.split('').entries()) {
    const next = [i + 1]
    for (const [j, other] of to.split('').entries())
      next.push(Math.min((row[j + 1] as number) + 1, (next[j] as number) + 1, (row[j] as number) + (letter === other ? 0 : 1)))
    row = next
  }
  return row.at(-1) as number
}
