/** Cancel with compensation: B1, B5, B8. */
import { describe, expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import { begin } from '../harness/begin.js'
import { eventually, turns } from '../harness/eventually.js'
import { Flights } from '../harness/flights.js'
import { ends } from '../harness/journal.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { memoryPlace } from '../harness/store-place.js'

describe('cancelEvent', () => {
  const flights = new Flights()
  const booking = setup({
    types: { context: {} as { undone: boolean }, events: {} as { type: 'CANCEL' } | { type: 'NOTE' }, output: {} as boolean },
    actors: { step: flights.step },
  }).createMachine({
    id: 'booking',
    context: { undone: false },
    initial: 'booking',
    states: {
      booking: { invoke: { src: 'step', input: 'book', onDone: 'booked' }, on: { CANCEL: 'undoing' } },
      booked: { on: { CANCEL: 'undoing' } },
      undoing: {
        invoke: {
          src: 'step',
          input: 'undo',
          onDone: { target: 'undone', actions: assign({ undone: true }) },
          onError: 'failed',
        },
      },
      undone: { type: 'final' },
      failed: { entry: () => {}, type: 'final' },
    },
  })

  async function booked(options: { cancelTimeout?: number } = {}) {
    flights.all.length = 0
    const clock = new SimulatedClock()
    const store = memoryPlace().connect()
    const entry = defineEntryPoint({
      id: 'booking',
      program: booking,
      maxConcurrent: 1,
      cancelEvent: { type: 'CANCEL' },
      ...options,
    })
    const runtime = await begin({ store, clock, entryPoints: [entry] })
    const execution = await runtime.trigger('booking')
    const step = await flights.started('book')
    return { clock, store, runtime, execution, step }
  }

  test('B5: with a cancelEvent the machine compensates until its final state, and then it is cancelled', async () => {
    const { store, execution, step } = await booked()
    const cancelled = execution.cancel({ reason: 'refund' })
    const undo = await flights.started('undo')
    expect(step.signal.aborted).toBe(true)
    expect(await execution.get()).toMatchObject({ status: 'cancelling' })
    undo.end()
    expect(await cancelled).toEqual({ status: 'cancelled' })
    expect(await execution.get()).toMatchObject({ status: 'cancelled', context: { undone: true }, cancel: { reason: 'refund' } })
    expect(await ends(store, execution.id)).toEqual(['cancelled'])
  })

  test('B5: a waiting machine compensates as well', async () => {
    const { execution, step } = await booked()
    step.end()
    await eventually('it to wait', async () => ((await execution.get()) as { status: string }).status === 'waiting')
    const cancelled = execution.cancel()
    ;(await flights.started('undo')).end()
    expect(await cancelled).toEqual({ status: 'cancelled' })
    expect(await execution.get()).toMatchObject({ context: { undone: true } })
  })

  test('B8: a compensation that takes longer than cancelTimeout is aborted', async () => {
    const { clock, execution } = await booked({ cancelTimeout: 1_000 })
    const cancelled = execution.cancel()
    const undo = await flights.started('undo')
    await clock.advance(1_000, () => turns())
    await eventually('the signal', () => undo.signal.aborted)
    await clock.advance(1_000, () => turns())
    expect(await cancelled).toEqual({ status: 'cancelled' })
    expect(await execution.get()).toMatchObject({ status: 'cancelled', context: { undone: false } })
  })

  test('B1: one that never started is cancelled at once, without compensation', async () => {
    const { store, runtime } = await booked()
    const queued = await runtime.trigger('booking')
    expect(await queued.cancel()).toEqual({ status: 'cancelled' })
    expect(flights.of('undo')).toEqual([])
    expect(await ends(store, queued.id)).toEqual(['cancelled'])
  })

  test('B5: a compensation goes on in another runtime after a crash', async () => {
    flights.all.length = 0
    const place = memoryPlace()
    const entry = defineEntryPoint({ id: 'booking', program: booking, cancelEvent: { type: 'CANCEL' } })
    const store = place.connect()
    const first = await begin({ store, entryPoints: [entry] })
    const execution = await first.trigger('booking')
    await flights.started('book')
    void execution.cancel().catch(() => undefined)
    await flights.started('undo')
    store.cut()
    const second = await begin({ store: place.connect(), entryPoints: [entry] })
    ;(await flights.started('undo', 2)).end()
    expect(await second.execution(execution.id).result()).toMatchObject({ status: 'cancelled' })
    expect(await second.execution(execution.id).get()).toMatchObject({ context: { undone: true } })
  })
})
