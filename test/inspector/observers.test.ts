/** Observers only watch: what they throw is never an execution's error, and each sees the system that it was put on. */
import { createActor, setup, type InspectionEvent } from 'xstate'
import { describe, expect, it } from 'vitest'
import { createRuntime, defineEntryPoint, runtimeOf, supervisorMachine } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { begin } from '../support/begin.js'
import { approve, ordersEntryPoint } from './order-program.js'

describe('an observer that throws', () => {
  it('changes nothing for the runtime that it was given to, and its errors go to the logger', async () => {
    const logged: unknown[][] = []
    const runtime = createRuntime({
      store: memoryStore(),
      entryPoints: [ordersEntryPoint()],
      logger: (...args) => void logged.push(args),
      inspect: () => {
        throw new Error('the page is gone')
      },
    })
    await runtime.start()
    const order = await runtime.trigger('orders', { amount: 7 })
    await approve(order)
    expect(await order.result({ timeout: 5_000 })).toEqual({ status: 'completed', output: { receipt: 'paid 7' } })
    await runtime.stop()
    expect(logged.length).toBeGreaterThan(10)
    for (const [what, error] of logged)
      expect([what, String(error)]).toEqual(['an inspector has failed', 'Error: the page is gone'])
  })

  it('put on the user’s own system, changes nothing for streams, executions and programs', async () => {
    let thrown = 0
    const actor = createActor(supervisorMachine, {
      id: 'shop',
      input: { store: memoryStore(), entryPoints: [ordersEntryPoint()] },
      inspect: ({ actorRef }) => {
        if (['shop', 'lifeline'].includes((actorRef as { id?: string }).id ?? '')) return
        thrown++
        throw new Error('the page is gone')
      },
    }).start()
    const order = await triggerIn(actor)
    await approve(order)
    expect(await order.result({ timeout: 5_000 })).toEqual({ status: 'completed', output: { receipt: 'paid 7' } })
    expect(thrown).toBeGreaterThan(10)
    expect(actor.getSnapshot().status).toBe('active')
    await runtimeOf(actor).stop()
  })
})

const triggerIn = async (actor: Parameters<typeof runtimeOf>[0]) => {
  const runtime = runtimeOf<readonly [ReturnType<typeof ordersEntryPoint>]>(actor)
  await runtime.start()
  return runtime.trigger('orders', { amount: 7 })
}

describe('an observer on a program’s own system', () => {
  it('sees that program alone, events included, with the program as the root; what it throws is logged', async () => {
    const seen: InspectionEvent[] = []
    const logged: unknown[][] = []
    const watched = setup({ types: { events: {} as { type: 'GO' } } }).createMachine({
      id: 'watched',
      initial: 'idle',
      entry: ({ system }) =>
        void system.inspect((event: InspectionEvent) => {
          seen.push(event)
          throw new Error('no')
        }),
      states: { idle: { on: { GO: 'gone' } }, gone: { type: 'final' } },
    })
    const runtime = await begin({
      store: memoryStore(),
      entryPoints: [defineEntryPoint({ id: 'watched', program: watched })],
      logger: (...args) => void logged.push(args),
    })
    const execution = await runtime.trigger('watched', undefined, { id: 'w1' })
    await execution.send({ type: 'GO' })
    expect(await execution.result({ timeout: 5_000 })).toMatchObject({ status: 'completed' })
    const types = seen.map((event) => (event.type === '@xstate.event' ? event.event.type : event.type))
    expect(types).toEqual(expect.arrayContaining(['GO', '@xstate.snapshot']))
    expect(new Set(seen.map(({ rootId }) => rootId)).size).toBe(1)
    expect(new Set(seen.map(({ actorRef }) => (actorRef as { id?: string }).id))).toEqual(new Set(['w1']))
    expect(logged.length).toBe(seen.length)
  })
})
