/** Adding and removing follow one another, are whole or not at all, and are safe against stops, failing stores and each other. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { fromPromise, setup } from 'xstate'
import { createRuntime, defineEntryPoint, fromStep, isStatewardError } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { createTestRuntime, faultyStore, SimulatedClock } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { dyingAt } from '../support/mortal-process.js'
import { memoryPlace, places } from '../support/store-place.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { delivery, doubles } from '../support/webhooks.js'

const quick = (id: string) => defineEntryPoint({ id, program: fromPromise(async () => `${id} is done`) })

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => (isStatewardError(error) ? error.code : error),
  )

const idsOf = (runtime: { readonly entryPoints: readonly { readonly id: string }[] }) => runtime.entryPoints.map(({ id }) => id)

describe('added', () => {
  test('twice, the same definition is there once, and another one under the id is refused', async () => {
    const a = quick('a')
    const runtime = await begin({ store: memoryStore(), entryPoints: [a] })
    expect((await runtime.add(a)).status).toBe('already_added')
    expect((await runtime.add([a, quick('b')])).status).toBe('added')
    await expect(runtime.add(quick('a'))).rejects.toMatchObject({ code: 'duplicate_entry_point', details: { entryPoint: 'a' } })
    expect(idsOf(runtime)).toEqual(['a', 'b'])
  })

  test('at the same time, they follow one another', async () => {
    const a = quick('a')
    const runtime = await begin({ store: memoryStore(), entryPoints: [] })
    const answers = await Promise.all([
      runtime.add(a).then(({ status }) => status),
      runtime.add(a).then(({ status }) => status),
      runtime.remove('a').then(({ status }) => status),
      codeOf(runtime.add(quick('a'))),
      runtime.remove('a').then(({ status }) => status),
    ])
    expect(answers).toEqual(['added', 'already_added', 'removed', 'no error', 'removed'])
    expect(idsOf(runtime)).toEqual([])
  })

  test('of a list with one that is refused, none is added', async () => {
    const runtime = await begin({ store: memoryStore(), entryPoints: [doubles()] })
    const other = (id: string, path: string) => doubles({ path }, { id })
    expect(await codeOf(runtime.add([quick('a'), quick('a')]))).toBe('duplicate_entry_point')
    expect(await codeOf(runtime.add([quick('a'), doubles()]))).toBe('duplicate_entry_point')
    expect(await codeOf(runtime.add([quick('a'), other('b', '/b'), other('c', '/doubles')]))).toBe('duplicate_route')
    expect(await codeOf(runtime.add([other('b', '/b'), other('c', '/b')]))).toBe('duplicate_route')
    expect(idsOf(runtime)).toEqual(['doubles'])
    // the route of one that was not added is free
    expect((await runtime.fetch(delivery('1', { n: 1 }, {}, { path: '/b' }))).status).toBe(404)
    expect((await runtime.add(other('b', '/b'))).status).toBe('added')
  })

  test('before the start they are only there, and start with the others', async () => {
    const runtime = createRuntime({ store: memoryStore(), entryPoints: [quick('a')] })
    onTestFinished(() => runtime.stop())
    const b = await runtime.add(quick('b'))
    expect(await runtime.remove('a')).toMatchObject({ status: 'removed' })
    expect(await codeOf(b.trigger('b'))).toBe('not_started')
    const start = runtime.start()
    const c = runtime.add(quick('c'))
    await start
    expect(await (await b.trigger('b')).result()).toMatchObject({ output: 'b is done' })
    expect(await (await (await c).trigger('c')).result()).toMatchObject({ output: 'c is done' })
    expect(idsOf(runtime)).toEqual(['b', 'c'])
  })

  test('while the runtime drains or stops, a typed error; what is added before a stop is given back by it', async () => {
    const store = memoryStore()
    const flights = new StepsInFlight()
    flights.heeds = true
    const runtime = createRuntime({ store, entryPoints: [] })
    onTestFinished(() => runtime.stop())
    await runtime.start()
    const added = await runtime.add(defineEntryPoint({ id: 'work', program: flights.step }))
    await added.trigger('work', 'one')
    await flights.started('one')
    const drain = runtime.drain()
    expect(await codeOf(runtime.add(quick('a')))).toBe('draining')
    const adding = codeOf(runtime.add(quick('b')))
    const stop = runtime.stop()
    expect(['draining', 'already_stopped']).toContain(await adding)
    await Promise.all([stop, drain])
    expect(await codeOf(runtime.add(quick('a')))).toBe('already_stopped')
    expect(await codeOf(runtime.remove('work'))).toBe('already_stopped')
  })

  test('while the runtime is stopped, an addition under way ends with it, and leaves nothing that runs', async () => {
    const store = faultyStore(memoryStore())
    const runtime = createRuntime({ store, entryPoints: [], shutdownTimeout: 50 })
    await runtime.start()
    store.inject({ kind: 'hang', call: 'control', nth: 1 })
    const adding = codeOf(runtime.add(quick('a')))
    await eventually('the store hangs', () => store.waiting === 1)
    const stop = runtime.stop()
    store.heal()
    await stop
    expect(await adding).toBe('already_stopped')
    expect(idsOf(runtime)).toEqual([])
  })
})

describe('when the store fails', () => {
  test.each(['control', 'counts', 'orphans', 'claim', 'nextDue'] as const)(
    'at %s, nothing was added, and it may be added again',
    async (call) => {
      const store = faultyStore(memoryStore())
      const runtime = await begin({ store, entryPoints: [], pollInterval: 100_000 })
      store.inject({ kind: 'throw', call })
      expect(await codeOf(runtime.add([quick('a'), doubles()]))).toBe('store_failed')
      store.heal()
      expect(idsOf(runtime)).toEqual([])
      expect((await runtime.fetch(delivery('1'))).status).toBe(404)
      const added = await runtime.add([quick('a'), doubles()])
      expect(await (await added.trigger('a')).result()).toMatchObject({ output: 'a is done' })
    },
  )

  test.each(['add', 'remove'] as const)('a removal serves nothing more, and is complete with another %s', async (next) => {
    const store = faultyStore(memoryStore())
    const flights = new StepsInFlight()
    flights.heeds = true
    const work = defineEntryPoint({ id: 'work', program: flights.step })
    const runtime = await begin({ store, entryPoints: [work], pollInterval: 100_000 })
    const execution = await runtime.trigger('work', 'one')
    await flights.started('one')
    store.inject({ kind: 'throw', call: 'commit' })
    expect(await codeOf(runtime.remove('work'))).toBe('store_failed')
    expect(runtime.entryPoints).toMatchObject([{ id: 'work', status: 'leaving' }])
    expect(await codeOf(runtime.trigger('work', 'one'))).toBe('draining')
    store.heal()
    if (next === 'remove') {
      expect(await runtime.remove('work')).toMatchObject({ status: 'removed' })
      // nobody knows what ran, so that the next one is to take it for that of a dead process
      expect((await store.load(execution.id))?.owner).not.toBeNull()
      expect(idsOf(runtime)).toEqual([])
    }
    expect((await runtime.add(work)).status).toBe('added')
    const again = await flights.started('one', 2)
    again.end('there')
    expect(await execution.result()).toEqual({ status: 'completed', output: 'there' })
  })
})

describe.each(places)('on a %s store', (_, place) => {
  test('what another process has claimed meanwhile is left to it', async () => {
    const at = place()
    const flights = new StepsInFlight()
    const work = defineEntryPoint({ id: 'work', program: flights.step, maxConcurrent: 1 })
    const one = await begin({ store: at.connect(), entryPoints: [work] })
    const executions = await Promise.all(Array.from({ length: 20 }, () => one.trigger('work', 'one')))
    const two = await begin({ store: at.connect(), entryPoints: [work] })
    await flights.started('one', 2)
    flights.free.add('one')
    await one.remove('work')
    for (const flight of flights.all) flight.end()
    const ended = Promise.all(executions.map((execution) => execution.result()))
    expect((await ended).every(({ status }) => status === 'completed')).toBe(true)
    expect((await two.executions({ entryPoint: 'work', status: 'completed' })).executions).toHaveLength(20)
  })
})

test.each(['before', 'after'] as const)(
  'a crash %s each write of an addition, of its work and of its removal loses nothing, and starts nothing twice',
  async (when) => {
    let deaths = 0
    for (let nth = 1; nth < 40; nth++) {
      const at = memoryPlace()
      const ran: string[] = []
      const entryPoint = defineEntryPoint({
        id: 'work',
        program: setup({
          actors: { step: fromStep(({ idempotencyKey }) => void ran.push(idempotencyKey)) },
        }).createMachine({
          id: 'work',
          initial: 'first',
          states: {
            first: { invoke: { src: 'step', onDone: 'waiting' } },
            waiting: { on: { GO: 'second' } },
            second: { invoke: { src: 'step', onDone: 'done' } },
            done: { type: 'final' },
          },
        }),
      })
      const clock = new SimulatedClock()
      const mortal = dyingAt(at, nth, when)
      const first = createRuntime({ store: mortal, clock, entryPoints: [], id: 'first' })
      const life = (async () => {
        await first.start()
        const added = await first.add(entryPoint)
        const execution = await added.trigger('work', undefined, { idempotencyKey: 'it' })
        await execution.waitFor({ status: 'waiting' })
        await execution.send({ type: 'GO' })
        await first.remove('work')
        await first.add(entryPoint)
        await execution.result()
        await first.remove('work', { drain: true })
      })()
      let isThrough = false
      life.then(
        () => (isThrough = true),
        () => undefined,
      )
      await turns(150)
      const died = mortal.isCut
      expect(isThrough, `write ${nth}`).toBe(!died)
      mortal.cut()
      // the next one adds it again, as after each start
      const next = await begin({ store: at.connect(), clock, entryPoints: [] })
      const added = await next.add(entryPoint)
      const again = await added.trigger('work', undefined, { idempotencyKey: 'it' })
      const waits = again.waitFor({ status: 'waiting' })
      await clock.advance(30_000, () => turns(20))
      if ((await waits).status === 'reached') await again.send({ type: 'GO' })
      const outcome = again.result()
      await clock.advance(30_000, () => turns(20))
      expect(await outcome, `write ${nth}`).toMatchObject({ status: 'completed' })
      expect((await next.executions()).executions, `write ${nth}`).toHaveLength(1)
      // two steps, however often each had to run
      expect(new Set(ran).size, `write ${nth}`).toBe(2)
      await next.stop()
      if (!died) break
      deaths++
    }
    expect(deaths).toBeGreaterThan(3)
  },
)

test('a removal that is interrupted by a crash has lost nothing', async () => {
  const work = defineEntryPoint({ id: 'work', program: fromPromise(async () => 'done') })
  const world = createTestRuntime({ entryPoints: [quick('other')] })
  onTestFinished(() => world.stop())
  const added = await world.add(work)
  const held = world.hold('work' as never)
  const execution = await added.trigger('work')
  await held.started()
  const removal = world.remove('work', { drain: true })
  await world.settle()
  world.crash()
  await world.restart()
  const again = await held.started(2)
  again.resolve('done' as never)
  expect(await removal).toMatchObject({ status: 'removed', drained: true })
  expect(await execution.get()).toMatchObject({ status: 'completed', output: 'done' })
  expect(idsOf(world)).toEqual(['other'])
})
