/**
 * Fires an entry point by requests over HTTP.
 *
 * Owns: the definition of a webhook, and the order in which a request is examined: its size, its sender, its form, what it means. It
 * answers 202 with the id of the execution once its acceptance is durable, and 200 with the same id for a delivery that comes again.
 */
import { createHash } from 'node:crypto'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { fromTransition } from 'xstate'
import type { FireOptions, RouteAnswered, RoutedTrigger, RoutePort, TriggerLogic } from '../actors/trigger/trigger.js'
import { StatewardError } from '../errors.js'
import { isWholeText } from '../ids.js'
import { refuseUnknown, type OptionNames } from '../known-options.js'
import { bodyValue, isSecretHeader, openHeaders, rawBody, Unreadable, type ContentKind, type Delivery } from './delivery.js'
import type { SignedRequest, Verify } from './signature.js'

/** Makes the idempotency key of a delivery; undefined: it has none, and is refused with 400. */
export interface DeliveryKey<TBody = unknown> {
  (delivery: Delivery<TBody>): string | number | undefined
  /** The header that it reads, in lower case, if it is made by `header`. */
  readonly header?: string | undefined
}

/** The options of a webhook. */
export interface WebhookOptions<TInput = unknown, TBody = unknown> {
  /** As it stands in the URL, such as `/github`. No two webhooks of a runtime may have the same path and method. */
  readonly path: string
  /** Default `['POST']`. */
  readonly methods?: readonly string[] | undefined
  /** Who may send: `hmac(…)`, `token(…)`, or a function of your own. False: anybody who reaches the path. */
  readonly verify: Verify | false
  /**
   * What makes a delivery the same one: `header('x-github-delivery')`, or a function, such as `({ body }) => body.id`. 1 to 512
   * characters; it is stored. However often a delivery comes, it starts one execution, for as long as that is kept (`retention`).
   * Default: a hash of method, path, query and body, so that the same bytes are the same delivery; give a key for a sender that
   * repeats equal bodies on purpose. False: each request is a new one, also when a sender tries again.
   */
  readonly idempotencyKey?: DeliveryKey<TBody> | false | undefined
  /** Checks the body and gives it its type: any Standard Schema, of zod for one. What it refuses is answered with 400 and its issues. */
  readonly schema?: StandardSchemaV1<unknown, TBody> | undefined
  /** Which deliveries fire; what is false is answered with 204. A `Response` is the answer, for a sender that wants to know whether somebody is there. */
  readonly where?: ((delivery: Delivery<TBody>) => boolean | Response) | undefined
  /** Makes the program's input. What it throws is answered with 400, and goes to the logger. */
  readonly input: (delivery: Delivery<TBody>) => TInput
  /** What else is said of the execution: its session, correlation, priority, limits. */
  readonly options?: ((delivery: Delivery<TBody>) => Omit<FireOptions, 'idempotencyKey'>) | undefined
  /** Which kinds of content are understood; others are answered with 415. `text` and `bytes` are given as they are. Default `['json', 'form']`. */
  readonly accept?: readonly ContentKind[] | undefined
  /** Of the body, in bytes; default 1 MiB. More is answered with 413, and is not read. */
  readonly limit?: number | undefined
}

const optionNames: OptionNames<WebhookOptions> = {
  path: true,
  methods: true,
  verify: true,
  idempotencyKey: true,
  schema: true,
  where: true,
  input: true,
  options: true,
  accept: true,
  limit: true,
}
const contentKinds: readonly ContentKind[] = ['json', 'form', 'text', 'bytes']

/** How often a `verify` that throws is reported, in ms: anybody may make it throw. */
const REPORT_AGAIN = 60_000

/**
 * Fires by requests to a path, which `runtime.fetch` answers.
 *
 * A paused stream accepts deliveries, as it does calls of `runtime.trigger`: they run once it is resumed. The functions get headers
 * without those that hold secrets or signatures. docs/webhooks.md has every answer, and recipes for senders.
 *
 * Errors: `invalid_definition`; and when the runtime is made `duplicate_route`.
 *
 * @example
 * ```ts
 * const github = defineEntryPoint({
 *   id: 'github',
 *   program: fromPromise(async ({ input }: { input: { action: string } }) => input.action),
 *   trigger: webhook({
 *     path: '/github',
 *     verify: hmac({ header: 'x-hub-signature-256', secret: 'It is a secret to everybody' }),
 *     idempotencyKey: header('x-github-delivery'),
 *     schema: z.object({ action: z.string() }),
 *     input: ({ body }) => ({ action: body.action }),
 *   }),
 * })
 * ```
 */
export function webhook<TInput, TBody = unknown>(options: WebhookOptions<TInput, TBody>): RoutedTrigger<TInput> {
  const checked = checkedOptions(options)
  let reportedAt = -Infinity
  const isSender = async (request: SignedRequest, { entryPoint, logger }: RoutePort<TInput>): Promise<boolean> => {
    if (checked.verify === false) return true
    try {
      // one that answers with a text or an object has not said yes
      const isGood: unknown = await checked.verify(request)
      return isGood === true
    } catch (error) {
      if (request.now - reportedAt >= REPORT_AGAIN) {
        reportedAt = request.now
        // its message may quote what was sent
        logger.warn('`verify` of the webhook of', entryPoint, 'has thrown, which refuses the request:', nameOf(error))
      }
      return false
    }
  }
  const handle = async (request: Request, port: RoutePort<TInput>): Promise<Response> => {
    const { url, method, headers } = request
    const raw = await rawBody(request, checked.limit)
    if (raw instanceof Unreadable) return refused(raw)
    if (!(await isSender({ method, url, headers, body: raw, now: port.now() }, port)))
      return refused({ status: 401, code: 'unauthorized', message: 'The sender is not known here.' })
    const parsed = bodyValue(headers, raw, checked.accept)
    if (parsed instanceof Unreadable) return refused(parsed)
    return answer(checked, request, raw, parsed.value, port)
  }
  const { path, methods } = checked
  return { type: 'webhook', logic: answers as never as TriggerLogic<TInput>, routes: [{ path, methods, handle }] }
}

/** The key that a sender puts into a header. A delivery without it is refused with 400. */
export function header(name: string): DeliveryKey {
  if (typeof name !== 'string' || !/^[\w-]+$/.test(name))
    throw invalid('header', name, "the name of a header, such as 'idempotency-key'")
  return Object.assign(({ headers }: Delivery) => headers.get(name) ?? undefined, { header: name.toLowerCase() })
}

/** What a webhook has answered, by status: what an inspector shows of it. */
const answers = fromTransition(
  (counts: Readonly<Record<string, number>>, { status }: RouteAnswered) => ({ ...counts, [status]: (counts[status] ?? 0) + 1 }),
  {},
)

/** Answers a delivery whose sender is known. */
async function answer<TInput, TBody>(
  { idempotencyKey, schema, where, input, options, verify }: WebhookOptions<TInput, TBody>,
  request: Request,
  raw: Uint8Array,
  value: unknown,
  port: RoutePort<TInput>,
): Promise<Response> {
  const { method } = request
  const { pathname: path, searchParams: query } = new URL(request.url)
  let body = value as TBody
  if (schema) {
    const result = await schema['~standard'].validate(value)
    if (result.issues) return invalidBody(result.issues)
    body = result.value
  }
  let headers: Headers | undefined
  const delivery: Delivery<TBody> = {
    method,
    path,
    query,
    // few look at them
    get headers() {
      return (headers ??= openHeaders(request.headers, secretHeadersOf(verify)))
    },
    body,
  }
  let made: { key: string; input: TInput; options: Omit<FireOptions, 'idempotencyKey'> }
  try {
    const fires = where?.(delivery) ?? true
    if (typeof fires !== 'boolean') return fires
    if (!fires) return new Response(null, { status: 204 })
    const key = idempotencyKey === false ? port.freshKey() : keyOf(idempotencyKey, delivery, request, raw)
    const text = typeof key === 'number' ? String(key) : key
    if (!isWholeText(text) || text.length < 1 || text.length > 512)
      return refused({ status: 400, code: 'no_delivery_key', message: keyProblem(idempotencyKey) })
    made = { key: text, input: input(delivery), options: options?.(delivery) ?? {} }
  } catch (error) {
    port.logger.warn(
      'a delivery to the webhook of',
      port.entryPoint,
      'is refused: a function of its definition has thrown',
      error,
    )
    return refused({ status: 400, code: 'invalid_delivery', message: 'What was delivered is not understood.' })
  }
  const { status, id, differs } = await port.fire(made.input, { ...made.options, idempotencyKey: made.key })
  if (differs)
    port.logger.warn(
      'a delivery to the webhook of',
      port.entryPoint,
      `has the key of execution ${id}, but another input: it starts nothing`,
    )
  return Response.json({ id, status, ...(differs ? { differs } : {}) }, { status: status === 'duplicate' ? 200 : 202 })
}

function keyOf<TBody>(key: DeliveryKey<TBody> | undefined, delivery: Delivery<TBody>, request: Request, raw: Uint8Array) {
  // that it holds no secret was looked at in the definition
  if (key?.header !== undefined) return request.headers.get(key.header) ?? undefined
  return key ? key(delivery) : hashOf(request, raw)
}

/** The same bytes to the same place are the same delivery. */
function hashOf({ method, url }: Request, raw: Uint8Array): string {
  const { pathname, search } = new URL(url)
  const place = JSON.stringify([method, pathname + search])
  return `sha256:${createHash('sha256').update(place).update(raw).digest('hex')}`
}

const secretHeadersOf = (verify: WebhookOptions['verify']) =>
  (verify === false ? [] : (verify.secretHeaders ?? [])).map((name) => name.toLowerCase())

const keyProblem = (key: DeliveryKey<never> | false | undefined) =>
  key && key.header !== undefined ? `The header ${key.header} is missing, or too long.` : 'The delivery has no id.'

function invalidBody(issues: readonly StandardSchemaV1.Issue[]): Response {
  const shown = issues.map(({ message, path }) => ({
    message,
    path: (path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)),
  }))
  const error = { code: 'invalid_body', message: 'The body is not what it must be.', issues: shown }
  return Response.json({ error }, { status: 400 })
}

function refused({
  status,
  code,
  message,
}: {
  readonly status: number
  readonly code: string
  readonly message: string
}): Response {
  return Response.json({ error: { code, message } }, { status })
}

const nameOf = (error: unknown) => (error instanceof Error ? error.name : typeof error)

type Checked<TInput, TBody> = WebhookOptions<TInput, TBody> &
  Readonly<Required<{ [K in 'methods' | 'accept' | 'limit']: NonNullable<WebhookOptions[K]> }>>

/** The options with their defaults. What is wrong with path and methods is said where routes are checked. */
function checkedOptions<TInput, TBody>(given: WebhookOptions<TInput, TBody>): Checked<TInput, TBody> {
  refuseUnknown('invalid_definition', 'webhook', given, optionNames)
  const { verify, idempotencyKey, schema, where, input, options, accept = ['json', 'form'], limit = 1_048_576 } = given ?? {}
  if (verify !== false && typeof verify !== 'function')
    throw invalid('verify', verify, 'a function, such as hmac(…); or false, and anybody may fire it')
  for (const [option, value] of Object.entries({
    where,
    options,
    idempotencyKey: idempotencyKey === false ? undefined : idempotencyKey,
  }))
    if (value !== undefined && typeof value !== 'function') throw invalid(option, value, 'a function')
  if (typeof input !== 'function') throw invalid('input', input, 'a function')
  if (schema !== undefined && typeof schema?.['~standard']?.validate !== 'function')
    throw invalid('schema', schema, 'a Standard Schema, such as one of zod')
  if (!Array.isArray(accept) || accept.length === 0 || !accept.every((kind) => contentKinds.includes(kind)))
    throw invalid('accept', String(accept), `a list of ${contentKinds.join(', ')}`)
  if (!Number.isInteger(limit) || limit < 0) throw invalid('limit', limit, 'a whole number of bytes from 0')
  const keyHeader = idempotencyKey ? idempotencyKey.header : undefined
  if (keyHeader !== undefined && isSecretHeader(keyHeader, secretHeadersOf(verify)))
    throw invalid('idempotencyKey', keyHeader, 'a header that holds no secret: the key is stored')
  return { ...given, methods: given.methods === undefined ? ['POST'] : given.methods, accept, limit }
}

function invalid(option: string, value: unknown, wanted: string): StatewardError {
  const shown = typeof value === 'object' || typeof value === 'function' ? typeof value : String(value as number)
  return new StatewardError('invalid_definition', `A webhook's \`${option}\` is ${shown}; it must be ${wanted}.`, {
    details: { option, value: shown },
  })
}
