/** The example's reminders: users set, change and take them back while it runs, and they come over a restart. */
import { describe, expect, test } from 'vitest'
import { reminderOf } from '../../examples/schedules/reminder.js'
import { remindersOf } from '../../examples/schedules/reminders.js'
import { defineEntryPoint } from '../../src/index.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { begin } from '../support/begin.js'
import { turns } from '../support/eventually.js'
import { places } from '../support/store-place.js'
import { hour, iso, quiet } from '../support/ticks.js'

describe.each(places)('on %s', (_, placeOf) => {
  test('each reminder comes at its times, also after a restart, and none that was taken back', async () => {
    const clock = new SimulatedClock(Date.UTC(2026, 0, 5, 12))
    const delivered: string[] = []
    const program = reminderOf(({ user, text }) => void delivered.push(`${user}: ${text} ${iso(clock.now())}`))
    const shared = placeOf()
    const start = (id: string) =>
      begin({ ...quiet, store: shared.connect(), clock, id, entryPoints: [defineEntryPoint({ id: 'reminders', program })] })
    const pass = async (ms: number) => {
      await clock.advance(ms, () => turns(16))
      await turns(40)
    }

    const first = await start('first')
    const before = remindersOf(first.schedules)
    await before.remind('ann', 'call', 'call Bob', { at: new Date(clock.now() + 30 * hour) })
    await before.remind('ann', 'water', 'drink', { daily: '09:30', timeZone: 'Europe/Berlin' })
    await before.remind('bob', 'stretch', 'stretch', { everyMs: 8 * hour })
    await before.remind('bob', 'tax', 'pay', { at: new Date(clock.now() + hour) })
    expect(await before.takeBack('bob', 'tax')).toEqual({ status: 'removed' })
    expect((await before.of('ann')).map(({ name }) => name).toSorted()).toEqual(['call', 'water'])
    await pass(8 * hour)
    await before.putOff('bob', 'stretch')
    await first.stop()

    clock.jump(hour)
    const second = await start('second')
    const after = remindersOf(second.schedules)
    await pass(31 * hour)
    await after.goOn('bob', 'stretch')
    await pass(0)
    expect(delivered).toEqual([
      'bob: stretch 2026-01-05T20:00Z',
      'ann: drink 2026-01-06T08:30Z',
      'ann: call Bob 2026-01-06T18:00Z',
      'bob: stretch 2026-01-07T04:00Z',
    ])
    expect((await after.of('ann')).map(({ name }) => name)).toEqual(['water'])
  })
})
