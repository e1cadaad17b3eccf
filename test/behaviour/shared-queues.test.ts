/** What stands in the queue of one process is taken by another that has free slots, and each execution runs once. */
import { describe, expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { defineEntryPoint, fromStep, type EntryPointOptions } from '../../src/index.js'
import type { SnapshotStore } from '../../src/persistence/snapshot-store.js'
import { SimulatedClock } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { turns } from '../support/eventually.js'
import { places } from '../support/store-place.js'

type Limits = Pick<EntryPointOptions<never>, 'maxConcurrent' | 'maxQueued' | 'overflow' | 'durability'>

/** Processes on one store and one simulated clock; a step takes `length` ms, or that of its input. */
function processes(
  place: (typeof places)[number][1],
  limits: Limits = { maxConcurrent: 4 },
  length: number | readonly number[] = 300,
) {
  const shared = place()
  const clock = new SimulatedClock()
  /** By execution, the processes that ran its step. */
  const runs: string[][] = []
  const sleep = (input: number, signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      clock.setTimeout(resolve, typeof length === 'number' ? length : (length[input] ?? 0))
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  const start = async (name: string, over?: (store: SnapshotStore) => Partial<SnapshotStore>) => {
    const store = shared.connect(over)
    const step = fromStep<number, number>(async ({ input, signal }) => {
      ;(runs[input] ??= []).push(name)
      await sleep(input, signal)
      return input
    })
    const entryPoints = [defineEntryPoint({ id: 'work', program: step, ...limits })]
    const logged: unknown[][] = []
    const logger = (...args: unknown[]) => void logged.push(args)
    const runtime = await begin({ store, id: name, clock, entryPoints, logger, pollInterval: 100 })
    const queued = () => runtime.registry.streams.getSnapshot().context['work']?.queued ?? 0
    return { runtime, store, queued, logged }
  }
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 25) await clock.advance(25, () => turns(4))
  }
  const ranIn = (name: string) => runs.flat().filter((each) => each === name).length
  return { start, pass, runs, ranIn }
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)

describe.each(places)('in %s', (_, place) => {
  test('a backlog of 24 is shared with a process that has four free slots, and who waits is answered', async () => {
    const { start, pass, runs, ranIn } = processes(place)
    const [a, b] = [await start('a'), await start('b')]
    const handles = await Promise.all(numbers(24).map((n) => a.runtime.trigger('work', n)))
    const results = Promise.all(handles.map((handle) => handle.result()))
    await pass(1_400)
    expect(await results).toEqual(numbers(24).map((output) => ({ status: 'completed', output })))
    expect(runs.filter((names) => names.length === 1)).toHaveLength(24)
    expect(Math.min(ranIn('a'), ranIn('b'))).toBeGreaterThanOrEqual(8)
    expect([a.queued(), b.queued(), a.logged, b.logged]).toEqual([0, 0, [], []])
  })

  test('what was taken by a process that dies then goes on where it came from', async () => {
    const { start, pass, runs } = processes(place)
    const [a, b] = [await start('a'), await start('b')]
    const handles = await Promise.all(numbers(12).map((n) => a.runtime.trigger('work', n)))
    const results = Promise.all(handles.map((handle) => handle.result()))
    await pass(200)
    b.store.cut()
    await pass(1_800)
    expect((await results).map(({ status }) => status)).toEqual(numbers(12).map(() => 'completed'))
    const again = runs.filter((names) => names.length > 1)
    expect(again).toEqual([1, 2, 3, 4].map(() => ['b', 'a']))
  })

  test('commands to what was taken are carried out by its holder, though no slot is free where it came from', async () => {
    const { start, pass } = processes(place, { maxConcurrent: 1 }, 3_000)
    const [a] = [await start('a'), await start('b')]
    const handles = await Promise.all(numbers(3).map((n) => a.runtime.trigger('work', n)))
    const taken = handles[1]
    const result = taken?.result()
    // taken at the first look, of which nothing is known here before the second
    await pass(125)
    const outcome = taken?.cancel({ reason: 'test' })
    await pass(500)
    expect(await outcome).toMatchObject({ status: 'cancelled' })
    expect(await result).toMatchObject({ status: 'cancelled' })
    // and the one that stands behind it is taken then
    await pass(300)
    expect((await handles[2]?.get())?.status).toBe('running')
  })

  test('an event for what was taken and has ended since is answered so, and the store is asked once', async () => {
    const { start, pass } = processes(place, { maxConcurrent: 1 }, [3_000, 20])
    let asked = 0
    const a = await start('a', (store) => ({
      enqueue: (message) => (asked++ < 9 ? store.enqueue(message) : Promise.reject(new Error('asked again and again'))),
    }))
    const handles = await Promise.all(numbers(2).map((n) => a.runtime.trigger('work', n)))
    await pass(50)
    const b = await start('b')
    const taken = b.runtime.execution(handles[1]?.id ?? '')
    while ((await taken.get()).status !== 'completed') await pass(25)
    // as far as this process knows, it stands in the queue here
    expect(a.queued()).toBe(1)
    const answer = handles[1]?.send({ type: 'ANY' })
    await pass(25)
    expect(await answer).toMatchObject({ status: 'already_finished', as: 'completed' })
    expect(asked).toBe(1)
  })

  test.each(['reject', 'drop_oldest'] as const)('what was taken makes room in the queue (%s)', async (overflow) => {
    const { start, pass, runs } = processes(place, { maxConcurrent: 1, maxQueued: 2, overflow }, 3_000)
    const a = await start('a')
    for (const n of numbers(3)) await a.runtime.trigger('work', n)
    const b = await start('b')
    // it takes one at its first look, and the queue is not looked after before the next trigger
    await pass(100)
    await a.runtime.trigger('work', 3)
    expect(runs).toEqual([['a'], ['b']])
    const { executions } = await a.runtime.executions({ status: ['queued'] })
    expect(executions).toHaveLength(2)
    if (overflow === 'reject') await expect(a.runtime.trigger('work', 4)).rejects.toMatchObject({ code: 'queue_full' })
    expect([a.logged, b.logged]).toEqual([[], []])
  })

  test('of one that both begin at the same time, the store decides who runs it', async () => {
    const { start, pass, runs } = processes(place, { maxConcurrent: 1 })
    let isHeld = false
    const goOn: (() => void)[] = []
    const a = await start('a', (store) => ({
      commit: async (batch) => {
        if (isHeld) await new Promise<void>((resolve) => goOn.push(resolve))
        return store.commit(batch)
      },
    }))
    const handles = await Promise.all(numbers(2).map((n) => a.runtime.trigger('work', n)))
    await pass(275)
    // the end of the first, and with the next commit the start of the second, are on their way for long
    isHeld = true
    await pass(100)
    await start('b')
    await pass(200)
    expect(runs).toEqual([['a'], ['b']])
    isHeld = false
    for (const go of goOn.splice(0)) go()
    const results = Promise.all(handles.map((handle) => handle.result()))
    await pass(700)
    expect((await results).map(({ status }) => status)).toEqual(['completed', 'completed'])
    expect(runs).toEqual([['a'], ['b']])
  })

  test('nothing is taken by one that drains, nor where steps start before the store has decided', async () => {
    for (const durability of ['strict', 'relaxed'] as const) {
      const { start, pass, ranIn } = processes(place, { maxConcurrent: 1, durability })
      const [a, b] = [await start('a'), await start('b')]
      if (durability === 'strict') await b.runtime.drain()
      for (const n of numbers(3)) await a.runtime.trigger('work', n)
      await pass(1_200)
      expect([ranIn('a'), ranIn('b')]).toEqual([3, 0])
    }
  })

  test('an event that is sent where it came from reaches the one that was taken', async () => {
    const shared = place()
    const clock = new SimulatedClock()
    const program = createMachine({
      id: 'door',
      initial: 'shut',
      states: { shut: { on: { OPEN: 'open' } }, open: { type: 'final' } },
    })
    const stuck = fromStep<string, string>(() => new Promise<string>(() => undefined))
    const entryPoints = [defineEntryPoint({ id: 'door', program }), defineEntryPoint({ id: 'stuck', program: stuck })] as const
    const a = await begin({ store: shared.connect(), clock, entryPoints, pollInterval: 100, maxConcurrent: 1 })
    await begin({ store: shared.connect(), clock, entryPoints, pollInterval: 100 })
    await a.trigger('stuck', '')
    const door = await a.trigger('door')
    const pass = () => clock.advance(100, () => turns(8))
    await pass()
    await pass()
    expect((await door.get())?.status).toBe('waiting')
    expect(await door.send({ type: 'OPEN' })).toMatchObject({ status: 'queued' })
    await pass()
    await pass()
    expect((await door.result({ timeout: 0 })).status).toBe('completed')
  })
})
