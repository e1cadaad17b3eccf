/**
 * Events that one process sends without awaiting each other arrive in their order, whatever becomes of the execution meanwhile.
 *
 * Owns: stores whose calls overtake each other, so that each event that is on its way to the store can be passed by a later one.
 */
import { describe, expect, onTestFinished, test } from 'vitest'
import { assign, setup } from 'xstate'
import { SendingOrder } from '../../src/actors/commands/sending-order.js'
import { defineEntryPoint, fromStep, StatewardError } from '../../src/index.js'
import { createTestRuntime, fails, returns } from '../../src/testing/index.js'
import { eventually } from '../support/eventually.js'
import { slowStore, turn, type Turns } from '../support/slow-store.js'

const noting = setup({
  types: {
    context: {} as { notes: number[] },
    events: {} as { type: 'NOTE'; n: number } | { type: 'WORK' } | { type: 'END' },
    output: {} as number[],
  },
  actors: { work: fromStep<string, void>(() => Promise.reject(new Error('not mocked'))) },
}).createMachine({
  id: 'noting',
  context: { notes: [] },
  initial: 'idle',
  on: { NOTE: { actions: assign({ notes: ({ context, event }) => [...context.notes, event.n] }) }, END: '.over' },
  states: { idle: { on: { WORK: 'working' } }, working: { invoke: { src: 'work', onDone: 'idle' } }, over: { type: 'final' } },
  output: ({ context }) => context.notes,
})

const entry = defineEntryPoint({ id: 'noting', program: noting, retry: { maxAttempts: 4, backoff: { initial: 1 } } })
const numbers = Array.from({ length: 16 }, (_, n) => n)
const speeds: readonly Turns[] = [
  { others: 1 },
  { others: [3, 0, 1] },
  { load: [4, 0, 2, 0], enqueue: [0, 3] },
  { enqueue: [5, 0, 1], inbox: [0, 4], commit: 2 },
]

async function begun(speed: Turns, entryPoint = entry) {
  const world = createTestRuntime({ entryPoints: [entryPoint], store: slowStore(speed) })
  onTestFinished(() => world.stop())
  return { world, execution: await world.trigger('noting') }
}

describe.each(speeds)('with calls of %j turns', (speed) => {
  test('while it is resumed', async () => {
    const { execution } = await begun(speed)
    await execution.pause()
    const resumed = execution.resume()
    const sent: Promise<unknown>[] = []
    for (const n of numbers) {
      sent.push(execution.send({ type: 'NOTE', n }))
      if (n % 2 > 0) await turn()
    }
    await Promise.all([resumed, ...sent])
    await execution.send({ type: 'END' })
    expect(await execution.result()).toMatchObject({ output: numbers })
  })

  test('while an attempt fails, and what it had taken is put back', async () => {
    const { world, execution } = await begun(speed)
    world.mock('work', fails('first'), fails('second'), returns('done'))
    const sent: Promise<unknown>[] = [execution.send({ type: 'WORK' })]
    for (const n of numbers) {
      sent.push(execution.send({ type: 'NOTE', n }))
      if (n % 2 > 0) await turn()
    }
    await Promise.all(sent)
    await world.runToIdle()
    await execution.send({ type: 'END' })
    expect(await execution.result()).toMatchObject({ output: numbers })
  })

  test('while it leaves memory', async () => {
    const { world, execution } = await begun(speed)
    const sent: Promise<unknown>[] = []
    for (const n of numbers) {
      if (n % 8 === 0) {
        await Promise.all(sent)
        void world.passivate(execution)
        for (let turns = 4; turns > 0; turns--) await turn()
      }
      sent.push(execution.send({ type: 'NOTE', n }))
      await turn()
    }
    await Promise.all(sent)
    await execution.send({ type: 'END' })
    expect(await execution.result()).toMatchObject({ output: numbers })
  })

  test('while it is paused between two attempts, and leaves memory', async () => {
    const later = { maxAttempts: 2, backoff: { initial: 60_000 } }
    const { world, execution } = await begun(speed, defineEntryPoint({ id: 'noting', program: noting, retry: later }))
    world.mock('work', fails('first'), returns('done'))
    await execution.send({ type: 'WORK' })
    await eventually('the attempt to have failed', async () => (await execution.get()).status === 'waiting')
    const paused: Promise<unknown>[] = []
    const sent: Promise<unknown>[] = []
    for (const n of numbers) {
      if (n === 4) paused.push(execution.pause())
      sent.push(execution.send({ type: 'NOTE', n }))
      if (n % 2 > 0) await turn()
    }
    await Promise.all([...paused, ...sent])
    await execution.resume()
    await execution.send({ type: 'END' })
    expect(await execution.result()).toMatchObject({ output: numbers })
  })

  test('while it is paused', async () => {
    const { execution } = await begun(speed)
    await execution.pause()
    await Promise.all(numbers.map((n) => execution.send({ type: 'NOTE', n })))
    await execution.resume()
    await execution.send({ type: 'END' })
    expect(await execution.result()).toMatchObject({ output: numbers })
  })
})

test('one that is routed again goes before those that were sent after it, and one that can not be routed holds up nobody', async () => {
  const order = new SendingOrder()
  const routed: string[] = []
  const [a, b, c] = [order.next(), order.next(), order.next()]
  const slow = order.inTurn('x', a, async () => {
    await turn()
    routed.push('a')
  })
  const failing = order.inTurn('x', c, () => {
    routed.push('c')
    throw new Error('no place')
  })
  const again = order.inTurn('x', b, () => routed.push('b'))
  const other = order.inTurn('y', order.next(), () => routed.push('another execution'))
  await expect(failing).rejects.toThrow('no place')
  await Promise.all([slow, again, other])
  expect(routed).toEqual(['another execution', 'a', 'b', 'c'])
})

test('who stands behind one that has waited for a lock in vain is told so with it, and who comes later is tried again', async () => {
  const order = new SendingOrder()
  const held = new StatewardError('store_failed', 'another connection holds the lock', { details: { busy: true } })
  const behind: Promise<unknown>[] = []
  const routed: string[] = []
  const first = order.inTurn('x', order.next(), async () => {
    behind.push(...['b', 'c'].map((name) => order.inTurn('x', order.next(), () => routed.push(name))))
    await turn()
    throw held
  })
  await expect(first).rejects.toBe(held)
  for (const each of behind) await expect(each).rejects.toBe(held)
  await order.inTurn('x', order.next(), () => routed.push('d'))
  expect(routed).toEqual(['d'])
})
