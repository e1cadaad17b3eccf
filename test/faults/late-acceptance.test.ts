/** An acceptance that is written while its process loses its lease is one: the trigger says so, and another process goes on with it. */
import { expect, test } from 'vitest'
import { fromPromise } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import { memoryStore } from '../../src/persistence/memory/memory-store.js'
import { faultyStore, SimulatedClock } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { worker } from '../support/programs.js'
import { StepsInFlight } from '../support/steps-in-flight.js'

test('a trigger whose process was frozen past its lease at the commit resolves; the execution runs once, elsewhere', async () => {
  const clock = new SimulatedClock()
  const shared = memoryStore()
  const frozen = faultyStore(shared)
  const ran: string[] = []
  const by = (name: string) => defineEntryPoint({ id: 'work', program: fromPromise(() => Promise.resolve(void ran.push(name))) })
  const settings = { clock, lease: 900, pollInterval: 100 }
  const first = await begin({ ...settings, store: frozen, id: 'first', entryPoints: [by('first')] })
  const second = await begin({ ...settings, store: shared, id: 'second', entryPoints: [by('second')] })

  frozen.inject({ call: 'commit', kind: 'hang', when: 'after' }, { call: 'heartbeat', kind: 'hang' })
  const triggered = first.trigger('work', undefined, { id: 'late' })
  await clock.advance(2_000, () => turns())
  expect(await second.execution('late').get()).toMatchObject({ status: 'completed' })
  frozen.heal()
  frozen.release()
  await clock.advance(1_000, () => turns())

  expect((await triggered).id).toBe('late')
  expect(ran).toEqual(['second'])
  expect(await first.execution('late').result({ timeout: 0 })).toMatchObject({ status: 'completed' })
})

test('a trigger whose acceptance was written without being acknowledged, and was then taken by another process, has made the execution', async () => {
  const shared = memoryStore()
  const store = faultyStore(shared)
  const flights = new StepsInFlight()
  const entryPoints = [defineEntryPoint({ id: 'work', program: worker(flights), maxConcurrent: 1 })] as const
  const first = await begin({ store, id: 'first', entryPoints })
  await first.trigger('work', { label: 'busy' })
  store.inject(
    { call: 'commit', kind: 'throw', when: 'after', nth: 1 },
    { call: 'commit', kind: 'hang', nth: 2 }, // the second try
  )
  const triggered = first.trigger('work', { label: 'late' })
  await eventually('the second try', () => store.waiting === 1)
  await begin({ store: shared, id: 'second', entryPoints })
  await flights.started('late.1')
  store.heal()
  expect((await triggered).created).toBe(true)
})
