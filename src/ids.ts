/**
 * The only place that makes random values: execution ids, owner keys, jitter. And the one id that is no random one:
 * the id of an execution that a step starts, which is known beforehand.
 *
 * An execution id sorts by its time of acceptance (B-tree locality), carries no `-` or `_` at either end
 * (safe in file names and on command lines) and is never reused; every id that comes from outside is
 * checked by `isId` at the boundary.
 */
import { createHash } from 'node:crypto'
import { customAlphabet } from 'nanoid'

/** Which execution of a step it is: `key` is its idempotency key. */
export interface ChildName {
  readonly parentId: string
  readonly entryPoint: string
  readonly key: string
}

/** Makes the ids and the randomness of one runtime; replace it to make a test deterministic. */
export interface IdSource {
  /** A fresh execution id; sorts by `now`. */
  execution(now: number): string
  /** The id of what a step starts: the same one for the same child in every process, and no other's. Absent: made of a hash. */
  child?(child: ChildName): string
  /** A fresh key, for owners and request ids. */
  key(): string
  /** A number in [0, 1), for jitter. */
  random(): number
}

/** The time and the counter in an id. */
const STAMP = 13

const letters = '0123456789abcdefghijklmnopqrstuvwxyz'
const suffix = customAlphabet(letters, 10)
const key = customAlphabet(letters, 16)

/** Ids from the machine's random source: `<time in base 36><counter><10 random characters>`. */
export function randomIds(): IdSource {
  let last = 0
  let counter = 0
  return {
    execution(now) {
      counter = now === last ? counter + 1 : 0
      last = now
      return `${now.toString(36).padStart(9, '0')}${counter.toString(36).padStart(4, '0')}${suffix()}`
    },
    key: () => key(),
    random: () => Math.random(),
  }
}

/** The id of what a step starts, if its source says none. It sorts beside the parent's, where that is such an id. */
export function childId({ parentId, entryPoint, key: of }: ChildName): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([parentId, entryPoint, of]))
    .digest('hex')
  const digits = BigInt(`0x${hash.slice(0, 32)}`)
    .toString(36)
    .padStart(25, '0')
  return (isRandomId(parentId) ? parentId.slice(0, STAMP) : '0'.repeat(STAMP)) + digits
}

/** True for an id of the form that `randomIds` makes: long enough to be nothing else wherever it stands. */
export const isRandomId = (id: string): boolean => /^[0-9a-z]{23,}$/.test(id) && /\d/.test(id)

const pattern = /^[A-Za-z0-9](?:[A-Za-z0-9._:-]{0,126}[A-Za-z0-9])?$/

/**
 * True for a text that every store gives back as it was given: without U+0000, at which some bindings of SQLite end a text, and
 * without half a surrogate pair, which UTF-8 has no form for. Two keys that differ in those alone would be one there.
 */
export function isWholeText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0') && !/\p{Cs}/u.test(value)
}

/** What is wrong with such a text otherwise, as the end of a sentence. */
export const wholeTextWanted = 'without U+0000 and without half a surrogate pair'

/** True for 1 to 128 letters, digits and `. _ : -`, with a letter or digit at both ends and no `..`. */
export function isId(value: unknown): value is string {
  return typeof value === 'string' && pattern.test(value) && !value.includes('..')
}

/** True for a whole text that is not empty, of at most so many characters. */
export function isFilledText(value: unknown, longest = Infinity): value is string {
  return isWholeText(value) && value.length > 0 && value.length <= longest
}

/** True for an id by which an entry point may be known: its own, or that of its group, a `/` and its own. */
export function isEntryPointId(value: unknown): value is string {
  return typeof value === 'string' && value.split('/').every(isId) && value.split('/').length <= 2
}

/** The group of an entry point, by its id; undefined: it is in none. */
export function groupOf(entryPoint: string): string | undefined {
  const end = entryPoint.indexOf('/')
  return end < 0 ? undefined : entryPoint.slice(0, end)
}
