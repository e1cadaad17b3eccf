/** Counters that tell the truth, and slots that are never lost. */
import { describe, expect, test } from 'vitest'
import { fromPromise } from 'xstate'
import { defineEntryPoint, isTerminal, type ExecutionStatus } from '../../src/index.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { worker } from '../support/programs.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { memoryPlace } from '../support/store-place.js'

const holding: readonly ExecutionStatus[] = ['running', 'pausing', 'cancelling']

describe('conservation', () => {
  test('at every commit at most maxConcurrent hold a slot, whatever is paused, cancelled, failed or timed out', async () => {
    const limit = 3
    const flights = new StepsInFlight()
    const statuses = new Map<string, ExecutionStatus>()
    let most = 0
    const store = memoryPlace().connect((inner) => ({
      commit: async (batch) => {
        const verdicts = await inner.commit(batch)
        for (const { id, status } of batch) statuses.set(id, status)
        most = Math.max(most, [...statuses.values()].filter((status) => holding.includes(status)).length)
        return verdicts
      },
    }))
    const clock = new SimulatedClock()
    const work = defineEntryPoint({ id: 'work', program: worker(flights), maxConcurrent: limit, cancelTimeout: 500 })
    const runtime = await begin({ store, clock, entryPoints: [work] })
    const all = await Promise.all(
      Array.from({ length: 24 }, (_, n) => runtime.trigger('work', { label: `w${n}` }, n % 6 === 5 ? { timeout: 300 } : {})),
    )
    const commands: Promise<unknown>[] = []
    for (const [n, execution] of all.entries()) {
      if (n % 6 === 0) commands.push(execution.cancel())
      if (n % 6 === 1) commands.push(execution.pause({ mode: 'now' }).then(() => execution.resume()))
      if (n % 6 === 2) commands.push(execution.pause().then(() => execution.resume()))
    }
    for (let n = 0; n < 400 && [...statuses.values()].some((status) => !isTerminal(status)); n++) {
      const flight = flights.all[n]
      if (flight && n % 7 === 3) flight.fail()
      else if (n % 5 !== 4) flight?.end()
      await turns(5)
      await clock.advance(50, () => turns(3))
    }
    for (let round = 0; round < 100 && [...statuses.values()].some((status) => !isTerminal(status)); round++) {
      for (const flight of flights.all) flight.end()
      await clock.advance(100, () => turns(5))
      await turns(5)
    }
    await Promise.all(commands)
    expect(most).toBe(limit)
    expect([...statuses.values()].filter((status) => !isTerminal(status))).toEqual([])
    // every slot is free again
    await Promise.all(['x', 'y', 'z'].map((label) => runtime.trigger('work', { label })))
    for (const label of ['x.1', 'y.1', 'z.1']) await flights.started(label)
  })

  test('the counts of the registry are those of the store, with queued ones apart', async () => {
    const flights = new StepsInFlight()
    const store = memoryPlace().connect()
    const work = defineEntryPoint({ id: 'work', program: worker(flights), maxConcurrent: 2 })
    const runtime = await begin({ store, entryPoints: [work] })
    const [first] = await Promise.all(['a', 'b', 'c', 'd'].map((label) => runtime.trigger('work', { label })))
    flights.heeds = true
    const nonzero = () =>
      Object.fromEntries(
        Object.entries(runtime.registry.streams.getSnapshot().context.work ?? {}).filter(([, count]) => count > 0),
      )
    await eventually('the counts', () => nonzero().running === 2)
    expect(nonzero()).toEqual({ running: 2, queued: 2 })
    for (const label of ['a.1', 'a.2']) (await flights.started(label)).end()
    await first?.result()
    await eventually('the counts', () => nonzero().completed === 1 && nonzero().running === 2)
    expect(nonzero()).toEqual({ running: 2, queued: 1, completed: 1 })
    expect((await store.counts()).work).toMatchObject({ running: 2, queued: 1, completed: 1 })
  })

  test('accepted, started and ended are three times', async () => {
    const flights = new StepsInFlight()
    const clock = new SimulatedClock(1_000)
    const work = defineEntryPoint({ id: 'work', program: worker(flights), maxConcurrent: 1 })
    const runtime = await begin({ store: memoryPlace().connect(), clock, entryPoints: [work] })
    await runtime.trigger('work', { label: 'a' })
    const second = await runtime.trigger('work', { label: 'b' })
    flights.free.add('a.2').add('b.2')
    const step = await flights.started('a.1')
    await clock.advance(100, () => turns())
    step.end()
    const later = await flights.started('b.1')
    await clock.advance(50, () => turns())
    later.end()
    await second.result()
    expect(await second.get()).toMatchObject({ acceptedAt: 1_000, startedAt: 1_100, endedAt: 1_150 })
  })
})

describe('an end frees the slot before anybody hears of it', () => {
  test('who waits for a result can chain another execution on the same stream with maxConcurrent 1, and wait for it', async () => {
    const chain = defineEntryPoint({
      id: 'chain',
      program: fromPromise(async ({ input }: { input: number }) => input + 1),
      maxConcurrent: 1,
      maxQueued: 0,
    })
    const runtime = await begin({ store: memoryPlace().connect(), entryPoints: [chain] })
    let n = 0
    while (n < 20) {
      const outcome = await (await runtime.trigger('chain', n)).result()
      n = outcome.status === 'completed' ? outcome.output : NaN
    }
    expect(n).toBe(20)
  })

  test('a reader of events that chains and waits blocks nobody', async () => {
    const chain = defineEntryPoint({
      id: 'chain',
      program: fromPromise(async ({ input }: { input: number }) => input),
      maxConcurrent: 1,
    })
    const runtime = await begin({ store: memoryPlace().connect(), entryPoints: [chain] })
    const controller = new AbortController()
    const chained: unknown[] = []
    const reader = (async () => {
      for await (const event of runtime.events({ since: 0, signal: controller.signal })) {
        if (event.type !== 'execution.completed' || chained.length === 5) continue
        chained.push(await (await runtime.trigger('chain', chained.length + 1)).result())
        if (chained.length === 5) controller.abort()
      }
    })()
    await runtime.trigger('chain', 0)
    await reader
    expect(chained).toEqual([1, 2, 3, 4, 5].map((output) => ({ status: 'completed', output })))
  })

  test('a reader of events that never reads on holds up no execution', async () => {
    const quick = defineEntryPoint({ id: 'quick', program: fromPromise(async () => 'done'), maxConcurrent: 1 })
    const runtime = await begin({ store: memoryPlace().connect(), entryPoints: [quick] })
    const events = runtime.events({ since: 0 })
    void events.next()
    for (let n = 0; n < 10; n++) expect(await (await runtime.trigger('quick')).result()).toMatchObject({ status: 'completed' })
    await events.return()
  })
})
