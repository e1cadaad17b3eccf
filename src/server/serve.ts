/**
 * Listens on a port for who has no framework.
 *
 * Owns: the socket, from its opening to its end: whoever is answered when it closes gets the answer. Talks to the runtime by
 * `fetch` alone. `@hono/node-server` turns Node's requests into the web's; it is loaded when it is needed.
 */
import type * as Adaptor from '@hono/node-server'
import type { Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { nextTurn, systemClock } from '../clock.js'
import { StatewardError } from '../errors.js'
import { refuseUnknown, type OptionNames } from '../known-options.js'

/** What is served: a runtime, or a client. */
export interface ServedCalls {
  readonly fetch: (request: Request) => Promise<Response>
  /** Resolves once it was stopped. */
  readonly closed: Promise<void>
}

/** Where to listen. Times are milliseconds. */
export interface ServeOptions {
  /** Default 8080; 0: any that is free. */
  readonly port?: number | undefined
  /** Default `127.0.0.1`, which only this machine reaches; `0.0.0.0` is all of its addresses. */
  readonly hostname?: string | undefined
  /** How long requests that are being answered may take when it closes; their connections are cut then. Default 10,000. */
  readonly grace?: number | undefined
}

/** A server that listens. */
export interface Served {
  /** The port on which it listens. */
  readonly port: number
  /** Its address, such as `http://127.0.0.1:8080`. */
  readonly url: string
  /** Takes no more connections, and resolves once what was being answered is; concurrent callers join. */
  close(): Promise<void>
}

const optionNames: OptionNames<ServeOptions> = { port: true, hostname: true, grace: true }

/** How long a sender may take to send its headers, and its whole request, in ms. */
const HEADERS_WITHIN = 10_000
const REQUEST_WITHIN = 30_000

/**
 * Listens for the requests that `runtime.fetch` answers; resolves once it does. It closes with the runtime's stop; a drain answers 503
 * meanwhile.
 *
 * Needs the packages `hono` and `@hono/node-server`. Errors: `invalid_option`, `missing_dependency`, `address_unavailable` (the port is
 * in use, or this process may not have it: `details.reason`), `already_stopped`.
 *
 * @example
 * ```ts
 * const server = await serve(runtime, { port: 0 })
 * const health = await fetch(`${server.url}/healthz`)
 * console.log(health.status) // prints 200
 * await server.close()
 * ```
 */
export async function serve(served: ServedCalls, options: ServeOptions = {}): Promise<Served> {
  const { port, hostname, grace } = checkedOptions(options)
  if (typeof served?.fetch !== 'function' || typeof served.closed?.then !== 'function')
    throw invalid('the first argument', served, 'what createRuntime or createClient gives')
  const { createAdaptorServer } = await adaptor()
  let isClosing = false
  const server = createAdaptorServer({
    fetch: (request) => served.fetch(request),
    overrideGlobalObjects: false,
    serverOptions: { headersTimeout: HEADERS_WITHIN, requestTimeout: REQUEST_WITHIN },
  }) as Server
  server.on('request', (_, response: ServerResponse) => {
    // the last answer of a connection that would be kept for others
    response.on('close', () => isClosing && nextTurn(() => server.closeIdleConnections()))
  })
  await listening(server, port, hostname)
  const end = () => {
    isClosing = true
    return ended(server, grace)
  }
  let closing: Promise<void> | undefined
  const close = () => (closing ??= end())
  served.closed.then(close, close)
  const { port: actual } = server.address() as AddressInfo
  return { port: actual, url: `http://${hostname.includes(':') ? `[${hostname}]` : hostname}:${actual}`, close }
}

async function adaptor(): Promise<Pick<typeof Adaptor, 'createAdaptorServer'>> {
  try {
    return await import('@hono/node-server')
  } catch (cause) {
    const remedy = 'run: npm install hono @hono/node-server'
    throw new StatewardError('missing_dependency', `serve needs "@hono/node-server": ${remedy}`, {
      details: { module: '@hono/node-server' },
      cause,
    })
  }
}

function listening(server: Server, port: number, hostname: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException) => {
      const { code: reason = 'unknown' } = cause
      const message = `Can not listen on ${hostname}, port ${port}: ${said[reason] ?? cause.message}.`
      reject(new StatewardError('address_unavailable', message, { details: { hostname, port, reason }, cause }))
    }
    server.once('error', failed)
    server.listen(port, hostname, () => {
      server.off('error', failed)
      resolve()
    })
  })
}

const said: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process, or another server of this one, has it',
  EACCES: 'this process may not have it',
  EADDRNOTAVAIL: 'this machine has no such address',
}

function ended(server: Server, grace: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = systemClock.setTimeout(() => server.closeAllConnections(), grace)
    server.close(() => {
      systemClock.clearTimeout(cut)
      resolve()
    })
    server.closeIdleConnections()
  })
}

function checkedOptions(options: ServeOptions): Required<{ [K in keyof ServeOptions]: NonNullable<ServeOptions[K]> }> {
  refuseUnknown('invalid_option', 'serve', options, optionNames)
  const { port = 8080, hostname = '127.0.0.1', grace = 10_000 } = options
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw invalid('port', port, 'a whole number from 0 to 65,535')
  if (typeof hostname !== 'string' || hostname === '') throw invalid('hostname', hostname, "an address, such as '127.0.0.1'")
  if (typeof grace !== 'number' || !(grace >= 0)) throw invalid('grace', grace, 'a number of ms from 0')
  return { port, hostname, grace }
}

function invalid(option: string, value: unknown, wanted: string): StatewardError {
  const shown = typeof value === 'string' || typeof value === 'number' ? String(value) : typeof value
  return new StatewardError('invalid_option', `serve: \`${option}\` is ${shown}; it must be ${wanted}.`, {
    details: { option, value: shown },
  })
}
