/**
 * Reads what a sender has delivered: the bytes within a limit, then the values in them.
 *
 * Owns: which kinds of content are understood, and which headers are shown to an application's functions. Does not know who may send.
 */

/** What a sender has delivered, once it is known who it is. */
export interface Delivery<TBody = unknown> {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  /** Without those that hold a secret or a signature, so that none is stored by mistake. */
  readonly headers: Headers
  /** The value of the JSON, the fields of the form, or the text; undefined where nothing was sent. */
  readonly body: TBody
}

/** A kind of content. */
export type ContentKind = 'json' | 'form' | 'text' | 'bytes'

/** What can not be read: the status, a code and words for the sender. */
export class Unreadable {
  readonly status: 400 | 413 | 415
  readonly code: string
  readonly message: string

  constructor(status: 400 | 413 | 415, code: string, message: string) {
    this.status = status
    this.code = code
    this.message = message
  }
}

/** The raw body, if it has at most so many bytes; reading stops at the first one more. */
export async function rawBody(request: Request, limit: number): Promise<Uint8Array | Unreadable> {
  const tooLarge = new Unreadable(413, 'body_too_large', `A body may have ${limit} bytes at most.`)
  const said = request.headers.get('content-length')
  if (Number(said ?? 0) > limit) return tooLarge
  if (request.bodyUsed)
    throw new Error('The body was read before: give the route the request as it came, since the signature is over its raw body.')
  try {
    // who says a length is held to it by the server: read at once, without a stream
    if (said !== null) return within(new Uint8Array(await request.arrayBuffer()), limit) ?? tooLarge
    return (await readUpTo(request.body as ReadableStream<Uint8Array> | null, limit)) ?? tooLarge
  } catch {
    return new Unreadable(400, 'incomplete_body', 'The body did not arrive as a whole.')
  }
}

const within = (body: Uint8Array, limit: number) => (body.length > limit ? undefined : body)

/** All of it; undefined: it is longer, and the rest is not read. */
async function readUpTo(body: ReadableStream<Uint8Array> | null, limit: number): Promise<Uint8Array | undefined> {
  if (!body) return new Uint8Array()
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return Buffer.concat(chunks, length)
    length += value.length
    if (length > limit) {
      // the sender may go on for ever; how it takes that is its own affair
      reader.cancel().catch(() => undefined)
      return undefined
    }
    chunks.push(value)
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

/** The value of a body. */
export function bodyValue(
  headers: Headers,
  raw: Uint8Array,
  accepts: readonly ContentKind[],
): { readonly value: unknown } | Unreadable {
  if (raw.length === 0) return { value: undefined }
  const [type = '', ...parameters] = (headers.get('content-type') ?? '').split(';').map((part) => part.trim().toLowerCase())
  const kind = accepts.find((each) => kinds[each](type))
  const charset = parameters
    .find((each) => each.startsWith('charset='))
    ?.slice('charset='.length)
    .replaceAll('"', '')
  const encoding = headers.get('content-encoding') ?? 'identity'
  if (kind === undefined || encoding !== 'identity' || !(charset === undefined || /^(?:utf-?8|us-ascii)$/.test(charset)))
    return new Unreadable(
      415,
      'unsupported_content',
      `What is sent must be ${accepts.join(' or ')}, in UTF-8 and not compressed, and say so in its content-type.`,
    )
  if (kind === 'bytes') return { value: Uint8Array.from(raw) }
  try {
    const text = utf8.decode(raw)
    if (kind === 'text') return { value: text }
    return { value: kind === 'json' ? (JSON.parse(text) as unknown) : formFields(text) }
  } catch {
    return new Unreadable(400, 'malformed_body', `The body is not ${kind === 'json' ? 'JSON' : 'text in UTF-8'}.`)
  }
}

const kinds: Readonly<Record<ContentKind, (type: string) => boolean>> = {
  json: (type) => type === 'application/json' || /^[\w.-]+\/[\w.-]+\+json$/.test(type),
  form: (type) => type === 'application/x-www-form-urlencoded',
  text: (type) => type.startsWith('text/'),
  bytes: () => true,
}

/** A field that is there more than once is a list. */
function formFields(text: string): Record<string, string | string[]> {
  const fields = new URLSearchParams(text)
  return Object.fromEntries(
    [...new Set(fields.keys())].map((name) => {
      const values = fields.getAll(name)
      return [name, values.length === 1 ? (values[0] as string) : values]
    }),
  )
}

const secretName = /^(?:set-)?cookie$|authorization|signature|secret|token|hmac|password|api-?key/

/** True for a header, in lower case, that may hold a secret or a signature. */
export const isSecretHeader = (name: string, more: readonly string[]): boolean => secretName.test(name) || more.includes(name)

/** The headers that an application's functions may see. */
export function openHeaders(headers: Headers, secret: readonly string[]): Headers {
  return new Headers([...headers].filter(([name]) => !isSecretHeader(name, secret)))
}
