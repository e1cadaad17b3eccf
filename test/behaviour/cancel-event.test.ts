/** Cancel with compensation. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { assign, fromPromise, setup } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import { createTestRuntime } from '../../src/testing/index.js'
import { ends } from '../support/journal.js'

describe('cancelEvent', () => {
  const booking = setup({
    types: { context: {} as { undone: boolean }, events: {} as { type: 'CANCEL' } | { type: 'NOTE' }, output: {} as boolean },
    actors: { step: fromPromise<string, string>(() => Promise.reject(new Error('to be mocked'))) },
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
    const cancelEvent = { type: 'CANCEL' } as const
    const entry = defineEntryPoint({ id: 'booking', program: booking, maxConcurrent: 1, cancelEvent, ...options })
    const world = createTestRuntime({ entryPoints: [entry] })
    onTestFinished(() => world.stop())
    const step = world.hold('step', { heedsSignal: false })
    const execution = await world.trigger('booking')
    return { world, step, execution, book: await step.startedWith('book') }
  }

  test('with a cancelEvent the machine compensates until its final state, and then it is cancelled', async () => {
    const { world, step, execution, book } = await booked()
    const cancelled = execution.cancel({ reason: 'refund' })
    const undo = await step.startedWith('undo')
    expect(book.signal.aborted).toBe(true)
    expect(await execution.get()).toMatchObject({ status: 'cancelling' })
    undo.resolve('undone')
    expect(await cancelled).toEqual({ status: 'cancelled' })
    expect(await execution.get()).toMatchObject({ status: 'cancelled', context: { undone: true }, cancel: { reason: 'refund' } })
    expect(await ends(world.store, execution.id)).toEqual(['cancelled'])
  })

  test('a waiting machine compensates as well', async () => {
    const { world, step, execution, book } = await booked()
    book.resolve('booked')
    await world.settle()
    expect(await execution.get()).toMatchObject({ status: 'waiting' })
    const cancelled = execution.cancel()
    ;(await step.startedWith('undo')).resolve('undone')
    expect(await cancelled).toEqual({ status: 'cancelled' })
    expect(await execution.get()).toMatchObject({ context: { undone: true } })
  })

  test.each([0, 1, 2, 3])(
    'a program that comes to what can not be stored as it is cancelled, %i microtasks after, has failed: it made nothing good',
    async (gap) => {
      const program = setup({
        types: { context: {} as { odd?: () => void }, events: {} as { type: 'CANCEL' } | { type: 'GO' } },
        actors: { step: fromPromise<string, string>(() => Promise.reject(new Error('to be mocked'))) },
      }).createMachine({
        id: 'odd',
        context: {},
        initial: 'paying',
        on: { CANCEL: '.undoing' },
        states: {
          paying: { invoke: { src: 'step', input: 'pay', onDone: 'odd' } },
          odd: { entry: assign({ odd: () => () => undefined }), on: { GO: 'undone' } },
          undoing: { invoke: { src: 'step', input: 'undo', onDone: 'undone' } },
          undone: { type: 'final' },
        },
      })
      const entry = defineEntryPoint({ id: 'odd', program, cancelEvent: { type: 'CANCEL' } })
      const world = createTestRuntime({ entryPoints: [entry] })
      onTestFinished(() => world.stop())
      const step = world.hold('step')
      const execution = await world.trigger('odd')
      ;(await step.startedWith('pay')).resolve('paid')
      for (let left = gap; left > 0; left--) await Promise.resolve()
      expect(await execution.cancel()).toEqual({ status: 'already_finished', as: 'failed' })
      expect(await execution.result()).toMatchObject({ status: 'failed', error: { code: 'not_storable' } })
    },
  )

  test('a compensation that takes longer than cancelTimeout is aborted', async () => {
    const { world, step, execution } = await booked({ cancelTimeout: 1_000 })
    const cancelled = execution.cancel()
    const undo = await step.startedWith('undo')
    await world.advance(999)
    expect(undo.signal.aborted).toBe(false)
    await world.advance(1)
    expect(undo.signal.aborted).toBe(true)
    expect(await cancelled).toEqual({ status: 'cancelled' })
    expect(await execution.get()).toMatchObject({ status: 'cancelled', context: { undone: false } })
  })

  test('one that never started is cancelled at once, without compensation', async () => {
    const { world, step } = await booked()
    const queued = await world.trigger('booking')
    expect(await queued.cancel()).toEqual({ status: 'cancelled' })
    expect(step.callsWith('undo')).toEqual([])
    expect(await ends(world.store, queued.id)).toEqual(['cancelled'])
  })

  test('a compensation goes on in another process after a crash', async () => {
    const { world, step, execution } = await booked()
    // answered before the crash, so that nobody asks again after it
    expect(await execution.cancel({ timeout: 0 })).toEqual({ status: 'cancelling' })
    await step.startedWith('undo')
    await world.restart()
    ;(await step.startedWith('undo', 2)).resolve('undone')
    expect(await execution.result()).toMatchObject({ status: 'cancelled' })
    expect(await execution.get()).toMatchObject({ context: { undone: true } })
  })
})
