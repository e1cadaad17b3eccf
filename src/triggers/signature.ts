/**
 * Checks who has sent a request: by an HMAC over its raw body, or by a secret that it carries.
 *
 * Owns: how a signature is found, computed and compared (in constant time), and how old one may be. Secrets stay inside the functions
 * that are made here: nothing that can be shown, stored or logged holds them.
 */
import { createHmac, timingSafeEqual, type Hmac } from 'node:crypto'
import { StatewardError } from '../errors.js'
import { refuseUnknown, type OptionNames } from '../known-options.js'

/** A request as it came, before anything of it is believed. */
export interface SignedRequest {
  readonly method: string
  readonly url: string
  /** All of them, as they were sent. */
  readonly headers: Headers
  /** The raw body, byte by byte. */
  readonly body: Uint8Array
  /** The time by the runtime's clock, in ms since the epoch. */
  readonly now: number
}

/** Says whether a request comes from who may send it. One that throws or rejects says no. */
export interface Verify {
  (request: SignedRequest): boolean | Promise<boolean>
  /** Headers, in lower case, that hold a secret or a signature: the trigger's other functions do not get them. */
  readonly secretHeaders?: readonly string[] | undefined
}

/** A secret: its text as UTF-8, or its bytes. */
export type Secret = string | Uint8Array

/** How old a signature may be, where the sender signs the time as well. */
export interface SignedTime {
  /** The header that holds the time: `x-slack-request-timestamp`. This or `field`. */
  readonly header?: string | undefined
  /** The field of the signature's own header that holds it, where that is `t=…,v1=…`: `t`. */
  readonly field?: string | undefined
  /** Default seconds since the epoch. */
  readonly unit?: 's' | 'ms' | undefined
  /** How far it may be from the runtime's clock, before it or after it, in ms; default 300,000 (5 minutes). */
  readonly tolerance?: number | undefined
}

/** The options of `hmac`. */
export interface HmacOptions {
  /** The header that holds the signature. Several signatures, with blanks between them, are tried one by one. */
  readonly header: string
  /** One secret, or several while they are exchanged: a signature by any of them is good. */
  readonly secret: Secret | readonly Secret[]
  /** Default `sha256`. */
  readonly algorithm?: 'sha1' | 'sha256' | 'sha384' | 'sha512' | undefined
  /** Of the signature; default `hex`. */
  readonly encoding?: 'hex' | 'base64' | 'base64url' | undefined
  /** What stands before the signature, such as `v0=`. Default: the algorithm and `=`, as in `sha256=…`, where it is there. */
  readonly prefix?: string | undefined
  /** The field of the header that holds the signature, where it has several, as in `t=1492774577,v1=5257a8…`: `v1`. */
  readonly field?: string | undefined
  /** Default: the sender signs no time, and a signature is good for ever. */
  readonly timestamp?: SignedTime | undefined
  /**
   * What is signed: a text in which `{body}` is the raw body, `{timestamp}` the time as it was sent, and any other name in braces that
   * header. Default `{body}`, with a timestamp `{timestamp}.{body}`.
   */
  readonly signed?: string | undefined
}

const hmacNames: OptionNames<HmacOptions> = {
  header: true,
  secret: true,
  algorithm: true,
  encoding: true,
  prefix: true,
  field: true,
  timestamp: true,
  signed: true,
}
const timeNames: OptionNames<SignedTime> = { header: true, field: true, unit: true, tolerance: true }
const algorithms = ['sha1', 'sha256', 'sha384', 'sha512'] as const
const encodings = ['hex', 'base64', 'base64url'] as const

/**
 * Verifies a signature over the raw body. Comparisons take the same time whatever is wrong.
 *
 * Errors: `invalid_definition`, for an option that is missing or can not be, an empty secret for one.
 *
 * @example
 * ```ts
 * const secret = 'It is a secret to everybody'
 * const github = hmac({ header: 'x-hub-signature-256', secret })
 * const stripe = hmac({ header: 'stripe-signature', field: 'v1', timestamp: { field: 't' }, secret })
 * const slack = hmac({
 *   header: 'x-slack-signature',
 *   prefix: 'v0=',
 *   timestamp: { header: 'x-slack-request-timestamp' },
 *   signed: 'v0:{timestamp}:{body}',
 *   secret: ['the new secret', 'the old secret'],
 * })
 * ```
 */
export function hmac(options: HmacOptions): Verify {
  refuseUnknown('invalid_definition', 'hmac', options, hmacNames)
  const { header, algorithm = 'sha256', encoding = 'hex', prefix, field, timestamp } = options ?? {}
  const name = headerName('hmac', 'header', header)
  const secrets = secretsOf('hmac', options?.secret)
  if (!algorithms.includes(algorithm)) invalid('hmac', 'algorithm', algorithm, `one of ${algorithms.join(', ')}`)
  if (!encodings.includes(encoding)) invalid('hmac', 'encoding', encoding, `one of ${encodings.join(', ')}`)
  for (const [option, value] of Object.entries({ prefix, field }))
    if (value !== undefined && (typeof value !== 'string' || value === '')) invalid('hmac', option, value, 'a text')
  const time = timestamp === undefined ? undefined : timeOf(timestamp)
  const parts = signedParts(
    options.signed === undefined ? (time ? '{timestamp}.{body}' : '{body}') : options.signed,
    time !== undefined,
  )

  const verify = ({ headers, body, now }: SignedRequest): boolean => {
    const value = headers.get(name)
    if (value === null) return false
    const at = time === undefined ? '' : time.read(headers, value)
    if (at === undefined || (time && !time.isNear(at, now))) return false
    const given = (field === undefined ? value.split(/[\s]+/) : fieldsOf(value, field))
      .map((each) => signatureBytes(each, prefix ?? `${algorithm}=`, prefix !== undefined, encoding))
      .filter((each) => each !== undefined)
    let isGood = false
    for (const secret of secrets) {
      const digest = createHmac(algorithm, secret)
      for (const part of parts) if (!signPart(digest, part, { headers, body, at })) return false
      const expected = digest.digest()
      // all of them, so that the time does not say which one was near
      for (const each of given) isGood = isSame(each, expected) || isGood
    }
    return isGood
  }
  return Object.assign(verify, { secretHeaders: [name] })
}

/**
 * Verifies a secret that the sender puts into a header as it is, such as GitLab's `x-gitlab-token`, or `authorization` with the
 * prefix `Bearer `. Compared in constant time.
 *
 * Errors: `invalid_definition`.
 *
 * @example
 * ```ts
 * const gitlab = token({ header: 'x-gitlab-token', secret: 'a long random text' })
 * const bearer = token({ header: 'authorization', prefix: 'Bearer ', secret: ['a long random text', 'the one before'] })
 * ```
 */
export function token(options: {
  readonly header: string
  readonly secret: Secret | readonly Secret[]
  readonly prefix?: string | undefined
}): Verify {
  refuseUnknown('invalid_definition', 'token', options, { header: true, secret: true, prefix: true })
  const { header, prefix = '' } = options ?? {}
  const name = headerName('token', 'header', header)
  const secrets = secretsOf('token', options?.secret)
  if (typeof prefix !== 'string') invalid('token', 'prefix', prefix, 'a text')
  const verify = ({ headers }: SignedRequest): boolean => {
    const value = headers.get(name)
    if (value === null || !value.startsWith(prefix)) return false
    const given = hashed(Buffer.from(value.slice(prefix.length), 'utf8'))
    let isGood = false
    for (const secret of secrets) isGood = timingSafeEqual(given, hashed(secret)) || isGood
    return isGood
  }
  return Object.assign(verify, { secretHeaders: [name] })
}

/** Texts of any length, as bytes of one length, so that a comparison does not tell the length of the secret. */
const hashed = (bytes: Uint8Array) => createHmac('sha256', 'compared').update(bytes).digest()

/** The length of a digest is no secret. */
const isSame = (given: Uint8Array, expected: Uint8Array) => given.length === expected.length && timingSafeEqual(given, expected)

const patterns = {
  hex: /^(?:[0-9a-f]{2})+$/i,
  base64: /^[A-Za-z0-9+/]+={0,2}$/,
  base64url: /^[A-Za-z0-9_-]+={0,2}$/,
} as const

function signatureBytes(text: string, prefix: string, isWanted: boolean, encoding: keyof typeof patterns): Buffer | undefined {
  const isThere = text.startsWith(prefix)
  if (isWanted && !isThere) return undefined
  const bare = isThere ? text.slice(prefix.length) : text
  return patterns[encoding].test(bare) ? Buffer.from(bare, encoding) : undefined
}

/** The values of a field of `a=1,b=2`. */
function fieldsOf(value: string, field: string): string[] {
  return value.split(',').flatMap((each) => {
    const pair = each.trim()
    return pair.startsWith(`${field}=`) ? [pair.slice(field.length + 1)] : []
  })
}

type Part = { readonly text: string } | { readonly of: 'body' | 'timestamp' } | { readonly header: string }

function signedParts(signed: string, hasTime: boolean): Part[] {
  const wanted = `a text with {body} in it${hasTime ? ' and {timestamp}' : ''}`
  if (typeof signed !== 'string' || !signed.includes('{body}')) return invalid('hmac', 'signed', signed, wanted)
  // a time that is not signed could be set to any
  if (signed.includes('{timestamp}') !== hasTime)
    return invalid('hmac', 'signed', signed, hasTime ? wanted : 'without {timestamp}, or give `timestamp`')
  return signed.split(/(\{[^{}]+\})/).flatMap((each): Part[] => {
    if (each === '') return []
    if (!/^\{.+\}$/.test(each)) return [{ text: each }]
    const name = each.slice(1, -1)
    return [name === 'body' || name === 'timestamp' ? { of: name } : { header: headerName('hmac', 'signed', name) }]
  })
}

function signPart(digest: Hmac, part: Part, { headers, body, at }: { headers: Headers; body: Uint8Array; at: string }): boolean {
  if ('text' in part) digest.update(part.text)
  else if ('of' in part) digest.update(part.of === 'body' ? body : at)
  else {
    const value = headers.get(part.header)
    if (value === null) return false
    digest.update(value)
  }
  return true
}

function timeOf(timestamp: SignedTime) {
  if (typeof timestamp !== 'object' || timestamp === null || Array.isArray(timestamp))
    invalid('hmac', 'timestamp', timestamp, 'an object with a `header` or a `field`')
  refuseUnknown('invalid_definition', "hmac's `timestamp`", timestamp, timeNames)
  const { header, field, unit = 's', tolerance = 300_000 } = timestamp
  if ((header === undefined) === (field === undefined))
    invalid('hmac', 'timestamp', timestamp, 'given a `header` or a `field` in which the time stands')
  const name = header === undefined ? undefined : headerName('hmac', 'timestamp.header', header)
  if (field !== undefined && (typeof field !== 'string' || field === '')) invalid('hmac', 'timestamp.field', field, 'a text')
  if (unit !== 's' && unit !== 'ms') invalid('hmac', 'timestamp.unit', unit, "'s' or 'ms'")
  if (typeof tolerance !== 'number' || !(tolerance > 0))
    invalid('hmac', 'timestamp.tolerance', tolerance, 'a number of ms above 0')
  return {
    read: (headers: Headers, signature: string): string | undefined =>
      (name === undefined ? fieldsOf(signature, field as string)[0] : headers.get(name)) ?? undefined,
    isNear: (at: string, now: number) =>
      /^\d{1,15}$/.test(at) && Math.abs(now - Number(at) * (unit === 's' ? 1_000 : 1)) <= tolerance,
  }
}

function headerName(subject: string, option: string, value: unknown): string {
  if (typeof value === 'string' && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value)) return value.toLowerCase()
  return invalid(subject, option, value, "the name of a header, such as 'x-signature'")
}

/** The bytes of each; no error shows any of them. */
function secretsOf(subject: string, secret: unknown): readonly Uint8Array[] {
  const all: readonly unknown[] = Array.isArray(secret) ? secret : [secret]
  const bytes = all.map((each) => (typeof each === 'string' ? Buffer.from(each, 'utf8') : each))
  if (bytes.length === 0 || !bytes.every((each) => each instanceof Uint8Array && each.length > 0))
    throw new StatewardError(
      'invalid_definition',
      `${subject}: \`secret\` must be a text or bytes, not empty, or a list of such.`,
      {
        details: { option: 'secret' },
      },
    )
  return bytes.map((each) => Uint8Array.from(each as Uint8Array))
}

function invalid(subject: string, option: string, value: unknown, wanted: string): never {
  const shown = typeof value === 'object' || typeof value === 'function' ? typeof value : String(value as number)
  throw new StatewardError('invalid_definition', `${subject}: \`${option}\` is ${shown}; it must be ${wanted}.`, {
    details: { option, value: shown },
  })
}
