/** An execution that several calls take into memory at the same time is there once, in whatever order the store answers. */
import { expect, test } from 'vitest'
import { defineEntryPoint } from '../../src/index.js'
import { memoryStore } from '../../src/persistence/memory/memory-store.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { faultyStore } from '../../src/testing/store/faulty-store.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { approval } from '../support/programs.js'

const settled = () => turns(30)

async function passivated() {
  const clock = new SimulatedClock()
  const store = faultyStore(memoryStore())
  const work = defineEntryPoint({ id: 'work', program: approval, passivateAfter: 10 })
  const runtime = await begin({ store, clock, entryPoints: [work] })
  const execution = await runtime.trigger('work')
  await clock.advance(20, settled)
  expect(await store.load(execution.id)).toMatchObject({ status: 'waiting', owner: null })
  const counts = () => runtime.registry.streams.get().context['work']
  return { clock, store, execution, counts }
}

test('a cancel that takes it up while the answer to the claim of another one is on its way', async () => {
  const { store, execution, counts } = await passivated()
  store.inject({ kind: 'hang', call: 'claim', when: 'after', nth: 1 })
  const first = execution.cancel()
  await eventually('the claim', () => store.waiting === 1)
  expect(await execution.cancel()).toEqual({ status: 'cancelled' })
  store.release()
  expect(await first).toEqual({ status: 'already_finished', as: 'cancelled' })
  expect(counts()).toEqual({ waiting: 0, cancelled: 1 })
})

test('a pause that takes it up while the answer to the claim of another one is on its way', async () => {
  const { store, execution, counts } = await passivated()
  store.inject({ kind: 'hang', call: 'claim', when: 'after', nth: 1 })
  const first = execution.pause()
  await eventually('the claim', () => store.waiting === 1)
  const { revision } = (await execution.pause()) as { revision: number }
  store.release()
  expect(await first).toEqual({ status: 'already_paused', revision })
  expect(counts()).toEqual({ waiting: 0, paused: 1 })
})
