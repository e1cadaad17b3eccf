/** Ids, sessions and idempotency keys. */
import { describe, expect, test } from 'vitest'
import { defineEntryPoint } from '../../src/index.js'
import { begin } from '../support/begin.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { approval, worker } from '../support/programs.js'
import { memoryPlace, places } from '../support/store-place.js'

const entry = defineEntryPoint({ id: 'approval', program: approval })
const another = defineEntryPoint({ id: 'another', program: approval })

describe.each(places)('on %s', (_, place) => {
  test('each trigger makes an execution of its own; a session is a separate key that many may share', async () => {
    const runtime = await begin({ store: place().connect(), entryPoints: [entry] })
    const one = await runtime.trigger('approval', undefined, { sessionId: 'session' })
    const two = await runtime.trigger('approval', undefined, { sessionId: 'session' })
    expect(one.id).not.toBe(two.id)
    await one.send({ type: 'APPROVE' })
    expect(await one.result()).toMatchObject({ status: 'completed' })
    expect(await two.result({ timeout: 0 })).toEqual({ status: 'timeout' })
    const { executions } = await runtime.executions({ sessionId: 'session' })
    expect(executions.map(({ id }) => id).toSorted()).toEqual([one.id, two.id].toSorted())
  })

  test('an id of the caller is taken once, while the first lives, after it has ended, and after a restart', async () => {
    const shared = place()
    const first = await begin({ store: shared.connect(), entryPoints: [entry] })
    const duplicate = { code: 'duplicate_execution', details: { id: 'mine' } }
    const mine = await first.trigger('approval', undefined, { id: 'mine' })
    await expect(first.trigger('approval', undefined, { id: 'mine' })).rejects.toMatchObject(duplicate)
    await mine.send({ type: 'APPROVE' })
    await mine.result()
    await expect(first.trigger('approval', undefined, { id: 'mine' })).rejects.toMatchObject(duplicate)
    await first.stop()
    const second = await begin({ store: shared.connect(), entryPoints: [entry, another] })
    await expect(second.trigger('another', undefined, { id: 'mine' })).rejects.toMatchObject(duplicate)
    expect(await second.execution('mine').result()).toMatchObject({ status: 'completed' })
  })

  test('two triggers at once with one id make one execution', async () => {
    const store = place().connect()
    const runtime = await begin({ store, entryPoints: [entry, another] })
    const triggered = await Promise.allSettled([
      runtime.trigger('approval', undefined, { id: 'mine' }),
      runtime.trigger('approval', undefined, { id: 'mine' }),
      runtime.trigger('another', undefined, { id: 'mine' }),
    ])
    expect(triggered.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected', 'rejected'])
    expect((await runtime.executions()).executions).toHaveLength(1)
  })

  test('one idempotency key gives one execution, however often and from wherever it is triggered', async () => {
    const shared = place()
    const first = await begin({ store: shared.connect(), entryPoints: [entry] })
    const key = { idempotencyKey: 'delivery 1' }
    const [one, two] = await Promise.all([first.trigger('approval', undefined, key), first.trigger('approval', undefined, key)])
    expect(two.id).toBe(one.id)
    const second = await begin({ store: shared.connect(), entryPoints: [entry] })
    expect((await second.trigger('approval', undefined, key)).id).toBe(one.id)
    await one.send({ type: 'APPROVE' })
    await one.result()
    const after = await second.trigger('approval', undefined, key)
    expect(after.id).toBe(one.id)
    expect(await after.result()).toMatchObject({ status: 'completed' })
  })

  test('an id with its idempotency key gives the same execution, at once, later, once it has ended and after a restart', async () => {
    const shared = place()
    const first = await begin({ store: shared.connect(), entryPoints: [entry] })
    const mine = { id: 'mine', idempotencyKey: 'delivery 1' }
    const both = await Promise.all([first.trigger('approval', undefined, mine), first.trigger('approval', undefined, mine)])
    expect(both.map(({ id }) => id)).toEqual(['mine', 'mine'])
    expect((await first.trigger('approval', undefined, mine)).id).toBe('mine')
    await both[0].send({ type: 'APPROVE' })
    await both[1].result()
    expect((await first.trigger('approval', undefined, mine)).id).toBe('mine')
    await first.stop()
    const second = await begin({ store: shared.connect(), entryPoints: [entry] })
    expect((await second.trigger('approval', undefined, mine)).id).toBe('mine')
    const stranger = second.trigger('approval', undefined, { id: 'mine', idempotencyKey: 'delivery 2' })
    await expect(stranger).rejects.toMatchObject({ code: 'duplicate_execution' })
  })

  test('an idempotency key belongs to its entry point', async () => {
    const runtime = await begin({ store: place().connect(), entryPoints: [entry, another] })
    const key = { idempotencyKey: 'delivery 1' }
    const one = await runtime.trigger('approval', undefined, key)
    expect((await runtime.trigger('another', undefined, key)).id).not.toBe(one.id)
  })

  test('side executions of a session have their own record, and never touch that of the first', async () => {
    const flights = new StepsInFlight()
    const store = place().connect()
    const program = worker(flights)
    const runtime = await begin({
      store,
      entryPoints: [defineEntryPoint({ id: 'primary', program }), defineEntryPoint({ id: 'hook', program })],
    })
    const primary = await runtime.trigger('primary', { label: 'p' }, { sessionId: 'session' })
    ;(await flights.started('p.1')).end('secret work')
    await flights.started('p.2')
    const before = await store.load(primary.id)
    for (const label of ['h.1', 'h.2']) flights.free.add(label)
    for (const _each of [1, 2, 3]) {
      const side = await runtime.trigger('hook', { label: 'h' }, { sessionId: 'session' })
      expect(await side.result()).toMatchObject({ status: 'completed' })
    }
    expect(await store.load(primary.id)).toEqual(before)
    ;(await flights.started('p.2')).end('two')
    expect(await primary.result()).toMatchObject({ output: { results: ['secret work', 'two'] } })
  })

  test('a machine with the same state ids under two entry points shares nothing', async () => {
    const runtime = await begin({ store: place().connect(), entryPoints: [entry, another] })
    const [one, two] = [await runtime.trigger('approval'), await runtime.trigger('another')]
    await one.send({ type: 'NOTE', text: 'one' })
    expect(await two.get()).toMatchObject({ entryPoint: 'another', context: { notes: [] } })
    expect((await runtime.executions({ entryPoint: 'another' })).executions.map(({ id }) => id)).toEqual([two.id])
  })
})

describe('ids are checked at every boundary', () => {
  const malformed = [
    '../../x',
    '..',
    'a/b',
    '',
    ' ',
    'a b',
    '.a',
    'a.',
    '-a',
    'a..b',
    'x'.repeat(129),
    'a\u0000b',
    'ünïcode',
    '\n',
  ]

  test.each(malformed)('%j is no id of an execution, correlation or session', async (bad) => {
    const store = memoryPlace().connect()
    const runtime = await begin({ store, entryPoints: [entry] })
    for (const name of ['id', 'correlationId', 'sessionId'])
      await expect(runtime.trigger('approval', undefined, { [name]: bad })).rejects.toMatchObject({ code: 'invalid_id' })
    expect(() => runtime.execution(bad)).toThrow(expect.objectContaining({ code: 'invalid_id' }))
    expect(() => defineEntryPoint({ id: bad, program: approval })).toThrow(
      expect.objectContaining({ code: 'invalid_definition' }),
    )
    expect((await store.query({ limit: 10 })).executions).toEqual([])
    expect(await store.lastSeq()).toBe(0)
  })

  test('an idempotency key is any text of up to 512 characters, and a longer or an empty one is refused in these words', async () => {
    const runtime = await begin({ store: memoryPlace().connect(), entryPoints: [entry] })
    await runtime.trigger('approval', undefined, { idempotencyKey: '../ any text, even this – ' + 'x'.repeat(400) })
    for (const idempotencyKey of ['', 'x'.repeat(513)]) {
      const refused = runtime.trigger('approval', undefined, { idempotencyKey })
      await expect(refused).rejects.toMatchObject({ code: 'invalid_id', message: expect.stringContaining('1 to 512 characters') })
    }
  })

  test.each([42, null, {}, ['a']])('%j is no id either', async (bad) => {
    const runtime = await begin({ store: memoryPlace().connect(), entryPoints: [entry] })
    expect(() => runtime.execution(bad as never)).toThrow(expect.objectContaining({ code: 'invalid_id' }))
    for (const name of ['id', 'correlationId', 'sessionId', 'idempotencyKey'])
      await expect(runtime.trigger('approval', undefined, { [name]: bad } as never)).rejects.toMatchObject({ code: 'invalid_id' })
  })
})
