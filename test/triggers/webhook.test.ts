/** Webhooks: what each request is answered, what a delivery starts, and what stays secret. */
import { readFileSync } from 'node:fs'
import { fromPromise, type InspectionEvent } from 'xstate'
import { describe, expect, test } from 'vitest'
import { createClient, createRuntime, defineEntryPoint } from '../../src/index.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { faultyStore } from '../../src/testing/store/faulty-store.js'
import { header, hmac, token, webhook, type WebhookOptions } from '../../src/triggers.js'
import { sqliteStore } from '../../src/sqlite.js'
import { begin } from '../support/begin.js'
import { eventually } from '../support/eventually.js'
import { memoryPlace, places } from '../support/store-place.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { delivery, double, doubles, read, secret, signature } from '../support/webhooks.js'

const started = (over: Partial<WebhookOptions<{ n: number }, { n: number }>> = {}, options = {}) =>
  begin({ store: memoryPlace().connect(), entryPoints: [doubles(over)], ...options })

const refused = (code: string) => ({ error: expect.objectContaining({ code }) as unknown })

describe.each(places)('on %s', (_, place) => {
  test('a delivery is answered 202 with the id of its execution, and when it comes again 200 with the same, after a restart too', async () => {
    const shared = place()
    const runtime = await begin({ store: shared.connect(), entryPoints: [doubles()] })
    const first = await read(await runtime.fetch(delivery('d-1')))
    expect(first).toEqual({ status: 202, body: { id: first.body['id'], status: 'accepted' } })
    const id = String(first.body['id'])
    expect(await runtime.execution(id).result()).toEqual({ status: 'completed', output: 42 })
    expect(await read(await runtime.fetch(delivery('d-1')))).toEqual({ status: 200, body: { id, status: 'duplicate' } })
    expect(await read(await runtime.fetch(delivery('d-1', { n: 1 })))).toEqual({
      status: 200,
      body: { id, status: 'duplicate', differs: true },
    })
    await runtime.stop()
    const again = await begin({ store: shared.connect(), entryPoints: [doubles()] })
    expect(await read(await again.fetch(delivery('d-1')))).toEqual({ status: 200, body: { id, status: 'duplicate' } })
    expect((await again.executions({ idempotencyKey: 'd-1' })).executions.map((each) => each.id)).toEqual([id])
  })

  test('one that comes many times at once, to two processes on one store, starts one execution', async () => {
    const shared = place()
    const one = await begin({ store: shared.connect(), entryPoints: [doubles()], id: 'one' })
    const other = await begin({ store: shared.connect(), entryPoints: [doubles()], id: 'other' })
    const answers = await Promise.all(
      Array.from({ length: 12 }, async (__, at) => read(await (at % 2 === 0 ? one : other).fetch(delivery('d-1')))),
    )
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(11)
    expect(new Set(answers.map(({ body }) => body['id'])).size).toBe(1)
    expect((await one.executions({ entryPoint: 'doubles' })).executions).toHaveLength(1)
  })

  test('a client takes deliveries for the workers', async () => {
    const shared = place()
    const client = createClient({ store: shared.connect(), entryPoints: [doubles()], pollInterval: 5 })
    expect((await client.fetch(new Request('http://localhost/healthz'))).status).toBe(200)
    const { status, body } = await read(await client.fetch(delivery('d-1')))
    expect(status).toBe(202)
    const worker = await begin({ store: shared.connect(), entryPoints: [doubles()] })
    expect(await worker.execution(String(body['id'])).result()).toEqual({ status: 'completed', output: 42 })
    await client.close()
    expect((await client.fetch(delivery('d-2'))).status).toBe(503)
    expect((await client.fetch(new Request('http://localhost/healthz'))).status).toBe(503)
  })
})

describe('a request is answered', () => {
  test('400 where its JSON is none, its body does not fit, a function of the definition throws, or it has no key', async () => {
    const logged: unknown[][] = []
    const runtime = await begin({
      store: memoryPlace().connect(),
      logger: (...args: unknown[]) => void logged.push(args),
      entryPoints: [
        doubles(),
        defineEntryPoint({
          id: 'picky',
          program: double,
          trigger: webhook({
            path: '/picky',
            verify: false,
            input: () => {
              throw new Error('an inner thing')
            },
          }),
        }),
      ],
    })
    expect(await read(await runtime.fetch(delivery('d', '{"n":')))).toEqual({ status: 400, body: refused('malformed_body') })
    expect(await read(await runtime.fetch(delivery('d', { n: 'x' })))).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_body', issues: [{ path: ['n'] }] } },
    })
    expect(await read(await runtime.fetch(delivery('d', '')))).toEqual({ status: 400, body: refused('invalid_body') })
    expect(await read(await runtime.fetch(delivery('')))).toEqual({ status: 400, body: refused('no_delivery_key') })
    expect(await read(await runtime.fetch(delivery('x'.repeat(513))))).toEqual({ status: 400, body: refused('no_delivery_key') })
    const picky = await read(await runtime.fetch(delivery('d', {}, {}, { path: '/picky' })))
    expect(picky).toEqual({ status: 400, body: refused('invalid_delivery') })
    expect(JSON.stringify(picky)).not.toContain('inner')
    expect(logged.some((line) => line.some((part) => part instanceof Error && part.message === 'an inner thing'))).toBe(true)
    expect((await runtime.executions()).executions).toEqual([])
  })

  test('401 where its sender is not known: no signature, a wrong one, one of another body, a verify that throws', async () => {
    const logged: unknown[][] = []
    const clock = new SimulatedClock()
    const throwing = webhook({
      path: '/throws',
      verify: ({ headers }) => {
        throw new Error(`no key for ${headers.get('authorization')}`)
      },
      input: () => ({ n: 1 }),
    })
    const runtime = await begin({
      store: memoryPlace().connect(),
      clock,
      logger: (...args: unknown[]) => void logged.push(args),
      entryPoints: [doubles(), defineEntryPoint({ id: 'throws', program: double, trigger: throwing })],
    })
    for (const value of ['', 'x', 'sha256=00', signature('other'), `${signature('{"n":21}')}00`, '\u00e9'])
      expect(await read(await runtime.fetch(delivery('d', { n: 21 }, { 'x-signature': value })))).toEqual({
        status: 401,
        body: refused('unauthorized'),
      })
    const throws = () => runtime.fetch(delivery('d', {}, { authorization: 'Bearer abc' }, { path: '/throws' }))
    expect((await throws()).status).toBe(401)
    expect((await throws()).status).toBe(401)
    // reported once a minute, and without what it says
    expect(logged).toHaveLength(1)
    expect(JSON.stringify(logged)).not.toContain('Bearer abc')
    expect((await runtime.executions()).executions).toEqual([])
  })

  test('404 at a path that no route has, and 405 with what is allowed for another method', async () => {
    const runtime = await started({ methods: ['POST', 'PUT'] })
    expect(await read(await runtime.fetch(delivery('d', {}, {}, { path: '/nowhere' })))).toEqual({
      status: 404,
      body: refused('not_found'),
    })
    expect((await runtime.fetch(delivery('d', {}, {}, { path: '/doubles/' }))).status).toBe(404)
    const got = await runtime.fetch(delivery('d', {}, {}, { method: 'GET' }))
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST, PUT'])
    expect((await runtime.fetch(delivery('d', { n: 1 }, {}, { method: 'PUT' }))).status).toBe(202)
  })

  test('413 over the limit, by its length or, where that is not said, while it is read', async () => {
    const runtime = await started({ limit: 100 })
    expect((await runtime.fetch(delivery('d', { n: 1, pad: 'x'.repeat(100) }))).status).toBe(413)
    let pulled = 0
    let cancelled = false
    const endless = new ReadableStream({
      pull(controller) {
        pulled++
        controller.enqueue(new TextEncoder().encode('x'.repeat(30)))
      },
      cancel() {
        cancelled = true
      },
    })
    const request = new Request('http://localhost/doubles', { method: 'POST', body: endless, duplex: 'half' } as RequestInit)
    expect(await read(await runtime.fetch(request))).toEqual({ status: 413, body: refused('body_too_large') })
    expect(cancelled).toBe(true)
    expect(pulled).toBeLessThan(8)
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error('reset')) })
    const half = new Request('http://localhost/doubles', { method: 'POST', body: broken, duplex: 'half' } as RequestInit)
    expect((await runtime.fetch(half)).status).toBe(400)
    const exactly = `{"n":1,"pad":"${'x'.repeat(84)}"}`
    expect(exactly).toHaveLength(100)
    expect((await runtime.fetch(delivery('d', exactly))).status).toBe(202)
  })

  test('415 for content that is not understood, is compressed, or is not in UTF-8', async () => {
    const runtime = await started()
    const bad: Record<string, string>[] = [
      { 'content-type': 'application/xml' },
      { 'content-type': '' },
      { 'content-type': 'application/json; charset=latin1' },
      { 'content-encoding': 'gzip' },
    ]
    for (const headers of bad) {
      // a Request gives a text without a type one of its own
      const answer = await runtime.fetch(delivery('d', { n: 1 }, headers))
      expect(answer.status, JSON.stringify(headers)).toBe(415)
    }
    const good = { 'content-type': 'application/vnd.acme+json; charset="UTF-8"' }
    expect((await runtime.fetch(delivery('d', { n: 1 }, good))).status).toBe(202)
  })

  test('429 with Retry-After while the queue is full, but the one that was accepted before keeps its answer', async () => {
    const stuck = fromPromise<void, { n: number }>(() => new Promise(() => undefined))
    const entryPoint = defineEntryPoint({
      id: 'stuck',
      program: stuck,
      trigger: webhook({
        path: '/stuck',
        verify: false,
        idempotencyKey: header('x-delivery'),
        input: () => ({ n: 1 }),
      }),
      maxConcurrent: 1,
      maxQueued: 1,
    })
    const runtime = await begin({ store: memoryPlace().connect(), entryPoints: [entryPoint] })
    const send = (id: string) => runtime.fetch(delivery(id, {}, {}, { path: '/stuck' }))
    expect((await send('a')).status).toBe(202)
    expect((await send('b')).status).toBe(202)
    const full = await send('c')
    expect([full.status, full.headers.get('retry-after')]).toEqual([429, '5'])
    expect(await read(full)).toMatchObject({ body: refused('queue_full') })
    expect((await send('a')).status).toBe(200)
    expect((await runtime.executions()).executions).toHaveLength(2)
  })

  test('503 with Retry-After before the start, while the runtime drains, and once it is stopped, and the health says which', async () => {
    const runtime = createRuntime({ store: memoryPlace().connect(), entryPoints: [doubles()] })
    const health = async () => read(await runtime.fetch(new Request('http://localhost/healthz')))
    const send = async () => {
      const answer = await runtime.fetch(delivery('d-1'))
      return [
        answer.status,
        answer.headers.get('retry-after'),
        ((await answer.json()) as { error: { code: string } }).error?.code,
      ]
    }
    expect([await send(), await health()]).toEqual([[503, '5', 'not_started'], { status: 503, body: { status: 'idle' } }])
    await runtime.start()
    expect(await health()).toEqual({ status: 200, body: { status: 'ok' } })
    await runtime.drain()
    expect([await send(), await health()]).toEqual([[503, '5', 'draining'], { status: 503, body: { status: 'draining' } }])
    await runtime.stop()
    expect([await send(), await health()]).toEqual([[503, '5', 'already_stopped'], { status: 503, body: { status: 'stopped' } }])
  })

  test('503 while its stream is down, also one that stays ended', async () => {
    const refs: InspectionEvent['actorRef'][] = []
    const runtime = await begin({
      store: memoryPlace().connect(),
      entryPoints: [doubles({}, { restart: 'temporary' })],
      inspect: (event: InspectionEvent) => {
        if (event.type === '@xstate.actor') refs.push(event.actorRef)
      },
    })
    const stream = refs.find((ref) => 'id' in ref && ref.id === 'doubles') as { send(event: object): void }
    stream.send({ type: 'stream.crash', error: new Error('a bug') })
    await eventually('its end', async () => (await runtime.fetch(delivery('d-1'))).status !== 202)
    expect(await read(await runtime.fetch(delivery('d-1')))).toEqual({ status: 503, body: refused('stream_down') })
  })

  test('202 while its stream is paused, as runtime.trigger is accepted: it runs once that is resumed', async () => {
    const runtime = await started()
    await runtime.stream('doubles').pause()
    const { status, body } = await read(await runtime.fetch(delivery('d-1')))
    expect(status).toBe(202)
    const execution = runtime.execution(String(body['id']))
    expect((await execution.get()).status).toBe('queued')
    await runtime.stream('doubles').resume()
    expect(await execution.result()).toEqual({ status: 'completed', output: 42 })
  })

  test('400 for options that no execution can have, and the logger gets what is wrong with them', async () => {
    const logged: unknown[][] = []
    const runtime = await begin({
      store: memoryPlace().connect(),
      entryPoints: [doubles({ options: () => ({ tag: ['vip'] }) as never })],
      logger: (...args: unknown[]) => void logged.push(args),
    })
    expect(await read(await runtime.fetch(delivery('d')))).toEqual({ status: 400, body: refused('invalid_option') })
    expect(logged.flat()).toContainEqual(
      expect.objectContaining({ details: { entryPoint: 'doubles', option: 'tag', nearest: 'tags' } }),
    )
  })

  test('by no answer if it is none of the web, such as one of node:http, and the error says how to mount it', async () => {
    const runtime = await begin({ store: memoryPlace().connect(), entryPoints: [doubles()] })
    for (const request of [{ url: '/doubles', method: 'POST', headers: {} }, 'http://localhost/doubles', undefined])
      await expect(runtime.fetch(request as never)).rejects.toMatchObject({
        code: 'invalid_option',
        message: expect.stringContaining('getRequestListener(runtime.fetch)') as unknown,
      })
  })

  test('500 for what is wrong inside, with nothing of it; the logger and the registry get it', async () => {
    const logged: unknown[][] = []
    const entryPoint = defineEntryPoint({
      id: 'own',
      program: double,
      trigger: {
        type: 'own',
        routes: [{ path: '/own', methods: ['POST'], handle: () => Promise.reject(new TypeError('password=hunter2')) }],
      },
    })
    const runtime = await begin({
      store: memoryPlace().connect(),
      entryPoints: [entryPoint, doubles({ input: () => (() => 1) as never })],
      logger: (...args: unknown[]) => void logged.push(args),
    })
    const answer = await read(await runtime.fetch(delivery('d', {}, {}, { path: '/own' })))
    expect(answer).toEqual({ status: 500, body: refused('internal') })
    expect(JSON.stringify(answer)).not.toContain('hunter2')
    expect(logged.flat()).toContainEqual(expect.objectContaining({ message: 'password=hunter2' }))
    expect(runtime.registry.triggers.getSnapshot().context['own']).toMatchObject({
      failures: 1,
      error: { message: 'password=hunter2' },
    })
    // an input that no store can hold will not be better when it comes again
    expect(await read(await runtime.fetch(delivery('d')))).toEqual({ status: 400, body: refused('not_storable') })
    const used = delivery('e')
    await used.text()
    expect((await runtime.fetch(used)).status).toBe(500)
  })
})

describe('a crash', () => {
  test.each(['before', 'after'] as const)(
    'of the store %s the acceptance is written gives no 202, and the sender that tries again gets the one execution',
    async (when) => {
      const store = faultyStore(memoryPlace().connect())
      const runtime = await begin({ store, entryPoints: [doubles()], logger: () => undefined })
      store.inject({ kind: 'throw', call: 'commit', when })
      const failed = await runtime.fetch(delivery('d-1'))
      store.heal()
      expect(failed.status).toBe(503)
      const { status, body } = await read(await runtime.fetch(delivery('d-1')))
      expect([200, 202]).toContain(status)
      expect(await runtime.execution(String(body['id'])).result()).toEqual({ status: 'completed', output: 42 })
      expect((await runtime.executions()).executions).toHaveLength(1)
    },
  )

  test.each([true, false])(
    'of the process while the acceptance is on its way (written: %s) leaves the sender without an answer, and its next try gets the one execution',
    async (isWritten) => {
      const shared = memoryPlace()
      let reached = () => undefined as void
      const onItsWay = new Promise<void>((resolve) => (reached = resolve))
      const connection = shared.connect((store) => ({
        commit: async (batch) => {
          const answer = isWritten ? await store.commit(batch) : undefined
          connection.cut()
          reached()
          return answer ?? store.commit([])
        },
      }))
      const dying = createRuntime({ store: connection, entryPoints: [doubles()], pollInterval: 5 })
      await dying.start()
      let hasAnswered = false
      dying.fetch(delivery('d-1')).then(
        () => (hasAnswered = true),
        () => undefined,
      )
      await onItsWay
      const next = await begin({ store: shared.connect(), entryPoints: [doubles()] })
      const { status, body } = await read(await next.fetch(delivery('d-1')))
      expect(status).toBe(isWritten ? 200 : 202)
      expect(await next.execution(String(body['id'])).result()).toEqual({ status: 'completed', output: 42 })
      expect((await next.executions()).executions).toHaveLength(1)
      expect(hasAnswered).toBe(false)
    },
  )
})

describe('a delivery', () => {
  test('without a key of its own is the same one by its bytes and its place; with none on purpose each is new', async () => {
    const entry = (id: string, over: Partial<WebhookOptions<{ n: number }>>) =>
      defineEntryPoint({
        id,
        program: double,
        trigger: webhook({ path: `/${id}`, verify: false, input: () => ({ n: 1 }), ...over }),
      })
    const runtime = await begin({
      store: memoryPlace().connect(),
      entryPoints: [
        entry('hashed', {}),
        entry('each', { idempotencyKey: false }),
        entry('numbered', { idempotencyKey: () => 7 }),
      ],
    })
    const send = async (path: string, body: unknown = { a: 1 }) => {
      const answer = await read(await runtime.fetch(delivery('', body, {}, { path })))
      return String(answer.body['id'])
    }
    const first = await send('/hashed')
    expect(await send('/hashed')).toBe(first)
    expect(await send('/hashed', { a: 2 })).not.toBe(first)
    expect(await send('/hashed?page=2')).not.toBe(first)
    expect(await send('/each')).not.toBe(await send('/each'))
    const numbered = await send('/numbered')
    expect((await runtime.executions({ idempotencyKey: '7' })).executions.map(({ id }) => id)).toEqual([numbered])
  })

  test('gives its parts to the functions: form, query, method, path, and headers without secrets', async () => {
    const seen: unknown[] = []
    const trigger = webhook({
      path: '/form',
      methods: ['POST', 'GET'],
      verify: token({ header: 'x-own', secret }),
      idempotencyKey: ({ body }) => (body as { id?: string } | undefined)?.id ?? 'got',
      where: ({ query }) =>
        query.has('challenge') ? Response.json({ challenge: query.get('challenge') }) : query.get('skip') !== 'yes',
      options: () => ({ sessionId: 'ann', correlationId: 'c-1', priority: 3 }),
      input: ({ body, headers, query, method, path }) => {
        seen.push({ body, headers: Object.fromEntries(headers), query: [...query], method, path })
        return { n: 1 }
      },
    })
    const runtime = await begin({
      store: memoryPlace().connect(),
      entryPoints: [defineEntryPoint({ id: 'form', program: double, trigger })],
    })
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'x-own': secret,
      authorization: 'Bearer x',
      cookie: 'a=b',
      'x-api-key': 'k',
    }
    const send = (query: string, method = 'POST') =>
      runtime.fetch(delivery('d', 'id=7&tag=a&tag=b', headers, { path: `/form${query}`, method }))
    const { status, body } = await read(await send('?page=2'))
    expect(status).toBe(202)
    expect(seen).toEqual([
      {
        body: { id: '7', tag: ['a', 'b'] },
        headers: { 'content-type': headers['content-type'], 'x-delivery': 'd' },
        query: [['page', '2']],
        method: 'POST',
        path: '/form',
      },
    ])
    expect(await runtime.execution(String(body['id'])).get()).toMatchObject({
      sessionId: 'ann',
      correlationId: 'c-1',
      priority: 3,
    })
    expect((await send('?skip=yes')).status).toBe(204)
    expect(await read(await send('?challenge=abc'))).toEqual({ status: 200, body: { challenge: 'abc' } })
    expect((await send('', 'GET')).status).toBe(202)
    expect((await runtime.executions()).executions).toHaveLength(2)
  })

  test('of text or bytes is given as it is, where that is asked for', async () => {
    const seen: unknown[] = []
    const trigger = webhook({
      path: '/raw',
      verify: false,
      accept: ['text', 'bytes'],
      input: ({ body }) => {
        seen.push(body)
        return { n: 1 }
      },
    })
    const runtime = await begin({
      store: memoryPlace().connect(),
      entryPoints: [defineEntryPoint({ id: 'raw', program: double, trigger })],
    })
    const send = (type: string) => runtime.fetch(delivery('d', 'a,b', { 'content-type': type }, { path: '/raw' }))
    expect([(await send('text/csv')).status, (await send('image/png')).status]).toEqual([202, 200])
    expect(seen).toEqual(['a,b', new Uint8Array(Buffer.from('a,b'))])
  })
})

test('secrets, tokens and signatures are nowhere: not in the store, not in a log, an inspection, a definition or an answer', async () => {
  const folder = temporaryFolder()
  const shown: string[] = []
  const note = (value: unknown) => void shown.push(typeof value === 'string' ? value : JSON.stringify(value) + String(value))
  const headers = { authorization: 'Bearer very-secret-token', cookie: 'sid=very-secret-cookie' }
  const entryPoint = doubles({
    input: ({ body, headers: open }) => ({ n: body.n, headers: Object.fromEntries(open) }),
  })
  const runtime = createRuntime({
    store: sqliteStore(`${folder}/app.db`),
    entryPoints: [entryPoint],
    logger: (...args: unknown[]) => args.forEach(note),
    inspect: (event: InspectionEvent) => note({ ...event, actorRef: undefined, snapshot: 'snapshot' in event && event.snapshot }),
  })
  await runtime.start()
  const good = await read(await runtime.fetch(delivery('d-1', { n: 21 }, headers)))
  const bad = await read(await runtime.fetch(delivery('d-2', { n: 21 }, { ...headers, 'x-signature': '0'.repeat(64) })))
  const again = await read(await runtime.fetch(delivery('d-1', { n: 22 }, headers)))
  expect([good.status, bad.status, again.status]).toEqual([202, 401, 200])
  await runtime.execution(String(good.body['id'])).result()
  ;[good, bad, again, entryPoint, entryPoint.trigger, runtime.registry.triggers.getSnapshot()].forEach(note)
  await runtime.stop()
  const everything = [...shown, ...['', '-wal', '-shm'].map((end) => contents(`${folder}/app.db${end}`))].join('\n')
  expect(everything).toContain('d-1')
  expect(everything).toContain('route.answered')
  for (const hidden of [secret, 'very-secret', signature('{"n":21}'), signature('{"n":22}'), '0'.repeat(64)])
    expect(everything).not.toContain(hidden)
})

function contents(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}

test('an inspector sees a webhook under its stream, with what it has answered', async () => {
  const events: InspectionEvent[] = []
  const runtime = await begin({
    store: memoryPlace().connect(),
    entryPoints: [doubles()],
    inspect: (event: InspectionEvent) => void events.push(event),
  })
  await eventually('the trigger', () => runtime.registry.triggers.getSnapshot().context['doubles']?.status === 'running')
  const { body } = await read(await runtime.fetch(delivery('d-1')))
  await runtime.fetch(delivery('d-1', { n: 1 }, { 'x-signature': 'x' }))
  const sent = events.flatMap((event) =>
    event.type === '@xstate.event' && event.event.type === 'route.answered' ? [event.event] : [],
  )
  expect(sent).toEqual([
    { type: 'route.answered', method: 'POST', path: '/doubles', status: 202, execution: body['id'] },
    { type: 'route.answered', method: 'POST', path: '/doubles', status: 401, execution: null },
  ])
  expect(runtime.registry.triggers.getSnapshot().context['doubles']).toMatchObject({ type: 'webhook', fired: 1 })
})

describe('a definition is refused', () => {
  const good = { path: '/a', verify: false, input: () => ({ n: 1 }) } as const
  test.each([
    ['verify', { verify: undefined }],
    ['verify', { verify: true }],
    ['input', { input: undefined }],
    ['idempotencyKey', { idempotencyKey: 'x-delivery' }],
    ['idempotencyKey', { idempotencyKey: header('x-signature') }],
    ['idempotencyKey', { idempotencyKey: header('x-own'), verify: token({ header: 'X-Own', secret }) }],
    ['schema', { schema: {} }],
    ['accept', { accept: [] }],
    ['accept', { accept: ['xml'] }],
    ['limit', { limit: -1 }],
    ['limit', { limit: '1mb' }],
    ['where', { where: 'always' }],
    ['secret', { secret: 'x' }],
  ])('for a bad %s: %j', (option, change) => {
    expect(() => webhook({ ...good, ...change } as never)).toThrow(
      expect.objectContaining({ code: 'invalid_definition', details: expect.objectContaining({ option }) as unknown }),
    )
  })

  test.each([
    ['trigger.routes.0.path', { path: undefined }],
    ['trigger.routes.0.path', { path: 'a' }],
    ['trigger.routes.0.path', { path: '/a?b=1' }],
    ['trigger.routes.0.path', { path: '//host/a' }],
    ['trigger.routes.0.path', { path: '/a/../b' }],
    ['trigger.routes.0.path', { path: '/grün' }],
    ['trigger.routes.0.path', { path: '/a/:id/b' }],
    ['trigger.routes.0.path', { path: '/a/*' }],
    ['trigger.routes.0.methods', { methods: [] }],
    ['trigger.routes.0.methods', { methods: ['post'] }],
  ])('for a bad %s: %j', (option, change) => {
    const trigger = webhook({ ...good, ...change } as WebhookOptions<{ n: number }>)
    expect(() => defineEntryPoint({ id: 'a', program: double, trigger })).toThrow(
      expect.objectContaining({
        code: 'invalid_definition',
        details: expect.objectContaining({ entryPoint: 'a', option }) as unknown,
      }),
    )
  })

  test('for two routes of one path and method, or one at the path of the health', () => {
    const at = (id: string, path: string, methods?: string[]) =>
      defineEntryPoint({ id, program: double, trigger: webhook({ ...good, path, methods }) })
    const make = (...entryPoints: ReturnType<typeof at>[]) => createRuntime({ store: memoryPlace().connect(), entryPoints })
    expect(() => make(at('a', '/x'), at('b', '/x', ['PUT', 'POST']))).toThrow(
      expect.objectContaining({ code: 'duplicate_route', details: { path: '/x', method: 'POST', entryPoints: ['a', 'b'] } }),
    )
    expect(() => make(at('a', '/healthz', ['GET']))).toThrow(expect.objectContaining({ code: 'duplicate_route' }))
    make(at('a', '/x'), at('b', '/x', ['PUT']), at('c', '/healthz'), at('d', '/v1/x:run'))
    const entryPoints = [at('a', '/healthz', ['GET'])]
    createRuntime({ store: memoryPlace().connect(), entryPoints, healthPath: false })
    createRuntime({ store: memoryPlace().connect(), entryPoints, healthPath: '/up' })
    expect(() => createRuntime({ store: memoryPlace().connect(), entryPoints: [], healthPath: 'up' })).toThrow(
      expect.objectContaining({
        code: 'invalid_definition',
        details: expect.objectContaining({ option: 'healthPath' }) as unknown,
      }),
    )
  })
})

test('what a webhook gives must fit the program', () => {
  const verify = hmac({ header: 'x', secret })
  // @ts-expect-error the program wants a number
  defineEntryPoint({ id: 'a', program: double, trigger: webhook({ path: '/a', verify, input: () => ({ n: 'x' }) }) })
  // @ts-expect-error nobody has said what is in the body
  defineEntryPoint({ id: 'a', program: double, trigger: webhook({ path: '/a', verify, input: ({ body }) => ({ n: body.n }) }) })
})
