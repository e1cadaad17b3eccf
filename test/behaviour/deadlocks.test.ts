/** Executions that wait for slots, or for permits under a key, which their own ancestors hold are named, once, and for as long as that lasts. */
import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { defineEntryPoint, fromExecution, type RuntimeOptions } from '../../src/index.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { worker } from '../support/programs.js'
import { places } from '../support/store-place.js'

/** Waits for one execution of another entry point, and goes on also if that is cancelled. */
const waitsFor = (entryPoint: string, flights?: StepsInFlight) =>
  setup({
    types: { input: {} as { readonly label?: string } | undefined },
    actors: {
      child: fromExecution(entryPoint),
      own: flights?.step ?? new StepsInFlight().step,
    },
  }).createMachine({
    id: 'waits',
    type: 'parallel',
    states: {
      below: {
        initial: 'waiting',
        states: {
          waiting: { invoke: { src: 'child', input: { label: 'work' }, onDone: 'over', onError: 'over' } },
          over: { type: 'final' },
        },
      },
      beside: {
        initial: flights ? 'working' : 'over',
        states: { working: { invoke: { src: 'own', input: 'own', onDone: 'over' } }, over: { type: 'final' } },
      },
    },
  })

/** Starts two of its own kind, down to a depth. */
const tree = setup({
  types: { input: {} as number, context: {} as { depth: number } },
  actors: { child: fromExecution('tree') },
}).createMachine({
  id: 'tree',
  context: ({ input }) => ({ depth: input }),
  initial: 'asked',
  states: {
    asked: { always: [{ guard: ({ context }) => context.depth === 0, target: 'over' }, { target: 'waiting' }] },
    waiting: {
      type: 'parallel',
      states: Object.fromEntries(
        ['left', 'right'].map((side) => [
          side,
          {
            initial: 'going',
            states: {
              going: {
                invoke: {
                  src: 'child',
                  input: ({ context }: { context: { depth: number } }) => context.depth - 1,
                  onDone: 'over',
                },
              },
              over: { type: 'final' },
            },
          },
        ]),
      ),
      onDone: 'over',
    },
    over: { type: 'final' },
  },
})

async function told(options: Partial<RuntimeOptions> & Pick<RuntimeOptions, 'store' | 'entryPoints'>) {
  const logged: string[] = []
  const runtime = await begin({ ...options, logger: (...args: unknown[]) => void logged.push(args.join(' ')) })
  const deadlocks = () => runtime.registry.health.getSnapshot().context.deadlocks
  const idsOf = async (entryPoint: string) =>
    (await runtime.executions({ entryPoint })).executions.map(({ id }) => id).toReversed()
  return { runtime, logged, deadlocks, idsOf }
}

describe.each(places)('on %s', (_, place) => {
  test('a parent that holds the only slot its child waits for is named at once and once, and no longer once the child is cancelled', async () => {
    const entryPoints = [defineEntryPoint({ id: 'self', program: waitsFor('self'), maxConcurrent: 1 })]
    // no look helps: what queues here is looked at when it does
    const { runtime, logged, deadlocks, idsOf } = await told({ store: place().connect(), entryPoints, pollInterval: 100_000 })
    const parent = await runtime.trigger('self')
    await eventually('it is named', () => deadlocks() !== undefined)
    const [, child = ''] = await idsOf('self')
    expect(deadlocks()).toEqual([{ entryPoint: 'self', queued: [child], heldBy: [parent.id] }])
    expect(logged).toEqual([expect.stringMatching(`${child} of self can't start, since ${parent.id} hold the slots`)])
    await runtime.trigger('self')
    expect(logged).toHaveLength(1)
    await runtime.execution(child).cancel()
    expect(await parent.result()).toMatchObject({ status: 'completed' })
    await eventually('another one waits for its own child', () => deadlocks()?.[0]?.heldBy[0] !== parent.id)
  })

  test('a ring of entry points, and slots over all of them, are named as well', async () => {
    const ring = [
      defineEntryPoint({ id: 'a', program: waitsFor('b'), maxConcurrent: 1 }),
      defineEntryPoint({ id: 'b', program: waitsFor('c'), maxConcurrent: 1 }),
      defineEntryPoint({ id: 'c', program: waitsFor('a'), maxConcurrent: 1 }),
    ]
    const narrow = [
      defineEntryPoint({ id: 'a', program: waitsFor('b') }),
      defineEntryPoint({ id: 'b', program: worker(new StepsInFlight()) }),
    ]
    const first = await told({ store: place().connect(), entryPoints: ring })
    const second = await told({ store: place().connect(), entryPoints: narrow, maxConcurrent: 1 })
    for (const { runtime, deadlocks } of [first, second]) {
      await runtime.trigger('a')
      await eventually('it is named', () => deadlocks() !== undefined)
    }
    const [holder, queued] = await first.idsOf('a')
    expect(first.deadlocks()).toEqual([{ entryPoint: 'a', queued: [queued], heldBy: [holder] }])
    expect(second.deadlocks()).toEqual([{ entryPoint: 'b', queued: await second.idsOf('b'), heldBy: await second.idsOf('a') }])
  })

  test('what only takes its time is none: a step beside the wait, another holder that runs', async () => {
    const flights = new StepsInFlight()
    const entryPoints = [
      defineEntryPoint({ id: 'beside', program: waitsFor('beside', flights), maxConcurrent: 1 }),
      defineEntryPoint({ id: 'parent', program: waitsFor('work') }),
      defineEntryPoint({ id: 'work', program: worker(flights), maxConcurrent: 1 }),
    ]
    const { runtime, logged, deadlocks, idsOf } = await told({ store: place().connect(), entryPoints })
    const parents = await Promise.all(['beside', 'parent', 'parent'].map((entryPoint) => runtime.trigger(entryPoint)))
    const [own, work] = [await flights.started('own'), await flights.started('work.1')]
    for (const entryPoint of ['beside', 'work'])
      await eventually('a child is queued', async () => (await idsOf(entryPoint)).length === 2)
    await turns()
    expect([deadlocks(), logged]).toEqual([undefined, []])
    own.end()
    await eventually('now nothing goes on', () => deadlocks() !== undefined)
    expect(deadlocks()).toMatchObject([{ entryPoint: 'beside', heldBy: [parents[0]?.id] }])
    for (const label of ['work.1', 'work.2']) flights.free.add(label)
    work.end()
    expect(await parents[2]?.result()).toMatchObject({ status: 'completed' })
  })

  test('a tree over two processes that stands still is named in both, and in none while it goes on', async () => {
    const entryPoints = (maxConcurrent: number) => [defineEntryPoint({ id: 'tree', program: tree, maxConcurrent })]
    for (const [slots, goesOn] of [
      [15, true],
      [2, false],
    ] as const) {
      const shared = place()
      const both = [
        await told({ store: shared.connect(), id: 'a', entryPoints: entryPoints(slots) }),
        await told({ store: shared.connect(), id: 'b', entryPoints: entryPoints(slots) }),
      ]
      const [a] = both as [(typeof both)[number]]
      const root = await a.runtime.trigger('tree', 3)
      if (goesOn) expect(await root.result()).toMatchObject({ status: 'completed' })
      else await eventually('both name it', () => both.every(({ deadlocks }) => deadlocks() !== undefined))
      for (const { logged, deadlocks } of both) {
        expect(logged).toHaveLength(goesOn ? 0 : 1)
        for (const { heldBy, queued } of deadlocks() ?? []) expect([heldBy.length, queued.length > 0]).toEqual([2, true])
      }
      expect(await root.cancel()).toMatchObject(goesOn ? { status: 'already_finished' } : { status: 'cancelled' })
      await eventually('nothing is left of it', () => both.every(({ deadlocks }) => deadlocks() === undefined))
    }
  })

  test('a parent that holds the only permit under the key of its child is named at once and once, and no longer once the child is cancelled', async () => {
    const concurrency = { key: () => 'acme', limit: 1 }
    const entryPoints = [defineEntryPoint({ id: 'self', program: waitsFor('self'), concurrency })]
    const { runtime, logged, deadlocks, idsOf } = await told({ store: place().connect(), entryPoints, pollInterval: 100_000 })
    const parent = await runtime.trigger('self')
    await eventually('it is named', () => deadlocks() !== undefined)
    const [, child = ''] = await idsOf('self')
    expect(deadlocks()).toEqual([{ entryPoint: 'self', key: 'acme', queued: [child], heldBy: [parent.id] }])
    expect(logged).toEqual([
      expect.stringMatching(`a key: ${child} of self can't start, since ${parent.id} hold all permits under their key`),
    ])
    const next = await runtime.trigger('self')
    expect(logged).toHaveLength(1)
    await runtime.execution(child).cancel()
    expect(await parent.result()).toMatchObject({ status: 'completed' })
    await eventually('another one waits for its own child', () => deadlocks()?.[0]?.heldBy[0] === next.id)
  })

  test('a ring over a key and a slot is named where it closes, and so is a queue with a key that waits for slots alone', async () => {
    const ring = [
      defineEntryPoint({ id: 'slots', program: waitsFor('permits'), maxConcurrent: 1 }),
      defineEntryPoint({ id: 'permits', program: waitsFor('slots'), concurrency: { limit: 1 } }),
      defineEntryPoint({ id: 'both', program: waitsFor('both'), maxConcurrent: 1, concurrency: { limit: 5 } }),
    ]
    for (const [entryPoint, key] of [
      ['slots', {}],
      ['permits', { key: '' }],
      ['both', {}],
    ] as const) {
      const { runtime, deadlocks, idsOf } = await told({ store: place().connect(), entryPoints: ring })
      const first = await runtime.trigger(entryPoint)
      await eventually('it is named', () => deadlocks() !== undefined)
      const [, last] = await idsOf(entryPoint)
      expect(deadlocks()).toEqual([{ entryPoint, ...key, queued: [last], heldBy: [first.id] }])
    }
  })

  test('a key whose holder only takes its time, or is paused, is no deadlock', async () => {
    const flights = new StepsInFlight()
    flights.heeds = true
    const concurrency = { limit: 1 }
    const entryPoints = [
      defineEntryPoint({ id: 'parent', program: waitsFor('work') }),
      defineEntryPoint({ id: 'work', program: worker(flights), concurrency }),
      defineEntryPoint({ id: 'beside', program: waitsFor('beside', flights), concurrency }),
    ]
    const { runtime, logged, deadlocks, idsOf } = await told({ store: place().connect(), entryPoints })
    const parents = await Promise.all(['parent', 'parent', 'beside'].map((entryPoint) => runtime.trigger(entryPoint)))
    const [own, work] = [await flights.started('own'), await flights.started('work.1')]
    for (const entryPoint of ['work', 'beside'])
      await eventually('a child is queued', async () => (await idsOf(entryPoint)).length === 2)
    await parents[0]?.pause({ mode: 'now' })
    await turns()
    expect([deadlocks(), logged]).toEqual([undefined, []])
    own.end()
    await eventually('now nothing goes on', () => deadlocks() !== undefined)
    expect(deadlocks()).toMatchObject([{ entryPoint: 'beside', key: '', heldBy: [parents[2]?.id] }])
    for (const label of ['work.1', 'work.2']) flights.free.add(label)
    work.end()
    await parents[0]?.resume()
    expect(await parents[1]?.result()).toMatchObject({ status: 'completed' })
  })

  test('a tree under one key over two processes that stands still is named in those that have a part of it', async () => {
    const entryPoints = [
      defineEntryPoint({ id: 'tree', program: tree, concurrency: { key: () => 'x', limit: 2 }, maxConcurrent: 1 }),
    ]
    const shared = place()
    const both = [
      await told({ store: shared.connect(), id: 'a', entryPoints }),
      await told({ store: shared.connect(), id: 'b', entryPoints }),
    ]
    const root = await (both[0] as (typeof both)[number]).runtime.trigger('tree', 3)
    const named = () => both.flatMap(({ deadlocks }) => deadlocks() ?? [])
    await eventually('it is named', () => named().some(({ key }) => key === 'x'))
    for (const { heldBy, key } of named()) expect(heldBy).toHaveLength(key === 'x' ? 2 : 1)
    expect(await root.cancel()).toMatchObject({ status: 'cancelled' })
    await eventually('nothing is left of it', () => named().length === 0)
  })
})
