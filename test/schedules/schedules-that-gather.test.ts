/** Schedules of entry points that put triggers into one execution: no tick takes away what other callers gave, or fires twice. */
import { describe, expect, test } from 'vitest'
import { fromPromise } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import { SimulatedClock } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { turns } from '../support/eventually.js'
import { places } from '../support/store-place.js'
import { day, minute, quiet } from '../support/ticks.js'

describe.each(places)('a schedule of an entry point that gathers, on %s', (_, placeOf) => {
  test('which was set to replace before that takes no batch away: the tick is given up, and the journal says so', async () => {
    const place = placeOf()
    const clock = new SimulatedClock()
    const ran: unknown[] = []
    const program = fromPromise<void, unknown>(async ({ input }) => void ran.push(input))
    const version = async (gathers: boolean) => {
      const lines = defineEntryPoint({
        id: 'lines',
        program,
        ...(gathers ? { batch: { size: 9, within: day } } : {}),
      })
      return begin({ ...quiet, store: place.connect(), clock, entryPoints: [lines as ReturnType<typeof defineEntryPoint>] })
    }
    const pass = async (ms: number) => {
      await clock.advance(ms, () => turns(12))
      await turns(30)
    }
    const before = await version(false)
    await before.schedules.set('s', { entryPoint: 'lines', input: 'tick', every: minute, overlap: 'replace' })
    await before.stop()
    const runtime = await version(true)
    await pass(minute)
    const given = await runtime.trigger('lines', 'mine')
    expect(given).toMatchObject({ joined: true })
    await pass(2 * minute)
    expect(await given.get()).toMatchObject({ status: 'queued', input: ['tick', 'mine'] })
    const failed = await runtime.waitFor({ type: 'schedule.failed' }, { since: 0, timeout: 0 })
    expect(failed).toMatchObject({ status: 'happened', event: { data: { schedule: 's', error: { code: 'invalid_option' } } } })
    await pass(day)
    expect(ran[0]).toEqual(['tick', 'mine'])
  })
})
