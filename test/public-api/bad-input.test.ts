/** Bad input: typed errors at definition or call time, and nothing written. */
import { describe, expect, test } from 'vitest'
import { assign, createActor, createMachine, fromPromise, fromTransition, setup } from 'xstate'
import { createRuntime, defineEntryPoint, fromExecution, fromStep, type SnapshotStore } from '../../src/index.js'
import { cron, every } from '../../src/triggers.js'
import { begin } from '../support/begin.js'
import { approval } from '../support/programs.js'
import { memoryPlace, places } from '../support/store-place.js'

const fails = (code: string, details: object = {}) => expect.objectContaining({ code, details: expect.objectContaining(details) })
const entry = defineEntryPoint({ id: 'approval', program: approval })

/** Everything that a call could have written. */
async function content(store: SnapshotStore) {
  const { executions } = await store.query({ limit: 1_000 })
  const inboxes = await Promise.all(executions.map(({ id }) => store.inbox({ execution: id })))
  return { executions, inboxes, lastSeq: await store.lastSeq(), owners: (await store.owners()).map(({ id }) => id) }
}

describe('definitions', () => {
  test.each(['../../x', '', '..', 'a/b', 'a b', 42, undefined, null])('an entry point with the id %j is refused', (id) => {
    expect(() => defineEntryPoint({ id: id as string, program: approval })).toThrow(fails('invalid_definition', { option: 'id' }))
  })

  test.each([0, -1, NaN, 1.5, Infinity, '3', null])('maxConcurrent %j is refused', (maxConcurrent) => {
    const define = () => defineEntryPoint({ id: 'e', program: approval, maxConcurrent: maxConcurrent as number })
    expect(define).toThrow(fails('invalid_definition', { entryPoint: 'e', option: 'maxConcurrent' }))
  })

  test.each([
    ['maxQueued', -1],
    ['maxQueued', 1.5],
    ['priority', NaN],
    ['ageing', 0],
    ['timeout', 0],
    ['timeout', -1],
    ['queueTimeout', NaN],
    ['cancelTimeout', -1],
    ['passivateAfter', -1],
    ['maxRecoveries', 0.5],
    ['checkpoints', -1],
    ['maxIterations', 0],
    ['overflow', 'drop_newest'],
    ['isolation', 'bogus'],
    ['isolation', 'isolated'],
    ['isolation', 'synchronized'],
    ['durability', 'lax'],
    ['pausedTimers', 'stop'],
    ['restart', 'sometimes'],
    ['version', ''],
    ['version', 3],
  ])('%s %j is refused', (option, value) => {
    const define = () => defineEntryPoint({ id: 'e', program: approval, [option]: value } as never)
    expect(define).toThrow(fails('invalid_definition', { entryPoint: 'e', option }))
  })

  test.each(['UNDO', '', 1, null, () => 1, {}, { type: '' }, { type: '*' }, { type: 'xstate.init' }])(
    'the cancelEvent %j is refused',
    (cancelEvent) => {
      const define = () => defineEntryPoint({ id: 'e', program: approval, cancelEvent } as never)
      expect(define).toThrow(fails('invalid_definition', { entryPoint: 'e', option: 'cancelEvent' }))
    },
  )

  test('a cancelEvent that is only a type is refused with the object that it must be', () => {
    const define = () => defineEntryPoint({ id: 'e', program: approval, cancelEvent: 'UNDO' } as never)
    expect(define).toThrow("it must be an event object, such as { type: 'UNDO' }")
  })

  test.each([
    ['retry.maxAttempts', { retry: { maxAttempts: 0 } }],
    ['retry.maxAttempts', { retry: { maxAttempts: 1.5 } }],
    ['retention.keep', { retention: { keep: -1 } }],
    ['retention.maxAge', { retention: { maxAge: NaN } }],
    ['trigger.type', { trigger: { type: 'carrier-pigeon' } }],
    ['retry.onExhausted', { retry: { maxAttempts: 2, onExhausted: 'shrug' } }],
    ['journal.keep', { journal: { keep: 0 } }],
    ['concurrency.limit', { concurrency: {} }],
    ['concurrency.limit', { concurrency: { limit: 0 } }],
    ['concurrency.limit', { concurrency: { limit: 1.5 } }],
    ['concurrency.key', { concurrency: { limit: 1, key: 'tenant' } }],
    ['concurrency.onBusy', { concurrency: { limit: 1, onBusy: 'drop' } }],
    ['rate.limit', { rate: { per: 1_000 } }],
    ['rate.limit', { rate: { limit: -1, per: 1_000 } }],
    ['rate.per', { rate: { limit: 1 } }],
    ['rate.per', { rate: { limit: 1, per: 0 } }],
    ['rate.per', { rate: { limit: 1, per: Infinity } }],
    ['rate.key', { rate: { limit: 1, per: 1, key: {} } }],
    ['versions.1', { versions: { 1: () => 1 } }],
    ['migrate', { migrate: 'please' }],
    ['debounce.quiet', { debounce: {} }],
    ['debounce.quiet', { debounce: { quiet: 0 } }],
    ['debounce.quiet', { debounce: { quiet: '1s' } }],
    ['debounce.atMost', { debounce: { quiet: 10, atMost: 5 } }],
    ['debounce.atMost', { debounce: { quiet: 10, atMost: NaN } }],
    ['debounce.key', { debounce: { quiet: 10, key: 'file' } }],
    ['batch.size', { batch: { within: 10 } }],
    ['batch.size', { batch: { size: 1.5, within: 10 } }],
    ['batch.within', { batch: { size: 2 } }],
    ['batch.within', { batch: { size: 2, within: Infinity } }],
    ['batch.key', { batch: { size: 2, within: 10, key: 7 } }],
    ['batch', { debounce: { quiet: 1 }, batch: { size: 2, within: 10 } }],
    ['concurrency', { debounce: { quiet: 1 }, concurrency: { limit: 1 } }],
    ['rate', { batch: { size: 2, within: 10 }, rate: { limit: 1, per: 10 } }],
    ['durability', { batch: { size: 2, within: 10 }, durability: 'relaxed' }],
    ['trigger.replaces', { debounce: { quiet: 1 }, trigger: every(5, { overlap: 'replace' }) }],
    ['trigger.replaces', { batch: { size: 2, within: 10 }, trigger: cron('* * * * *', { overlap: 'replace' }) }],
    ['trigger.replaces', { batch: { size: 2, within: 10 }, trigger: { type: 'mine', logic: approval, replaces: true } }],
  ])('a bad %s is refused', (option, options) => {
    const define = () => defineEntryPoint({ id: 'e', program: approval, ...options } as never)
    expect(define).toThrow(fails('invalid_definition', { entryPoint: 'e', option }))
  })

  test.each([['isolation', { isolation: 'synchronized' }, 'shared; `synchronized` is not built yet']])(
    'what is kept for later and would do nothing is refused, and says so: %s of %j',
    (option, options, wanted) => {
      const define = () => defineEntryPoint({ id: 'e', program: approval, ...options } as never)
      expect(define).toThrow(fails('invalid_definition', { entryPoint: 'e', option }))
      expect(define).toThrow(`it must be ${wanted}.`)
    },
  )

  test.each([{ trigger: { type: 'manual' } }, { trigger: { type: 'api' } }, { isolation: 'shared' }] as const)(
    '%j is accepted',
    (options) => {
      expect(defineEntryPoint({ id: 'e', program: approval, ...options })).toMatchObject(options)
    },
  )

  test.each([
    ['trigger.type', { type: 'webhook', path: '/orders', secret: 'x' }],
    ['trigger.type', { type: 'timer', every: 1 }],
    ['trigger.type', { type: 'event', events: ['x'] }],
    ['trigger.type', {}],
    ['trigger.type', 'cron'],
    ['trigger.type', null],
    ['trigger.type', { type: '', logic: approval }],
    ['trigger.logic', { type: 'mine', logic: () => 1 }],
    ['trigger.replaces', { type: 'mine', logic: approval, replaces: 'all' }],
    ['logic', { type: 'api', logic: approval }],
    ['path', { type: 'mine', logic: approval, path: '/' }],
  ])('a trigger that would fire nothing is refused, and what to use is said: %s of %j', (option, trigger) => {
    const define = () => defineEntryPoint({ id: 'e', program: approval, trigger } as never)
    expect(define).toThrow(fails('invalid_definition', { entryPoint: 'e', option }))
    if (option === 'trigger.type') expect(define).toThrow('such as cron(…), every(…) or webhook(…) of stateward/triggers')
  })

  test('a list of triggers is refused, and how to have two is said', () => {
    const trigger = [every(10), cron('@daily')]
    const define = () => defineEntryPoint({ id: 'e', program: approval, trigger } as never)
    expect(define).toThrow(fails('invalid_definition', { entryPoint: 'e', option: 'trigger' }))
    expect(define).toThrow('give each one an entry point, of the same program')
  })

  test('a trigger that has more than its type is refused', () => {
    const define = () => defineEntryPoint({ id: 'e', program: approval, trigger: { type: 'api', path: '/' } } as never)
    expect(define).toThrow(fails('invalid_definition', { entryPoint: 'e', option: 'path' }))
  })

  test('a machine without an id is refused', () => {
    expect(() => defineEntryPoint({ id: 'e', program: createMachine({}) })).toThrow(
      fails('invalid_definition', { option: 'program.id' }),
    )
  })

  test.each([undefined, null, {}, () => undefined, 'machine', { start() {} }])(
    'a program that is no logic is refused: %s',
    (program) => {
      expect(() => defineEntryPoint({ id: 'e', program: program as never })).toThrow(
        fails('invalid_definition', { option: 'program' }),
      )
    },
  )

  test.each([0, -1, 1.5, NaN])('a step with maxAttempts %j is refused', (maxAttempts) => {
    expect(() => fromStep(() => 1, { retry: { maxAttempts } })).toThrow(fails('invalid_option', { option: 'retry.maxAttempts' }))
    expect(() => fromExecution('e', { retry: { maxAttempts } })).toThrow(fails('invalid_option'))
  })

  test.each([0, -1, NaN])('a step with timeout %j is refused', (timeout) => {
    expect(() => fromStep(() => 1, { timeout })).toThrow(fails('invalid_option', { option: 'timeout' }))
  })
})

describe('runtimes', () => {
  const store = () => memoryPlace().connect()

  test('two entry points with one id are refused', () => {
    expect(() =>
      createRuntime({ store: store(), entryPoints: [entry, defineEntryPoint({ id: 'approval', program: approval })] }),
    ).toThrow(fails('duplicate_entry_point', { entryPoint: 'approval' }))
  })

  test.each(['../../x', '', 'a b', 42])('the runtime id %j is refused', (id) => {
    expect(() => createRuntime({ store: store(), entryPoints: [entry], id: id as string })).toThrow(fails('invalid_id'))
  })

  test.each([
    ['maxConcurrent', 0],
    ['maxConcurrent', NaN],
    ['maxConcurrent', 1.5],
    ['lease', 0],
    ['pollInterval', 0],
    ['pollInterval', NaN],
    ['shutdownTimeout', -1],
    ['retentionInterval', 0],
  ])('%s %j is refused', (option, value) => {
    expect(() => createRuntime({ store: store(), entryPoints: [entry], [option]: value })).toThrow(
      fails('invalid_definition', { option }),
    )
  })

  test.each([
    ['store', { entryPoints: [entry] }],
    ['store', { store: {}, entryPoints: [entry] }],
    ['entryPoints', { store: {} }],
    ['entryPoints', { entryPoints: [{ id: 'e', program: approval }] }],
  ])('a missing or wrong %s is refused', (option, options) => {
    const whole = { ...(option === 'entryPoints' ? { store: store() } : {}), ...options }
    const made = option === 'entryPoints' ? { ...whole, store: store() } : whole
    expect(() => createRuntime(made as never)).toThrow(fails('invalid_definition', { option }))
  })

  test.each(places)(
    'two runtimes with the same owner id on one store: the second is refused, and nothing is written (%s)',
    async (_, place) => {
      const shared = place()
      const own = shared.connect()
      const first = await begin({ store: own, entryPoints: [entry], id: 'host' })
      const execution = await first.trigger('approval')
      await execution.send({ type: 'NOTE', text: 'x' })
      const before = await content(own)
      const second = createRuntime({ store: shared.connect(), entryPoints: [entry], id: 'host' })
      await expect(second.start()).rejects.toMatchObject({ code: 'owner_in_use', details: { id: 'host' } })
      expect(await content(own)).toEqual(before)
      await execution.send({ type: 'APPROVE' })
      expect(await execution.result()).toMatchObject({ status: 'completed' })
      await first.stop()
      await second.start()
      await second.stop()
    },
  )
})

describe.each(places)('calls, on %s', (_, place) => {
  async function running() {
    const store = place().connect()
    const plain = defineEntryPoint({ id: 'plain', program: fromPromise(async () => 'done') })
    const runtime = await begin({ store, entryPoints: [entry, plain] })
    const execution = await runtime.trigger('approval', undefined, { id: 'taken' })
    await execution.send({ type: 'NOTE', text: 'x' })
    const before = await content(store)
    /** The call is refused so, and the store is what it was. */
    const refused = async (call: () => unknown, code: string, details: object = {}) => {
      const error: unknown = await Promise.resolve()
        .then(call)
        .then(
          () => undefined,
          (cause: unknown) => cause,
        )
      expect(error).toEqual(fails(code, details))
      expect(await content(store)).toEqual(before)
    }
    return { runtime, execution, refused }
  }

  test('an unknown entry point is refused, with those that are known', async () => {
    const { runtime, refused } = await running()
    const details = { entryPoint: 'nowhere', known: ['approval', 'plain'] }
    await refused(() => runtime.trigger('nowhere' as never, undefined as never), 'unknown_entry_point', details)
    await refused(() => runtime.stream('nowhere' as never), 'unknown_entry_point', details)
    await refused(() => runtime.trigger('__proto__' as never, undefined as never), 'unknown_entry_point')
  })

  test('what is no definition is not added, and a removal says what it is of', async () => {
    const { runtime, refused } = await running()
    for (const bad of [undefined, null, 42, 'plain', {}, [undefined], [{ id: 'x' }]])
      await refused(() => runtime.add(bad as never), 'invalid_definition', { option: 'entryPoints' })
    for (const bad of [undefined, null, 42, { group: 7 }, { groups: 'x' }, { group: 'x', id: 'y' }])
      await refused(() => runtime.remove(bad as never), 'invalid_option')
    for (const drain of [-1, NaN, '5', null])
      await refused(() => runtime.remove('plain', { drain } as never), 'invalid_option', { option: 'drain' })
    await refused(() => runtime.remove('plain', { drained: true } as never), 'invalid_option', { nearest: 'drain' })
    await refused(() => runtime.group('plain'), 'unknown_entry_point', { group: 'plain' })
    await refused(() => runtime.group(undefined as never), 'unknown_entry_point')
    await refused(() => runtime.executions({ group: 7 } as never), 'invalid_option', { option: 'group' })
    await refused(() => runtime.waitFor({ group: '\0' }, { timeout: 0 }), 'invalid_option', { option: 'group' })
    await refused(() => runtime.send({ sessionId: 's', group: 'a/b' }, { type: 'GO' }), 'invalid_option', { option: 'group' })
    expect(await runtime.remove('nowhere')).toEqual({ status: 'not_found' })
    expect(runtime.entryPoints.map(({ id, status }) => [id, status])).toEqual([
      ['approval', 'serving'],
      ['plain', 'serving'],
    ])
  })

  test('duplicate and malformed ids are refused', async () => {
    const { runtime, refused } = await running()
    await refused(() => runtime.trigger('plain', undefined, { id: 'taken' }), 'duplicate_execution', { id: 'taken' })
    for (const bad of ['../../x', '', 'a/b']) {
      await refused(() => runtime.trigger('plain', undefined, { id: bad }), 'invalid_id', { option: 'id', value: bad })
      await refused(() => runtime.execution(bad), 'invalid_id')
    }
    await refused(() => runtime.trigger('plain', undefined, { idempotencyKey: '' }), 'invalid_id', { option: 'idempotencyKey' })
  })

  test('limits that are none are refused', async () => {
    const { runtime, refused } = await running()
    for (const option of ['timeout', 'queueTimeout', 'deadline', 'priority'])
      for (const value of [NaN, Infinity, '5', ...(option === 'priority' ? [] : [0, -1])])
        await refused(() => runtime.trigger('plain', undefined, { [option]: value } as never), 'invalid_option', { option })
    const said = (options: object) => runtime.trigger('plain', undefined, options as never)
    await expect(said({ priority: 'high' })).rejects.toThrow('`priority` for plain is high; it must be a number.')
    await expect(said({ deadline: new Date() })).rejects.toThrow('it must be a time in ms since the epoch')
  })

  const cycle: { self?: unknown; list: unknown[] } = { list: [] }
  cycle.list.push({ back: cycle })

  test.each([
    ['a function', { a: { b: [() => undefined] } }, 'a.b[0]'],
    [
      'a class instance',
      {
        when: new (class Money {
          readonly amount = 1
        })(),
      },
      'when',
    ],
    ['a promise', { later: Promise.resolve(1) }, 'later'],
    ['a symbol', { s: Symbol('s') }, 's'],
    ['a cycle', cycle, 'list[0].back'],
  ])('an input with %s is refused, with its path', async (_name, input, path) => {
    const { runtime, refused } = await running()
    await refused(() => runtime.trigger('plain', input), 'not_storable', { path })
  })

  test('an event that can not be stored is refused, with its path', async () => {
    const { execution, refused } = await running()
    await refused(() => execution.send({ type: 'NOTE', text: (() => 'x') as never }), 'not_storable', { path: 'text' })
  })

  test.each([
    { type: 'xstate.done.actor.step', output: 'forged' },
    { type: 'xstate.error.actor.step', error: 'forged' },
    { type: 'xstate.init' },
    { type: 'xstate.stop' },
    { type: '*' },
    { type: '' },
    {},
    'APPROVE',
    null,
    undefined,
  ])('the event %j is refused from outside', async (event) => {
    const { execution, refused } = await running()
    await refused(() => execution.send(event as never), 'invalid_event')
  })

  test('a malformed cursor or limit is refused', async () => {
    const { runtime, refused } = await running()
    for (const limit of [0, -1, 1.5, NaN, 1_001, '5'])
      await refused(() => runtime.executions({ limit: limit as number }), 'invalid_option')
    for (const cursor of ['', 'nonsense', '../../x', '{}', '0', "'; DROP TABLE executions; --"])
      await refused(() => runtime.executions({ cursor }), 'invalid_option')
  })

  test('forks of what is not there are refused', async () => {
    const { runtime, execution, refused } = await running()
    await refused(() => runtime.execution('nobody').fork(), 'not_found', { id: 'nobody' })
    await refused(() => execution.fork({ revision: 999 }), 'no_checkpoint')
  })
})

describe.each(places)('texts that a store could not keep apart from others, on %s', (_, place) => {
  const broken = ['a\0b', '\0', 'a\ud800', '\udc00b', '\ud800\ud800']

  test.each(broken)(
    '%j is no idempotency key, no version, no id of a machine and no filter, and is told as a text to read',
    async (bad) => {
      const store = place().connect()
      const runtime = await begin({ store, entryPoints: [entry] })
      const before = await content(store)
      const shown = JSON.stringify(bad)
      const key = { idempotencyKey: bad }
      const { id } = await runtime.trigger('approval', undefined, { idempotencyKey: 'a' })
      const execution = runtime.execution(id)
      const accepted = await content(store)
      for (const call of [() => runtime.trigger('approval', undefined, key), () => execution.fork(key)])
        await expect(call()).rejects.toThrow(fails('invalid_id', { option: 'idempotencyKey', value: shown }))
      for (const option of ['idempotencyKey', 'sessionId', 'correlationId', 'parentId', 'entryPoint'])
        await expect(runtime.executions({ [option]: bad })).rejects.toThrow(fails('invalid_option', { option, value: shown }))
      for (const option of ['execution', 'entryPoint'])
        await expect(runtime.events({ [option]: bad }).next()).rejects.toThrow(fails('invalid_option', { option, value: shown }))
      expect(() => runtime.execution(bad)).toThrow(fails('invalid_id'))
      const define = (options: object) => () => defineEntryPoint({ id: 'e', program: approval, ...options } as never)
      expect(define({ version: bad })).toThrow(fails('invalid_definition', { option: 'version', value: shown }))
      expect(define({ versions: { [bad]: approval } })).toThrow(fails('invalid_definition', { option: 'versions', value: shown }))
      expect(define({ program: createMachine({ id: bad }) })).toThrow(fails('invalid_definition', { option: 'program.id' }))
      expect(accepted.executions).toHaveLength(before.executions.length + 1)
      expect(await content(store)).toEqual(accepted)
    },
  )

  test('a whole pair of surrogates is a key like any other', async () => {
    const runtime = await begin({ store: place().connect(), entryPoints: [entry] })
    const key = { idempotencyKey: '\ud83d\ude00' }
    const first = await runtime.trigger('approval', undefined, key)
    expect((await runtime.trigger('approval', undefined, key)).id).toBe(first.id)
    expect((await runtime.executions(key)).executions).toMatchObject([{ id: first.id, ...key }])
  })

  test('a request by event whose id is none is refused as well', async () => {
    const runtime = await begin({ store: place().connect(), entryPoints: [entry] })
    const { id } = await runtime.trigger('approval')
    const answers: unknown[] = []
    const asker = createActor(fromTransition((_state, event: { type: string }) => void answers.push(event), undefined)).start()
    const request = { id: `${id}\0b`, replyTo: asker }
    runtime.actor.send({ type: 'execution.pause', ...request })
    await expect.poll(() => answers).toMatchObject([{ type: 'execution.refused', error: { code: 'invalid_id' } }])
  })

  test('actors of a program may be named by such texts: what each of them starts is its own', async () => {
    const sums = defineEntryPoint({ id: 'sums', program: fromPromise(async ({ input }: { input: number }) => input * 2) })
    const program = setup({ actors: { sum: fromExecution<number>('sums') } }).createMachine({
      id: 'asks',
      context: { got: [] as number[] },
      type: 'parallel',
      states: Object.fromEntries(
        ['n\ud800', 'n\udfff', 'n\0a', 'n\0b'].map((id, input) => [
          `s${input}`,
          {
            initial: 'on',
            states: {
              on: {
                invoke: {
                  id,
                  src: 'sum' as const,
                  input,
                  onDone: { target: 'off', actions: assign({ got: ({ context, event }) => [...context.got, event.output] }) },
                },
              },
              off: { type: 'final' as const },
            },
          },
        ]),
      ),
      output: ({ context }) => (context as { got: number[] }).got.toSorted((a, b) => a - b),
    })
    const runtime = await begin({ store: place().connect(), entryPoints: [sums, defineEntryPoint({ id: 'asks', program })] })
    const execution = await runtime.trigger('asks')
    expect(await execution.result()).toEqual({ status: 'completed', output: [0, 2, 4, 6] })
    expect((await runtime.executions({ parentId: execution.id })).executions).toHaveLength(4)
  })
})
