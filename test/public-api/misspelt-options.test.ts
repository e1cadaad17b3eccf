/** Options that nobody reads are refused, with the name that was probably meant. */
import { describe, expect, test } from 'vitest'
import { createRuntime, defineEntryPoint, fromExecution, fromStep, type Runtime } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { serve } from '../../src/server.js'
import { sqliteStore } from '../../src/sqlite.js'
import { begin } from '../support/begin.js'
import { approval } from '../support/programs.js'

const fails = (code: string, details: object) => expect.objectContaining({ code, details: expect.objectContaining(details) })
const entry = defineEntryPoint({ id: 'approval', program: approval })
/** As plain JavaScript gives it. */
const untyped = (options: object) => options as never

test.each([
  [{ maxConcurent: 3 }, 'maxConcurrent'],
  [{ retry: { maxAttempts: 2, backof: {} } }, 'backoff'],
  [{ retry: { maxAttempts: 2, backoff: { initail: 3 } } }, 'initial'],
  [{ retention: { keeps: 3 } }, 'keep'],
  [{ concurrency: { limit: 1, onbusy: 'skip' } }, 'onBusy'],
  [{ rate: { limit: 1, per: 1, keys: () => 'x' } }, 'key'],
  [{ cancelevent: { type: 'UNDO' } }, 'cancelEvent'],
])('an entry point with %j is refused, and %s is named', (options, nearest) => {
  const define = () => defineEntryPoint(untyped({ id: 'e', program: approval, ...options }))
  expect(define).toThrow(fails('invalid_definition', { entryPoint: 'e', nearest }))
})

test.each([
  [{ pollIntervall: 3 }, 'pollInterval'],
  [{ entrypoints: [] }, 'entryPoints'],
  [{ supervision: { intensty: 3 } }, 'intensity'],
])('a runtime with %j is refused, and %s is named', (options, nearest) => {
  const create = () => createRuntime(untyped({ store: memoryStore(), entryPoints: [entry], ...options }))
  expect(create).toThrow(fails('invalid_definition', { nearest }))
})

test.each([
  [{ retrys: {} }, { option: 'retrys', nearest: 'retry' }],
  [{ retry: { attempts: 3 } }, { option: 'attempts', nearest: 'maxAttempts' }],
  [{ retry: { tries: 3, maxAttempts: 3 } }, { option: 'tries', known: ['maxAttempts', 'backoff', 'retryIf'] }],
  [{ retry: 3 }, { value: 'a number' }],
  [{ retry: { maxAttempts: 3, backoff: { jitter: 'some' } } }, { option: 'backoff.jitter' }],
])('a step with %j is refused', (options, details) => {
  expect(() => fromStep(() => 1, untyped(options))).toThrow(fails('invalid_option', details))
  expect(() => fromExecution('e', untyped(options))).toThrow(fails('invalid_option', details))
})

test('a store with a misspelt option is refused', () => {
  expect(() => sqliteStore('app.db', untyped({ busytimeout: 3 }))).toThrow(fails('invalid_option', { nearest: 'busyTimeout' }))
})

test('what begins as an option does is meant for it, however long the rest is', async () => {
  const host = serve(
    { fetch: () => Promise.reject(new Error('nobody asks')), closed: Promise.resolve() },
    untyped({ host: '::1' }),
  )
  await expect(host).rejects.toEqual(fails('invalid_option', { nearest: 'hostname' }))
})

test('an option that is undefined counts as absent, whatever its name', () => {
  expect(defineEntryPoint(untyped({ id: 'e', program: approval, timeout: undefined, nothing: undefined }))).toMatchObject({
    id: 'e',
  })
})

describe('calls', () => {
  const calls: readonly [string, (runtime: Runtime<[typeof entry]>) => unknown, object][] = [
    ['trigger', (r) => r.trigger('approval', undefined, untyped({ idempotencykey: 'k' })), { nearest: 'idempotencyKey' }],
    ['trigger with a parent', (r) => r.trigger('approval', undefined, untyped({ parentId: 'x' })), { option: 'parentId' }],
    ['pause', (r) => r.execution('x').pause(untyped({ mod: 'now' })), { nearest: 'mode' }],
    ['a pause of another mode', (r) => r.execution('x').pause(untyped({ mode: 'soon' })), { option: 'mode', value: 'soon' }],
    ['resume', (r) => r.execution('x').resume(untyped({ event: [] })), { nearest: 'events' }],
    ['cancel', (r) => r.execution('x').cancel(untyped({ timeOut: 3 })), { nearest: 'timeout' }],
    ['cancel with a text', (r) => r.execution('x').cancel(untyped('late' as never)), { value: 'a string' }],
    ['retry', (r) => r.execution('x').retry(untyped({ reson: 'x' })), { nearest: 'reason' }],
    ['fork', (r) => r.execution('x').fork(untyped({ revison: 3 })), { nearest: 'revision' }],
    ['result', (r) => r.execution('x').result(untyped({ timeOut: 3 })), { nearest: 'timeout' }],
    ['executions', (r) => r.executions(untyped({ states: 'paused' })), { option: 'states', nearest: 'state' }],
    ['events', (r) => r.events(untyped({ executions: 'x' })).next(), { nearest: 'execution' }],
    ['pause of the runtime', (r) => r.pause(untyped({ reasn: 'x' })), { nearest: 'reason' }],
    ['resume of a stream', (r) => r.stream('approval').resume(untyped({ retry: true })), { option: 'retry' }],
    ['cancel of a stream', (r) => r.stream('approval').cancel(untyped({ scope: 'x' })), { option: 'scope' }],
  ]

  test.each(calls)('%s rejects, and does nothing', async (_, call, details) => {
    const runtime = await begin({ store: memoryStore(), entryPoints: [entry] })
    await expect(Promise.resolve(call(runtime as never))).rejects.toThrow(fails('invalid_option', details))
    expect((await runtime.executions()).executions).toEqual([])
  })
})
