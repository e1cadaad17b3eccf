/** Every option of every trigger, schedule and flow control refuses what it can't be, where it is given, and names itself. */
import { expect, test } from 'vitest'
import { fromPromise } from 'xstate'
import { defineEntryPoint, isStatewardError, type Runtime } from '../../src/index.js'
import { cron, every, hmac, on, token, webhook } from '../../src/triggers.js'
import { begin } from '../support/begin.js'
import { memoryPlace } from '../support/store-place.js'

/** What options may be; each has values that it can't be. */
const kinds = {
  text: ['', 5, null, {}, [], true],
  id: ['', 'a b', '../x', 5, null, {}],
  filter: ['', 5, null, {}],
  function: ['text', 5, null, {}, true],
  boolean: ['yes', 1, null, {}],
  count: [-1, 0, 1.5, NaN, '1', null, {}, -Infinity],
  wholeFrom0: [-1, 1.5, NaN, '1', null, {}, -Infinity],
  duration: [-1, 0, NaN, '1', null, {}, -Infinity],
  durationFrom0: [-1, NaN, '1', null, {}, -Infinity],
  priority: [NaN, '1', null, {}, Infinity],
  time: [NaN, 'tomorrow', null, {}, new Date(NaN)],
  word: ['', 'sometimes', 5, null, {}],
  list: ['text', 5, null, {}, [5], ['']],
} as const
type Kind = keyof typeof kinds

const program = fromPromise(async () => 'done')
const input = () => undefined
/** Of what fires by ticks. */
const ticks = {
  jitter: 'durationFrom0',
  overlap: 'word',
  missed: 'word',
  maxMissed: 'count',
  input: 'function',
  options: 'function',
} as const
const define = (options: object) => defineEntryPoint({ id: 'e', program, ...options } as never)

/** Where options are given, what is right there, and what each option is. */
const definitions: readonly (readonly [string, (options: object) => unknown, object, Readonly<Record<string, Kind>>])[] = [
  [
    'concurrency',
    (options) => define({ concurrency: options }),
    { limit: 1 },
    { limit: 'count', key: 'function', onBusy: 'word' },
  ],
  ['rate', (options) => define({ rate: options }), { limit: 1, per: 5 }, { limit: 'count', per: 'duration', key: 'function' }],
  [
    'debounce',
    (options) => define({ debounce: options }),
    { quiet: 5 },
    { quiet: 'duration', atMost: 'duration', key: 'function' },
  ],
  [
    'batch',
    (options) => define({ batch: options }),
    { size: 2, within: 5 },
    { size: 'count', within: 'duration', key: 'function' },
  ],
  ['cron', (options) => cron('* * * * *', options as never), { input }, { ...ticks, timeZone: 'text' }],
  ['every', (options) => every(5_000, options as never), { input }, { ...ticks, immediately: 'boolean' }],
  [
    'on',
    (options) => on('a', options as never),
    {},
    {
      entryPoint: 'filter',
      group: 'filter',
      sessionId: 'filter',
      correlationId: 'filter',
      where: 'function',
      own: 'boolean',
      from: 'word',
      maxDepth: 'count',
      input: 'function',
      options: 'function',
    },
  ],
  [
    'webhook',
    (options) => define({ trigger: webhook(options as never) }),
    { path: '/x', verify: false, input },
    {
      path: 'text',
      methods: 'list',
      verify: 'text',
      idempotencyKey: 'text',
      schema: 'text',
      where: 'function',
      input: 'function',
      options: 'function',
      accept: 'list',
      limit: 'wholeFrom0',
    },
  ],
  [
    'hmac',
    (options) => hmac(options as never),
    { header: 'x', secret: 'a long random text' },
    {
      header: 'text',
      secret: 'text',
      algorithm: 'word',
      encoding: 'word',
      prefix: 'text',
      field: 'text',
      timestamp: 'text',
      signed: 'text',
    },
  ],
  [
    'timestamp',
    (timestamp) => hmac({ header: 'x', secret: 'a long random text', timestamp }),
    { header: 'x' },
    { header: 'text', unit: 'word', tolerance: 'duration' },
  ],
  [
    'token',
    (options) => token(options as never),
    { header: 'x', secret: 'a long random text' },
    { header: 'text', secret: 'text' },
  ],
]

/** The same for what is said at a call. */
const calls: readonly (readonly [
  string,
  (runtime: Runtime, options: object) => Promise<unknown>,
  object,
  Readonly<Record<string, Kind>>,
])[] = [
  [
    'schedules.set',
    ({ schedules }, options) => schedules.set('s', options as never),
    { entryPoint: 'e', every: 5_000 },
    {
      entryPoint: 'filter',
      every: 'count',
      immediately: 'boolean',
      overlap: 'word',
      missed: 'word',
      maxMissed: 'count',
      jitter: 'durationFrom0',
    },
  ],
  [
    'schedules.set with cron',
    ({ schedules }, options) => schedules.set('s', options as never),
    { entryPoint: 'e', cron: '* * * * *' },
    { cron: 'text', timeZone: 'text' },
  ],
  [
    'schedules.set with at',
    ({ schedules }, options) => schedules.set('s', options as never),
    { entryPoint: 'e' },
    { at: 'time' },
  ],
  [
    'schedules.list',
    ({ schedules }, options) => schedules.list(options as never),
    {},
    { entryPoint: 'filter', status: 'word', limit: 'count', cursor: 'filter' },
  ],
  [
    'trigger',
    (runtime, options) => runtime.trigger('e', undefined, options as never),
    {},
    {
      id: 'id',
      correlationId: 'id',
      sessionId: 'id',
      idempotencyKey: 'filter',
      causationId: 'filter',
      tags: 'list',
      priority: 'priority',
      timeout: 'duration',
      queueTimeout: 'duration',
      deadline: 'duration',
      startAt: 'time',
    },
  ],
  [
    'executions',
    (runtime, options) => runtime.executions(options as never),
    {},
    {
      entryPoint: 'filter',
      group: 'filter',
      status: 'word',
      sessionId: 'filter',
      correlationId: 'filter',
      parentId: 'filter',
      idempotencyKey: 'filter',
      tag: 'filter',
      waitsFor: 'word',
      for: 'durationFrom0',
      since: 'priority',
      limit: 'count',
      cursor: 'filter',
    },
  ],
  [
    'waitFor',
    (runtime, options) => runtime.waitFor(options as never, { timeout: 0 }),
    {},
    {
      execution: 'filter',
      entryPoint: 'filter',
      group: 'filter',
      sessionId: 'filter',
      correlationId: 'filter',
      where: 'function',
    },
  ],
]

const rowsOf = <TMake>(table: readonly (readonly [string, TMake, object, Readonly<Record<string, Kind>>])[]) =>
  table.flatMap(([where, make, right, options]) =>
    Object.entries(options).flatMap(([option, kind]) =>
      kinds[kind].map((value) => [where, option, value, make, { ...right, [option]: value }] as const),
    ),
  )

/** The code of an error, and the option that it names. */
const named = (error: unknown) =>
  isStatewardError(error) ? [error.code, String(error.details['option']).split('.').at(-1)] : error

test.each(rowsOf(definitions))('%s: %s %j is refused at the definition', (_, option, __, make, options) => {
  let thrown: unknown
  try {
    make(options)
  } catch (error) {
    thrown = error
  }
  expect(named(thrown)).toEqual(['invalid_definition', option])
})

test('what is wrong at a call is refused there, with its option, and nothing is written', async () => {
  const store = memoryPlace().connect()
  const runtime = (await begin({ store, entryPoints: [define({})] })) as unknown as Runtime
  const wrong: unknown[] = []
  for (const [where, option, value, call, options] of rowsOf(calls)) {
    const answer = await call(runtime, options).then(() => 'taken', named)
    const [code, about] = Array.isArray(answer) ? answer : []
    if (!['invalid_option', 'invalid_id'].includes(code) || about !== option) wrong.push([where, option, value, answer])
  }
  expect(wrong).toEqual([])
  expect(await store.lastSeq()).toBe(0)
  expect(await store.documents({ prefix: '', limit: 9 })).toEqual([])
})
