/** More timers than are stored in one piece: each comes once, at its time and in its turn, whatever happens to the process. */
import { assign, cancel, enqueueActions, raise, setup } from 'xstate'
import { describe, expect, test } from 'vitest'
import { defineEntryPoint, type ExecutionRecord, type SnapshotStore } from '../../src/index.js'
import { createTestRuntime } from '../../src/testing/index.js'
import { crashEverywhere } from '../support/crash-everywhere.js'
import { places } from '../support/store-place.js'

const day = 24 * 3_600_000
type Event = { type: 'SET' | 'DROP'; from: number; to: number } | { type: 'RANG'; n: number } | { type: 'LOOK' }

/** Rings for each number at `day` and so many ms, thirty-five at the same time; the last one ends it. */
const bells = (count: number) =>
  setup({
    types: { context: {} as { rang: number[]; looks: number }, events: {} as Event },
    actions: {
      set: enqueueActions(({ enqueue }, { from, to }: { from: number; to: number }) => {
        for (let n = from; n < to; n++)
          enqueue(raise({ type: 'RANG', n }, { id: `bell-${n}`, delay: day + 1_000 * Math.floor(n / 35) }))
      }),
      drop: enqueueActions(({ enqueue }, { from, to }: { from: number; to: number }) => {
        for (let n = from; n < to; n++) enqueue(cancel(`bell-${n}`))
      }),
    },
  }).createMachine({
    id: 'bells',
    context: { rang: [], looks: 0 },
    initial: 'ringing',
    entry: { type: 'set', params: { from: 0, to: count } },
    states: {
      ringing: {
        always: { guard: ({ context }) => context.rang.includes(count - 1), target: 'still' },
        on: {
          SET: { actions: { type: 'set', params: ({ event }) => event } },
          DROP: { actions: { type: 'drop', params: ({ event }) => event } },
          RANG: { actions: assign({ rang: ({ context, event }) => [...context.rang, event.n] }) },
          LOOK: { actions: assign({ looks: ({ context }) => context.looks + 1 }) },
        },
      },
      still: { type: 'final' },
    },
    output: ({ context }) => context.rang,
  })

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n)

describe('a program with', () => {
  crashEverywhere(
    'seventy timers, some dropped and some set anew, hears the others in their order',
    {
      program: () => bells(70),
      events: [
        { type: 'DROP', from: 8, to: 12 },
        { type: 'SET', from: 9, to: 10 },
      ],
    },
    ({ output }) => expect(output).toEqual([...numbers(0, 8), ...numbers(12, 35), 9, ...numbers(35, 70)]),
  )
})

/** The same store; every state that comes in pieces is what its pieces are. */
function watched(store: SnapshotStore, inPieces: () => void): SnapshotStore {
  return {
    ...store,
    commit(batch) {
      for (const { state, pieces } of batch) {
        if (!pieces) continue
        inPieces()
        expect(pieces.pieces.map(({ text }) => text).join('')).toBe(state)
        expect(pieces.state).toBe(state)
      }
      return store.commit(batch)
    },
  }
}

const timersOf = async (execution: { get(): Promise<unknown> }) => ((await execution.get()) as ExecutionRecord).timers

describe.each(places)('two hundred timers, on %s,', (_, placeOf) => {
  const entryPoint = defineEntryPoint({ id: 'run', program: bells(200), checkpoints: 4 })
  let inPieces = 0
  const started = async () => {
    const { open } = placeOf()
    inPieces = 0
    const store = () => watched(open(), () => inPieces++)
    const world = createTestRuntime({ entryPoints: [entryPoint], store })
    const execution = await world.trigger('run')
    await world.settle()
    return { world, execution }
  }

  test('keep what is left of each over a pause, and come after it in their order', async () => {
    const { world, execution } = await started()
    const before = await timersOf(execution)
    expect(before.map(({ id }) => id)).toEqual(numbers(0, 200).map((n) => `bell-${n}`))
    await world.advance(1_000)
    await execution.pause()
    expect((await timersOf(execution)).map(({ left }) => left)).toEqual(before.map(({ delay }) => delay - 1_000))
    await world.advance(3 * day)
    world.crash()
    await world.restart()
    await execution.resume()
    await world.runToIdle()
    expect(await execution.result()).toEqual({ status: 'completed', output: numbers(0, 200) })
    await world.stop()
  })

  test('are in each checkpoint as they were, and in a fork from it', async () => {
    const { world, execution } = await started()
    await execution.send({ type: 'DROP', from: 0, to: 150 })
    await execution.send({ type: 'SET', from: 300, to: 301 })
    const [, , dropped] = (await execution.checkpoints()).toReversed()
    const fork = await execution.fork({ revision: dropped?.revision ?? 0 })
    await world.settle()
    expect((await timersOf(fork)).length).toBe(200)
    expect((await timersOf(execution)).map(({ id }) => id)).toEqual([...numbers(150, 200), 300].map((n) => `bell-${n}`))
    await world.stop()
  })

  test('are all taken up by another process, one event after the other', async () => {
    const { world, execution } = await started()
    for (const from of [0, 60, 120]) {
      await execution.send({ type: 'DROP', from, to: from + 1 })
      world.crash()
      await world.restart()
      await world.settle()
    }
    expect(inPieces).toBeGreaterThan(3)
    const left = numbers(0, 200).filter((n) => ![0, 60, 120].includes(n))
    expect((await timersOf(execution)).map(({ id }) => id)).toEqual(left.map((n) => `bell-${n}`))
    await world.stop()
  })
})
