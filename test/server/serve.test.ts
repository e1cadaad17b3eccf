/** The server: over real sockets, from its port to its end. */
import { createServer, request as httpRequest, Agent } from 'node:http'
import { connect } from 'node:net'
import { fromPromise } from 'xstate'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createClient, defineEntryPoint } from '../../src/index.js'
import { serve, type ServedCalls, type ServeOptions } from '../../src/server.js'
import { header, webhook } from '../../src/triggers.js'
import { begin } from '../support/begin.js'
import { eventually } from '../support/eventually.js'
import { memoryPlace } from '../support/store-place.js'
import { delivery, doubles, read, signature } from '../support/webhooks.js'

async function served(runtime: ServedCalls, options: ServeOptions = {}) {
  const server = await serve(runtime, { port: 0, ...options })
  onTestFinished(() => server.close())
  return server
}

const begun = () => begin({ store: memoryPlace().connect(), entryPoints: [doubles()] })

const send = async (url: string, id: string, body: unknown = { n: 21 }) => {
  const { headers, method } = delivery(id, body)
  return read(await fetch(`${url}/doubles`, { method, headers, body: JSON.stringify(body) }))
}

/** A runtime whose answers a test gives by hand. */
function held() {
  const asked: ((response: Response) => void)[] = []
  let close = () => undefined as void
  const closed = new Promise<void>((resolve) => (close = resolve))
  const calls: ServedCalls = { fetch: () => new Promise((resolve) => asked.push(resolve)), closed }
  return { asked, calls, close }
}

test('it listens on this machine alone, on a port that is free, and what it gets is answered by the runtime', async () => {
  const runtime = await begun()
  const server = await served(runtime)
  expect(server.url).toBe(`http://127.0.0.1:${server.port}`)
  expect(server.port).toBeGreaterThan(0)
  const before = globalThis.Request
  const first = await send(server.url, 'd-1')
  expect(first).toEqual({ status: 202, body: { id: first.body['id'], status: 'accepted' } })
  expect(await send(server.url, 'd-1')).toEqual({ status: 200, body: { id: first.body['id'], status: 'duplicate' } })
  expect(await runtime.execution(String(first.body['id'])).result()).toEqual({ status: 'completed', output: 42 })
  expect(await read(await fetch(`${server.url}/healthz`))).toEqual({ status: 200, body: { status: 'ok' } })
  expect((await fetch(`${server.url}/healthz`, { method: 'HEAD' })).status).toBe(200)
  expect((await fetch(`${server.url}/`)).status).toBe(404)
  expect((await fetch(`${server.url}/doubles`)).status).toBe(405)
  expect(globalThis.Request).toBe(before)
})

test('a body in chunks without a length is cut off at the limit, and the server goes on', async () => {
  const runtime = await begin({ store: memoryPlace().connect(), entryPoints: [doubles({ limit: 1_000 })] })
  const server = await served(runtime)
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const request = httpRequest(`${server.url}/doubles`, { method: 'POST', headers: { 'transfer-encoding': 'chunked' } })
    request.on('response', (response) => {
      response.resume()
      resolve(response.statusCode)
      request.destroy()
    })
    request.on('error', reject)
    const chunk = () => request.writable && request.write('x'.repeat(600), () => setImmediate(chunk))
    chunk()
  })
  expect(status).toBe(413)
  const text = JSON.stringify({ n: 1, pad: 'x'.repeat(2_000) })
  const long = await fetch(`${server.url}/doubles`, { method: 'POST', headers: { 'x-signature': signature(text) }, body: text })
  expect(long.status).toBe(413)
  expect((await send(server.url, 'd-1')).status).toBe(202)
})

test('a sender that goes away in the middle of its body starts nothing', async () => {
  const runtime = await begun()
  const server = await served(runtime)
  const socket = connect(server.port, '127.0.0.1')
  socket.write('POST /doubles HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"n":')
  await new Promise((resolve) => socket.once('connect', resolve))
  socket.destroy()
  await new Promise((resolve) => socket.once('close', resolve))
  expect((await send(server.url, 'd-1')).status).toBe(202)
  expect((await runtime.executions()).executions).toHaveLength(1)
})

test('a port that another has is an error with a code, and closes nothing of the runtime', async () => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void taken.close())
  const { port } = taken.address() as { port: number }
  const runtime = await begun()
  await expect(serve(runtime, { port })).rejects.toMatchObject({
    code: 'address_unavailable',
    retryable: true,
    details: { hostname: '127.0.0.1', port, reason: 'EADDRINUSE' },
  })
  await expect(serve(runtime, { port: 0, hostname: '192.0.2.1' })).rejects.toMatchObject({
    code: 'address_unavailable',
    details: { reason: 'EADDRNOTAVAIL' },
  })
  expect((await runtime.fetch(delivery('d-1'))).status).toBe(202)
})

test('a close gives the answer that is on its way, takes no more connections, and keeps none that are idle', async () => {
  const { asked, calls } = held()
  const server = await served(calls)
  const agent = new Agent({ keepAlive: true })
  const answer = new Promise<string>((resolve, reject) => {
    const request = httpRequest(`${server.url}/`, { agent }, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += String(chunk))).on('end', () => resolve(text))
    })
    request.on('error', reject).end()
  })
  await eventually('the request', () => asked.length === 1)
  let isClosed = false
  const closing = Promise.all([server.close(), server.close()]).then(() => (isClosed = true))
  await expect(fetch(`${server.url}/`)).rejects.toThrow('fetch failed')
  expect(isClosed).toBe(false)
  asked[0]?.(new Response('late, but there'))
  expect(await answer).toBe('late, but there')
  await closing
  agent.destroy()
})

test('a close cuts what is not answered within its grace', async () => {
  const { asked, calls } = held()
  const server = await served(calls, { grace: 20 })
  const cut = fetch(`${server.url}/`).catch((error: Error) => error.message)
  await eventually('the request', () => asked.length === 1)
  await server.close()
  expect(await cut).toBe('fetch failed')
})

test('a drain is answered with 503, and the stop of the runtime, or the close of a client, closes the server', async () => {
  const runtime = await begun()
  const server = await served(runtime)
  await runtime.drain()
  expect(await send(server.url, 'd-1')).toMatchObject({ status: 503, body: { error: { code: 'draining' } } })
  expect((await fetch(`${server.url}/healthz`)).status).toBe(503)
  await runtime.stop()
  await server.close()
  await expect(fetch(`${server.url}/healthz`)).rejects.toThrow('fetch failed')

  const client = createClient({ store: memoryPlace().connect(), entryPoints: [doubles()] })
  const beside = await served(client)
  expect((await send(beside.url, 'd-1')).status).toBe(202)
  await client.close()
  await eventually('its end', () =>
    fetch(`${beside.url}/healthz`).then(
      () => false,
      () => true,
    ),
  )
})

test('the stop of the runtime waits for no sender, and closes no connection before its answer', async () => {
  let answer = () => undefined as void
  const wait = new Promise<void>((resolve) => (answer = resolve))
  const entryPoint = defineEntryPoint({
    id: 'slow',
    program: fromPromise(async () => 1),
    trigger: webhook({
      path: '/slow',
      verify: () => wait.then(() => true),
      idempotencyKey: header('x-delivery'),
      input: () => undefined as unknown,
    }),
  })
  const runtime = await begin({ store: memoryPlace().connect(), entryPoints: [entryPoint] })
  const server = await served(runtime)
  const { headers } = delivery('d-1')
  const sent = fetch(`${server.url}/slow`, { method: 'POST', headers, body: '{}' })
  await eventually('the request', async () => (await fetch(`${server.url}/healthz`)).ok)
  await runtime.stop()
  answer()
  expect((await sent).status).toBe(503)
})

describe('an option is refused', () => {
  test.each([
    ['port', { port: -1 }],
    ['port', { port: 1.5 }],
    ['port', { port: 70_000 }],
    ['port', { port: '80' }],
    ['hostname', { hostname: '' }],
    ['grace', { grace: NaN }],
    ['host', { host: 'x' }],
  ])('that can not be: %s of %j', async (option, options) => {
    await expect(serve(held().calls, options as ServeOptions)).rejects.toMatchObject({
      code: 'invalid_option',
      details: { option },
    })
  })
})

test.each([{}, undefined, { fetch: () => undefined }])('what is no runtime is not served: %j', async (calls) => {
  await expect(serve(calls as never, { port: 0 })).rejects.toMatchObject({
    code: 'invalid_option',
    message: expect.stringContaining('createRuntime or createClient') as unknown,
  })
})
