/** Another process holds the lock of the store: every call answers within its limit, and nothing is lost by it. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { assign, createMachine, fromPromise } from 'xstate'
import { createRuntime, defineEntryPoint, fromExecution } from '../../src/index.js'
import { sqliteStore } from '../../src/persistence/sqlite/sqlite-store.js'
import { begin } from '../support/begin.js'
import { eventually } from '../support/eventually.js'
import { holdLock, turnsDuring } from '../support/held-lock.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const counter = createMachine({
  id: 'counter',
  context: { n: 0 },
  on: { ADD: { actions: assign({ n: ({ context }: { context: { n: number } }) => context.n + 1 }) } },
})
/** Has its slot for as long as its step runs. */
const worker = createMachine({
  id: 'worker',
  invoke: { src: fromPromise<void>(({ signal }) => new Promise((end) => signal.addEventListener('abort', () => end()))) },
})
const entryPoints = [defineEntryPoint({ id: 'counters', program: counter })]
const busy = { code: 'store_failed', retryable: true, details: { sqliteCode: 'SQLITE_BUSY' } }

test('many executions wait for a lock together, not one after the other, while the event loop goes on', async () => {
  const path = join(temporaryFolder(), 'store.db')
  const runtime = await begin({ store: sqliteStore(path, { busyTimeout: 400 }), entryPoints, lease: 200 })
  const executions = await Promise.all(Array.from({ length: 20 }, () => runtime.trigger('counters')))
  const free = await holdLock(path)
  const from = performance.now()
  let answers: PromiseSettledResult<unknown>[] = []
  const turned = await turnsDuring(async () => {
    const calls = [...executions.map((each) => each.send({ type: 'ADD' })), runtime.trigger('counters')]
    answers = await Promise.allSettled(calls)
  })
  expect(performance.now() - from).toBeLessThan(3_000)
  expect(turned).toBeGreaterThan(5)
  for (const answer of answers) expect(answer).toMatchObject({ status: 'rejected', reason: busy })
  // the lease runs out under the lock, and nobody has taken anything over
  await eventually('the lease to run out', () => performance.now() - from > 500)
  free()
  await eventually('every execution to go on', async () => {
    const sent = await Promise.allSettled(executions.map((each) => each.send({ type: 'ADD' })))
    return sent.every((each) => each.status === 'fulfilled' && each.value.status === 'delivered')
  })
  const context = await Promise.all(executions.map(async (each) => (await each.get()) as { context: { n: number } }))
  for (const {
    context: { n },
  } of context)
    expect(n).toBeGreaterThan(0)
  expect(runtime.registry.health.getSnapshot().context.status).toBe('ok')
})

test('events that are published wait for a lock together, and are refused or written whole', async () => {
  const path = join(temporaryFolder(), 'store.db')
  const runtime = await begin({ store: sqliteStore(path, { busyTimeout: 200 }), entryPoints })
  const publish = (n: number) => runtime.publish('noted', n, { id: `event ${n}` })
  const numbers = Array.from({ length: 30 }, (_, n) => n)
  let free = await holdLock(path)
  const from = performance.now()
  const turned = await turnsDuring(async () => {
    for (const answer of await Promise.allSettled(numbers.map(publish)))
      expect(answer).toMatchObject({ status: 'rejected', reason: busy })
  })
  expect(performance.now() - from).toBeLessThan(2_000)
  expect(turned).toBeGreaterThan(3)
  free()
  free = await holdLock(path)
  const waiting = Promise.all(numbers.map(publish))
  free()
  expect((await waiting).map(({ status, seq }) => [status, seq])).toEqual(numbers.map((n) => ['published', n + 1]))
})

test('every call answers within its limit, also those that stand behind others which wait', async () => {
  const path = join(temporaryFolder(), 'store.db')
  const limit = 400
  const busyWith = defineEntryPoint({ id: 'workers', program: worker, maxConcurrent: 1 })
  const below = defineEntryPoint({ id: 'below', program: worker })
  const above = defineEntryPoint({ id: 'above', program: fromExecution('below') })
  const passing = defineEntryPoint({ id: 'resting', program: counter, passivateAfter: 0 })
  const all = [...entryPoints, busyWith, below, above, passing]
  const runtime = await begin({ store: sqliteStore(path, { busyTimeout: limit }), entryPoints: all })
  const keyed = { idempotencyKey: 'taken' }
  await runtime.trigger('counters', undefined, keyed)
  const [parent, otherParent] = [await runtime.trigger('above'), await runtime.trigger('above')]
  const [left, otherLeft] = [await runtime.trigger('resting'), await runtime.trigger('resting')]
  const [, queued, another] = [
    await runtime.trigger('workers'),
    await runtime.trigger('workers'),
    await runtime.trigger('workers'),
  ]
  const [paused, resting, rested, failed] = [
    await runtime.trigger('counters'),
    await runtime.trigger('counters'),
    await runtime.trigger('counters'),
    await runtime.trigger('counters'),
  ]
  for (const each of [paused, resting, rested]) await each.pause()
  await failed.cancel()
  const [one, other, third] = [
    await runtime.trigger('counters'),
    await runtime.trigger('counters'),
    await runtime.trigger('counters'),
  ]
  const free = await holdLock(path)
  const calls: Record<string, () => Promise<unknown>> = {
    send: () => one.send({ type: 'ADD' }),
    'send to one in the queue': () => queued.send({ type: 'ADD' }),
    'send to one that is paused': () => paused.send({ type: 'ADD' }),
    trigger: () => runtime.trigger('counters'),
    cancel: () => other.cancel(),
    'cancel of one in the queue': () => another.cancel(),
    'resume of one that is paused': () => resting.resume(),
    'cancel of one that is paused': () => rested.cancel(),
    'pause of a stream': () => runtime.stream('workers').pause({ timeout: limit / 4 }),
    'resume of a stream': () => runtime.stream('workers').resume(),
    retry: () => failed.retry(),
    fork: () => one.fork(),
    result: () => one.result({ timeout: limit / 4 }),
    'trigger with a key that is taken': () => runtime.trigger('counters', undefined, keyed),
    'pause of one with a child': () => parent.pause({ mode: 'now' }),
    'cancel of one with a child': () => otherParent.cancel(),
    'send to one in no memory': () => left.send({ type: 'ADD' }),
    'cancel of one in no memory': () => otherLeft.cancel(),
    'cancel of a stream': () => runtime.stream('resting').cancel(),
    // each stands behind, or is taken back by, those that came before it
    pause: () => third.pause({ timeout: limit / 4 }),
    resume: () => third.resume(),
  }
  const waits: Promise<{ name: string; waited: number }>[] = []
  const from = performance.now()
  await eventually('the lock to be held for three limits', () => {
    const isTime = performance.now() - from > waits.length * 10
    for (const [name, call] of Object.entries(isTime ? calls : {})) {
      const since = performance.now()
      const over = () => ({ name, waited: performance.now() - since })
      waits.push(call().then(over, over))
    }
    return performance.now() - from > 3 * limit
  })
  const late = (await Promise.all(waits)).filter(({ waited }) => waited > 1.7 * limit)
  free()
  expect(late).toEqual([])
})

test('a command to many that have left memory answers within the limit of one', async () => {
  const path = join(temporaryFolder(), 'store.db')
  const limit = 200
  const runtime = await begin({ store: sqliteStore(path, { busyTimeout: limit }), entryPoints })
  const executions = await Promise.all(Array.from({ length: 60 }, () => runtime.trigger('counters')))
  // that which is paused is in no memory
  await Promise.all(executions.map((each) => each.pause()))
  const free = await holdLock(path)
  const from = performance.now()
  await expect(runtime.cancel()).rejects.toMatchObject({ ...busy, details: { failed: executions.length } })
  expect(performance.now() - from).toBeLessThan(3 * limit)
  free()
  expect(await runtime.cancel()).toEqual({ cancelled: executions.length })
})

test("a runtime that can't open its file starts no later than its limit says, and may be started again", async () => {
  const path = join(temporaryFolder(), 'store.db')
  const free = await holdLock(path, 'exclusive')
  const runtime = createRuntime({ store: sqliteStore(path, { busyTimeout: 200 }), entryPoints })
  const from = performance.now()
  await expect(runtime.start()).rejects.toMatchObject(busy)
  expect(performance.now() - from).toBeLessThan(1_500)
  free()
  await runtime.start()
  await runtime.stop()
})
