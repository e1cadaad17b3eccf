/** An acceptance that is written while its process loses its lease is one: the trigger says so, and another process goes on with it. */
import { expect, test } from 'vitest'
import { fromPromise } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import { memoryStore } from '../../src/persistence/memory/memory-store.js'
import { faultyStore, SimulatedClock } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { turns } from '../support/eventually.js'

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
