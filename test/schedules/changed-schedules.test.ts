/** Schedules that are set to something else: each tick starts one execution, whatever its entry point is by then, and a time that comes again fires again. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { fromPromise } from 'xstate'
import { createClient, defineEntryPoint, type SnapshotStore } from '../../src/index.js'
import { SimulatedClock } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { turns } from '../support/eventually.js'
import { dyingAt } from '../support/mortal-process.js'
import { JobShop, scheduleEvents } from '../support/schedules.js'
import { places } from '../support/store-place.js'
import { hour, minute, quiet } from '../support/ticks.js'

/** Entry points to which a schedule may be set: one where each trigger makes an execution, and one that gathers. */
function shop() {
  const clock = new SimulatedClock(Date.UTC(2026, 0, 5, 12))
  const program = fromPromise<void, string>(() => Promise.resolve())
  const plain = defineEntryPoint({ id: 'plain', program })
  const other = defineEntryPoint({ id: 'other', program })
  const gathers = defineEntryPoint({ id: 'gathers', program, debounce: { quiet: 1_000 } })
  const entryPoints = [plain, other, gathers] as const
  const start = async (store: SnapshotStore, id: string) => {
    const runtime = await begin({ ...quiet, store, clock, entryPoints, id })
    await turns(20)
    return runtime
  }
  const pass = async (ms: number) => {
    await clock.advance(ms, () => turns(16))
    await turns(40)
  }
  return { clock, entryPoints, start, pass }
}

describe.each(places)('on %s', (_, placeOf) => {
  test.each([
    ['plain', 'other'],
    ['gathers', 'plain'],
    ['plain', 'gathers'],
  ] as const)(
    'a tick of one whose process died is not fired again because its entry point is another one now: %s, %s',
    async (from, to) => {
      for (let nth = 1; ; nth++) {
        const place = placeOf()
        const { clock, entryPoints, start, pass } = shop()
        const client = createClient({ store: place.connect(), clock, entryPoints })
        onTestFinished(() => client.close())
        const set = (entryPoint: typeof from | typeof to) => client.schedules.set('s', { entryPoint, every: hour, input: 'a' })
        await set(from)
        const mortal = dyingAt(place, nth, 'after')
        const first = await start(mortal, 'mortal')
        await pass(hour + minute)
        if (!mortal.isCut) {
          await first.stop()
          expect(nth).toBeGreaterThan(3)
          break
        }
        // there and back, and to another one
        for (const entryPoint of [to, from, to]) await set(entryPoint)
        const next = await start(place.connect(), 'next')
        await pass(hour)
        const { executions } = await next.executions({ limit: 100 })
        expect(
          executions.map(({ status }) => status),
          `died at ${nth}`,
        ).toEqual(['completed', 'completed'])
        await next.stop()
      }
    },
  )

  test('an `at` that is set back to a time at which it has fired fires again', async () => {
    const place = placeOf()
    const jobs = new JobShop()
    const store = place.connect()
    const { schedules } = await jobs.begin(store)
    const at = jobs.clock.now() + minute
    const set = (time: number) => schedules.set('once', { entryPoint: 'jobs', input: { name: 'a' }, at: time })
    await set(at)
    await jobs.pass(hour)
    expect(jobs.ran).toHaveLength(1)
    await set(at + 2 * hour)
    expect(await set(at)).toMatchObject({ status: 'updated', next: at })
    await jobs.pass(minute)
    expect(jobs.ran).toHaveLength(2)
    expect(await schedules.get('once')).toMatchObject({ status: 'ended', last: { at } })
    // the same again changes nothing
    expect(await set(at)).toMatchObject({ status: 'unchanged' })
    await jobs.pass(hour)
    expect(jobs.ran).toHaveLength(2)
    expect((await scheduleEvents(store)).filter((event) => event === 'schedule.ended once')).toHaveLength(2)
  })

  test('an `at` that is set back to a time which it left out tells of it again', async () => {
    const place = placeOf()
    const jobs = new JobShop()
    const store = place.connect()
    const { schedules } = await jobs.begin(store)
    const at = jobs.clock.now() - hour
    const set = (time: number) => schedules.set('once', { entryPoint: 'jobs', input: { name: 'a' }, at: time, missed: 'none' })
    await set(at)
    await jobs.pass(minute)
    await set(at - hour)
    await jobs.pass(minute)
    await set(at)
    await jobs.pass(minute)
    expect((await scheduleEvents(store)).filter((event) => event === 'schedule.skipped once')).toHaveLength(3)
    expect(jobs.ran).toEqual([])
  })
})
