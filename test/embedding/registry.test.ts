/** The registry is a read-model to bind a page to: counts per stream, the health of the store, an atom per execution. */
import { createAtom } from '@xstate/store'
import { describe, expect, it } from 'vitest'
import { fromPromise } from 'xstate'
import { defineEntryPoint, type StatusCounts } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { faultyStore } from '../../src/testing/store/faulty-store.js'
import { begin } from '../support/begin.js'
import { eventually, turn } from '../support/eventually.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { approval, worker } from '../support/programs.js'
import { memoryPlace, places } from '../support/store-place.js'

const approvals = (maxConcurrent = 10) => defineEntryPoint({ id: 'approvals', program: approval, maxConcurrent })

const notZero = (counts: StatusCounts | undefined) =>
  Object.fromEntries(Object.entries(counts ?? {}).filter(([, count]) => count !== 0))

describe('the counts of a stream', () => {
  it('follow every execution from status to status, and never go below zero', async () => {
    const flights = new StepsInFlight()
    const entryPoints = [defineEntryPoint({ id: 'work', program: worker(flights), maxConcurrent: 1 }), approvals()] as const
    const runtime = await begin({ store: memoryStore(), entryPoints })
    const { streams } = runtime.registry
    const seen: Record<string, StatusCounts>[] = []
    streams.subscribe(({ context }) => void seen.push(context))
    const counts = (stream: string) => notZero(streams.getSnapshot().context[stream])
    const [first, second] = [await runtime.trigger('work', { label: 'a' }), await runtime.trigger('work', { label: 'b' })]
    await eventually('both', () => same(counts('work'), { running: 1, queued: 1 }))
    await first.pause({ mode: 'now', timeout: 0 })
    ;(await flights.started('a.1')).end()
    await eventually('the pause', () => same(counts('work'), { paused: 1, running: 1 }))
    await first.cancel()
    flights.free.add('b.2')
    ;(await flights.started('b.1')).end()
    await second.result()
    await eventually('the ends', () => same(counts('work'), { cancelled: 1, completed: 1 }))
    expect(counts('approvals')).toEqual({})
    for (const each of seen)
      for (const status of Object.values(each)) for (const n of Object.values(status)) expect(n).toBeGreaterThanOrEqual(0)
  })

  it('begin with what is stored, after a restart and after a crash', async () => {
    const place = memoryPlace()
    const connection = place.connect()
    const first = await begin({ store: connection, entryPoints: [approvals()] })
    const done = await first.trigger('approvals')
    await done.send({ type: 'APPROVE' })
    await done.result()
    const waiting = await first.trigger('approvals')
    await eventually('it to wait', async () => (await waiting.get()).status === 'waiting')
    connection.cut()
    const second = await begin({ store: place.connect(), entryPoints: [approvals()] })
    const counts = () => notZero(second.registry.streams.getSnapshot().context['approvals'])
    expect(counts()).toEqual({ completed: 1, waiting: 1 })
    await second.execution<typeof approval>(waiting.id).send({ type: 'APPROVE' })
    await eventually('both', () => same(counts(), { completed: 2 }))
  })

  it('hold what was written without being acknowledged, once the store answers', async () => {
    const store = faultyStore(memoryStore())
    const runtime = await begin({ store, entryPoints: [approvals()] })
    const counts = () => notZero(runtime.registry.streams.getSnapshot().context['approvals'])
    const [first, second] = [await runtime.trigger('approvals'), await runtime.trigger('approvals')]
    const followed = runtime.registry.execution(first.id)
    store.inject({ call: 'commit', kind: 'throw', when: 'after', nth: 1 }, { call: 'commit', kind: 'throw', nth: 2 })
    await expect(first.cancel()).rejects.toMatchObject({ code: 'store_failed' })
    await eventually('the end', () => same(counts(), { waiting: 1, cancelled: 1 }))
    expect(followed.get()).toMatchObject({ status: 'cancelled' })
    store.inject({ call: 'commit', kind: 'throw', when: 'after', nth: 1 }, { call: 'commit', kind: 'throw', nth: 2 })
    await expect(second.pause()).rejects.toMatchObject({ code: 'store_failed' })
    await eventually('the pause', () => same(counts(), { paused: 1, cancelled: 1 }))
    store.inject({ call: 'commit', kind: 'throw', when: 'after', nth: 1 }, { call: 'commit', kind: 'throw', nth: 2 })
    await expect(runtime.trigger('approvals')).rejects.toMatchObject({ code: 'store_failed' })
    await eventually('the acceptance', () => same(counts(), { paused: 1, cancelled: 1, waiting: 1 }))
  })

  it('stay at zero for what another process accepted and this one took up', async () => {
    const place = memoryPlace()
    const here = await begin({ store: place.connect(), entryPoints: [approvals()] })
    const connection = place.connect()
    const there = await begin({ store: connection, entryPoints: [approvals()] })
    const execution = await there.trigger('approvals')
    await eventually('it to wait', async () => (await execution.get()).status === 'waiting')
    connection.cut()
    const taken = here.execution<typeof approval>(execution.id)
    await eventually('the end', async () => {
      await taken.send({ type: 'APPROVE' })
      return (await taken.get()).status === 'completed'
    })
    await eventually('the count', () => same(notZero(countedIn(here)), { completed: 1 }))
    for (const n of Object.values(countedIn(here))) expect(n).toBeGreaterThanOrEqual(0)
  })

  it.each(places)('show what a result has answered, on %s', async (_name, placeOf) => {
    const quick = defineEntryPoint({ id: 'quick', program: fromPromise(async () => 1) })
    const runtime = await begin({ store: placeOf().open(), entryPoints: [quick] })
    for (let ended = 1; ended <= 20; ended++) {
      await (await runtime.trigger('quick')).result()
      expect(runtime.registry.streams.getSnapshot().context['quick']).toMatchObject({ completed: ended })
    }
  })

  it('are told at most once in a turn of the event loop, however many executions move', async () => {
    const runtime = await begin({ store: memoryStore(), entryPoints: [approvals(100)] })
    let turns = 0
    let told = 0
    let counting = true
    runtime.registry.streams.subscribe(() => void told++)
    const count = async () => {
      for (; counting; turns++) await turn()
    }
    const counted = count()
    const executions = await Promise.all(Array.from({ length: 50 }, () => runtime.trigger('approvals')))
    await Promise.all(executions.map((execution) => execution.send({ type: 'APPROVE' })))
    await Promise.all(executions.map((execution) => execution.result()))
    await eventually('the count', () => same(notZero(countedIn(runtime)), { completed: 50 }))
    counting = false
    await counted
    expect(told).toBeGreaterThan(0)
    expect(told).toBeLessThanOrEqual(turns + 1)
    expect(told).toBeLessThan(50)
  })
})

describe('the atom of an execution', () => {
  it('follows it to its end, as it was committed; a part of it can be selected', async () => {
    const runtime = await begin({ store: memoryStore(), entryPoints: [approvals()] })
    const atom = runtime.registry.execution('a1')
    expect(atom.get()).toBeUndefined()
    expect(runtime.registry.execution('a1')).toBe(atom)
    const part = createAtom(() => atom.get()?.status)
    const selected: unknown[] = []
    part.subscribe((status) => void selected.push(status))
    const statuses: unknown[] = []
    const revisions: number[] = []
    atom.subscribe((summary) => {
      if (statuses.at(-1) !== summary?.status) statuses.push(summary?.status)
      revisions.push(summary?.revision ?? 0)
    })
    const execution = await runtime.trigger('approvals', undefined, { id: 'a1' })
    await eventually('it to wait', () => atom.get()?.status === 'waiting')
    await execution.send({ type: 'APPROVE' })
    await execution.result()
    expect(atom.get()).toMatchObject({ id: 'a1', entryPoint: 'approvals', status: 'completed' })
    expect(statuses).toEqual(expect.arrayContaining(['waiting', 'completed']))
    expect(selected).toEqual(statuses)
    expect(revisions).toEqual(revisions.toSorted((a, b) => a - b))
    const record = await execution.get()
    expect(record).toMatchObject({ revision: atom.get()?.revision, status: 'completed' })
  })
})

describe('a subscriber that throws', () => {
  it('changes nothing for executions, and its error goes to the logger', async () => {
    const logged: unknown[][] = []
    const runtime = await begin({
      store: memoryStore(),
      entryPoints: [approvals()],
      logger: (...args) => void logged.push(args),
    })
    const broken = () => {
      throw new Error('the page is gone')
    }
    runtime.registry.execution('a1').subscribe(broken)
    runtime.registry.streams.subscribe(broken)
    const execution = await runtime.trigger('approvals', undefined, { id: 'a1' })
    await execution.send({ type: 'APPROVE' })
    expect(await execution.result({ timeout: 5_000 })).toMatchObject({ status: 'completed' })
    await eventually('the count', () => same(notZero(countedIn(runtime)), { completed: 1 }))
    expect(runtime.registry.execution('a1').get()).toMatchObject({ status: 'completed' })
    expect(new Set(logged.map(([what]) => what))).toEqual(new Set(['a subscriber of the registry has failed']))
  })
})

describe('the health of the store', () => {
  it('is degraded from a write that failed until one that did not, with the error', async () => {
    let failing = false
    const connection = memoryPlace().connect((store) => ({
      commit: (batch) => (failing ? Promise.reject(new Error('disk full')) : store.commit(batch)),
    }))
    const runtime = await begin({ store: connection, entryPoints: [approvals()] })
    const { health } = runtime.registry
    const seen: string[] = []
    health.subscribe(({ context }) => void seen.push(`${context.status} ${context.error?.message ?? ''}`))
    expect(health.getSnapshot().context).toEqual({ status: 'ok', error: null })
    failing = true
    await expect(runtime.trigger('approvals')).rejects.toThrow('disk full')
    expect(health.getSnapshot().context).toMatchObject({ status: 'degraded' })
    failing = false
    await runtime.trigger('approvals')
    expect(health.getSnapshot().context).toEqual({ status: 'ok', error: null })
    expect(seen).toHaveLength(2)
    expect(seen[0]).toContain('disk full')
  })
})

interface Counting {
  readonly registry: { readonly streams: { getSnapshot(): { readonly context: Readonly<Record<string, StatusCounts>> } } }
}

const countedIn = (runtime: Counting): StatusCounts => runtime.registry.streams.getSnapshot().context['approvals'] ?? {}

function same(actual: object, wanted: object): boolean {
  return JSON.stringify(Object.entries(actual).toSorted()) === JSON.stringify(Object.entries(wanted).toSorted())
}
