/** Cancel of executions that have not begun. */
import { describe, expect, test } from 'vitest'
import { ends } from '../support/journal.js'
import { places } from '../support/store-place.js'
import { begun, workshop } from '../support/workshop.js'

describe.each(places)('on %s', (_, place) => {
  async function oneRunningOneQueued() {
    const shop = workshop({}, { store: place().open })
    const running = await shop.world.trigger('work', { label: 'a' })
    const queued = await shop.world.trigger('work', { label: 'b' })
    return { ...shop, running, queued, first: await shop.step.startedWith('a.1') }
  }

  test('cancelling a queued execution settles it: record, result and one terminal event agree', async () => {
    const { world, queued } = await oneRunningOneQueued()
    expect(await queued.get()).toMatchObject({ status: 'queued' })
    expect(await queued.cancel({ reason: 'changed my mind', actor: 'ann' })).toEqual({ status: 'cancelled' })
    expect(await queued.get()).toMatchObject({
      status: 'cancelled',
      startedAt: null,
      cancel: { reason: 'changed my mind', actor: 'ann' },
    })
    expect(await queued.result({ timeout: 0 })).toMatchObject({ status: 'cancelled', reason: 'changed my mind', actor: 'ann' })
    expect(await ends(world.store, queued.id)).toEqual(['cancelled'])
  })

  test('a waiter on a queued execution is released by its cancel', async () => {
    const { queued } = await oneRunningOneQueued()
    const outcome = queued.result()
    await queued.cancel()
    expect(await outcome).toMatchObject({ status: 'cancelled' })
  })

  test('cancelling a queued execution leaves the slot and the rest of the queue alone', async () => {
    const { world, step, order, running, queued } = await oneRunningOneQueued()
    const third = await world.trigger('work', { label: 'c' })
    await queued.cancel()
    await world.settle()
    expect(await running.get()).toMatchObject({ status: 'running' })
    expect(await third.get()).toMatchObject({ status: 'queued' })
    expect(step.calls.map(({ input }) => input)).toEqual(['a.1'])
    expect(await order()).toEqual(['a', 'c'])
    expect(await third.result()).toMatchObject({ status: 'completed' })
  })

  test('a second cancel of a cancelled execution is a no-op with an answer of its own', async () => {
    const { world, queued } = await oneRunningOneQueued()
    await queued.cancel()
    const before = await world.store.load(queued.id)
    expect(await queued.cancel()).toEqual({ status: 'already_finished', as: 'cancelled' })
    await world.settle()
    expect(await world.store.load(queued.id)).toEqual(before)
    expect(await ends(world.store, queued.id)).toEqual(['cancelled'])
  })

  test('two cancels at once of a queued execution end it once, and one of them learns that it was late', async () => {
    const { world, queued } = await oneRunningOneQueued()
    const answers = await Promise.all([queued.cancel(), queued.cancel()])
    expect(answers.map(({ status }) => status).toSorted()).toEqual(['already_finished', 'cancelled'])
    expect(await ends(world.store, queued.id)).toEqual(['cancelled'])
  })

  test.each(['a stop', 'a crash'] as const)('what was cancelled in the queue stays so after %s and a restart', async (how) => {
    const { world, free, queued } = await oneRunningOneQueued()
    await queued.cancel()
    if (how === 'a stop') await world.stop()
    free()
    await world.restart()
    await world.drain()
    expect(await queued.result()).toMatchObject({ status: 'cancelled' })
    expect(begun(world.calls)).toEqual(['a', 'a'])
  })

  test('a cancel right after the trigger, with a free slot, settles the execution', async () => {
    const { world, free } = workshop({}, { heedsSignal: true, store: place().open })
    const execution = await world.trigger('work', { label: 'a' })
    expect(await execution.cancel()).toEqual({ status: 'cancelled' })
    expect(await execution.result()).toMatchObject({ status: 'cancelled' })
    expect(await execution.cancel()).toEqual({ status: 'already_finished', as: 'cancelled' })
    expect(await ends(world.store, execution.id)).toEqual(['cancelled'])
    // the slot is free again
    free()
    expect(await (await world.trigger('work', { label: 'b' })).result()).toMatchObject({ status: 'completed' })
  })
})
