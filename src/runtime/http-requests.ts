/**
 * Answers requests over HTTP.
 *
 * Owns: the way of a request to the trigger whose route it is, the answers that no route gives (404, 405, 503, health), and what an
 * error becomes: its sender is told a code, and nothing of what is inside; the logger gets the error. Does not know any kind of
 * trigger, nor who listens.
 */
import type { SupervisorHost } from '../actors/supervisor/supervisor-host.js'
import type { RouteFound } from '../actors/trigger/route-table.js'
import type { Fired, FireOptions, RoutePort } from '../actors/trigger/trigger.js'
import { isStatewardError, StatewardError, type StatewardErrorCode } from '../errors.js'

/** The parts of the runtime that answer requests; asked at each. */
export interface HttpPort {
  supervisor(): SupervisorHost
  /** `id`: of the execution that it starts, if it starts one; absent: a fresh one. */
  fire(entryPoint: string, input: unknown, options: FireOptions, id: string | undefined): Promise<Fired>
  /** Throws why the entry point accepts nothing. */
  checkAccepting(entryPoint: string): void
  /** Why nothing is accepted; undefined: what comes is accepted. */
  closed(): string | undefined
}

/** After how many seconds a sender may try again. */
const RETRY_AFTER = '5'

/** Errors that are the sender's, by what it has sent. */
const bySender: ReadonlySet<StatewardErrorCode> = new Set(['invalid_id', 'invalid_option', 'invalid_key', 'not_storable'])
/** A runtime or a stream that is not there (any more) may be there again at the same address. */
const byState: ReadonlySet<StatewardErrorCode> = new Set(['not_started', 'already_stopped', 'store_closed', 'stream_down'])

type Found<TKind> = Extract<RouteFound, { readonly kind: TKind }>

/** The requests to one runtime. */
export class HttpRequests {
  readonly #port: HttpPort

  constructor(port: HttpPort) {
    this.#port = port
  }

  /** Answers a request; never rejects, unless it is no `Request` (`invalid_option`). `id`: of the execution that it starts first, if it starts one. */
  async answer(request: Request, id?: string): Promise<Response> {
    if (!isRequest(request))
      throw new StatewardError(
        'invalid_option',
        "What was given to `fetch` is no Request of the web. A server of node:http mounts it by getRequestListener(runtime.fetch) of '@hono/node-server'.",
        { details: { option: 'request', value: typeof request } },
      )
    const { entryPoints } = this.#port.supervisor().settings
    const found = entryPoints.routes.find(new URL(request.url).pathname, request.method)
    if (found.kind === 'route') return this.#routed(request, found, id)
    if (found.kind === 'health') return this.#health()
    if (found.kind === 'not_found') return refusal(404, 'not_found', 'Nothing is here.')
    const allow = found.allowed.join(', ')
    return refusal(405, 'method_not_allowed', `Allowed: ${allow}.`, { allow })
  }

  async #routed(request: Request, { entryPoint, route }: Found<'route'>, id: string | undefined): Promise<Response> {
    const { settings, streams } = this.#port.supervisor()
    let fired: Fired | undefined
    let nextId = id
    let failure: unknown
    const port: RoutePort<unknown> = {
      entryPoint,
      logger: settings.logger,
      now: () => settings.clock.now(),
      freshKey: () => settings.ids.key(),
      fire: async (input, options) => {
        const own = nextId
        nextId = undefined
        return (fired = await this.#port.fire(entryPoint, input, options, own))
      },
    }
    let response: Response
    try {
      this.#port.checkAccepting(entryPoint)
      response = await route.handle(request, port)
      // a framework may have a Response of its own
      if (typeof response?.status !== 'number') throw new TypeError(`The route ${route.path} answered with no Response.`)
    } catch (error) {
      response = refusalOf(error)
      // what a sender can bring about at will is logged, and written nowhere
      if (response.status === 500) failure = error
      if (response.status === 500 || response.status === 400)
        settings.logger.error('a request to', entryPoint, 'could not be carried out', error)
    }
    const { method } = request
    const answer = {
      type: 'route.answered',
      method,
      path: route.path,
      status: response.status,
      execution: fired?.id ?? null,
    } as const
    const started = fired?.status === 'accepted'
    streams.get(entryPoint)?.answered(answer, failure === undefined ? { started } : { started, error: failure })
    return response
  }

  #health(): Response {
    const closed = this.#port.closed()
    if (closed !== undefined) return Response.json({ status: closed }, { status: 503, headers: { 'retry-after': RETRY_AFTER } })
    // a store that fails is no reason to be taken out of the rotation: only the next write shows that it works again
    const { status } = this.#port.supervisor().registry.health.getSnapshot().context
    return Response.json({ status })
  }
}

/** A framework may have a Request of its own; that of node:http has the path alone. */
function isRequest(request: Partial<Request> | undefined): boolean {
  const { url, method, headers } = request ?? {}
  return typeof url === 'string' && URL.canParse(url) && typeof method === 'string' && typeof headers?.get === 'function'
}

function refusal(status: number, code: string, message: string, headers: Record<string, string> = {}): Response {
  return Response.json({ error: { code, message } }, { status, headers })
}

/** What the sender is told of an error. */
function refusalOf(error: unknown): Response {
  const later = { 'retry-after': RETRY_AFTER }
  if (isStatewardError(error)) {
    const { code } = error
    if (code === 'queue_full') return refusal(429, code, 'Too much waits here; try again later.', later)
    if (bySender.has(code)) return refusal(400, code, 'What was sent can not be accepted.')
    if (error.retryable || byState.has(code)) return refusal(503, code, 'Nothing is accepted now; try again later.', later)
  }
  return refusal(500, 'internal', 'The request could not be carried out.')
}
