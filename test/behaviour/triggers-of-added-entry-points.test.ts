/** Triggers of entry points that come and go while the runtime runs: they begin, stop, and go on where they were. */
import { describe, expect, test } from 'vitest'
import { fromPromise } from 'xstate'
import { defineEntryPoint, type ActiveTrigger, type RoutedTrigger } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { cron, every, on } from '../../src/triggers.js'
import { begin } from '../support/begin.js'
import { turns } from '../support/eventually.js'
import { memoryPlace } from '../support/store-place.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { HandTrigger } from '../support/triggers.js'
import { minute, quiet } from '../support/ticks.js'
import { delivery, doubles, read } from '../support/webhooks.js'

const start = Date.parse('2026-05-01T00:00Z')
const at = { input: ({ at: tick }: { readonly at: number }) => (tick - start) / minute }
const published = { input: ({ data }: { readonly data?: unknown }) => data as number }

describe('what fires by itself', () => {
  test.each<[string, ActiveTrigger<number>]>([
    ['cron', cron('* * * * *', { ...at, missed: 'all' })],
    ['every', every(minute, { ...at, missed: 'all' })],
    ['on', on('minute', published)],
  ])('%s fires for what is added, stops with its removal, and goes on where it was', async (_, trigger) => {
    const clock = new SimulatedClock(new Date(start))
    const ran: number[] = []
    const ticks = defineEntryPoint({
      id: 'ticks',
      program: fromPromise(async ({ input }: { input: number }) => void ran.push(input)),
      trigger,
    })
    const runtime = await begin({ ...quiet, store: memoryPlace().connect(), clock, entryPoints: [] })
    const pass = async (from: number, to: number) => {
      for (let n = from; n <= to; n++) {
        await clock.advance(minute, () => turns(12))
        await runtime.publish('minute', n)
        await turns(30)
      }
    }
    await runtime.add(ticks)
    await turns(30)
    expect(runtime.registry.triggers.getSnapshot().context['ticks']).toMatchObject({ status: 'running' })
    await pass(1, 3)
    expect(ran).toEqual([1, 2, 3])
    await runtime.remove('ticks')
    expect(runtime.registry.triggers.getSnapshot().context).toEqual({})
    await pass(4, 5)
    expect(ran).toEqual([1, 2, 3])
    await runtime.add(ticks)
    await turns(30)
    await pass(6, 6)
    expect(ran).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('its port ends with the removal: what it fires then is refused, as is what comes over a drain', async () => {
    const hand = new HandTrigger<number>()
    const work = defineEntryPoint({
      id: 'work',
      program: fromPromise(async ({ input }: { input: number }) => input),
      trigger: hand.trigger,
    })
    const runtime = await begin({ store: memoryStore(), entryPoints: [] })
    const adding = runtime.add(work)
    // it begins once the entry point is there
    hand.run = async (port) => {
      await port.fire(1, { idempotencyKey: 'one' })
      await new Promise((resolve) => port.signal.addEventListener('abort', resolve))
    }
    await adding
    await runtime.waitFor({ type: 'execution.completed' }, { since: 0 })
    const { port } = hand
    await runtime.remove('work', { drain: true })
    expect(hand.isRunning).toBe(false)
    await expect(port.fire(2, { idempotencyKey: 'two' })).rejects.toMatchObject({ code: 'stopping' })
    expect((await runtime.executions()).executions).toHaveLength(1)
  })
})

describe('routes', () => {
  test('a webhook answers as soon as it is added, 503 while it drains, and 404 once it is gone', async () => {
    const flights = new StepsInFlight()
    const { trigger } = doubles()
    const slow = defineEntryPoint({ id: 'doubles', program: flights.step, trigger: trigger as unknown as RoutedTrigger<string> })
    const runtime = await begin({ store: memoryStore(), entryPoints: [] })
    expect((await runtime.fetch(delivery('1'))).status).toBe(404)
    await runtime.add(slow)
    const accepted = await read(await runtime.fetch(delivery('1')))
    expect(accepted.status).toBe(202)
    const removal = runtime.remove('doubles', { drain: true })
    const refused = await runtime.fetch(delivery('2'))
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
    expect((await read(refused)).body).toMatchObject({ error: { code: 'draining' } })
    for (const flight of flights.all) flight.end()
    expect(await removal).toMatchObject({ drained: true })
    expect((await runtime.fetch(delivery('2'))).status).toBe(404)
  })

  test('another one may have the route of one that is being removed, which goes on without it', async () => {
    const flights = new StepsInFlight()
    const { trigger } = doubles()
    const old = defineEntryPoint({ id: 'old', program: flights.step, trigger: trigger as unknown as RoutedTrigger<string> })
    const runtime = await begin({ store: memoryStore(), entryPoints: [old] })
    await runtime.fetch(delivery('1'))
    const removal = runtime.remove('old', { drain: true })
    await runtime.add(doubles())
    const accepted = await read(await runtime.fetch(delivery('2')))
    expect(accepted.status).toBe(202)
    expect(await runtime.execution(String(accepted.body['id'])).get()).toMatchObject({ entryPoint: 'doubles' })
    for (const flight of flights.all) flight.end()
    await removal
    expect((await runtime.fetch(delivery('3'))).status).toBe(202)
  })

  test('one that could not be removed has its route back when it is added again', async () => {
    const runtime = await begin({ store: memoryStore(), entryPoints: [doubles()] })
    const own = doubles()
    await runtime.remove('doubles')
    await runtime.add(own)
    expect((await runtime.fetch(delivery('1'))).status).toBe(202)
    await expect(runtime.add(doubles({}, { id: 'other' }))).rejects.toMatchObject({
      code: 'duplicate_route',
      details: { entryPoints: ['doubles', 'other'] },
    })
  })
})
