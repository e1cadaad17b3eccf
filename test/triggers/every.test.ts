/** Intervals: when they begin, clocks that are set, and refusals. */
import { describe, expect, test } from 'vitest'
import { every } from '../../src/triggers.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { memoryPlace, places } from '../support/store-place.js'
import { day, hour, input, iso, minute, storedTicks, TickShop } from '../support/ticks.js'

const noon = Date.parse('2026-06-01T12:00Z')

describe.each(places)('on %s', (_, place) => {
  test('it counts from when it first ran, however long it stood still in between', async () => {
    const shop = new TickShop(every(10 * minute, { input }), { clock: new SimulatedClock(noon) })
    const shared = place()
    const first = await shop.begin(shared.connect())
    await shop.pass(25 * minute)
    expect(shop.ran).toEqual(['2026-06-01T12:10Z', '2026-06-01T12:20Z'])
    await first.stop()
    await shop.pass(2 * minute)
    await shop.begin(shared.connect())
    await shop.pass(8 * minute)
    expect(shop.ran).toEqual(['2026-06-01T12:10Z', '2026-06-01T12:20Z', '2026-06-01T12:30Z'])
  })

  test('immediately: the first tick is now, once on a store', async () => {
    const shop = new TickShop(every(10 * minute, { immediately: true, input }), { clock: new SimulatedClock(noon + 7 * minute) })
    const shared = place()
    const first = await shop.begin(shared.connect(), 'one')
    const other = await shop.begin(shared.connect(), 'other')
    await shop.pass(0)
    expect(shop.ran).toEqual(['2026-06-01T12:07Z'])
    for (const runtime of [first, other]) await runtime.stop()
    await shop.pass(minute)
    await shop.begin(shared.connect())
    await shop.pass(10 * minute)
    expect(shop.ran).toEqual(['2026-06-01T12:07Z', '2026-06-01T12:17Z'])
  })

  test('another interval begins anew, and nothing is missed by it', async () => {
    const clock = new SimulatedClock(noon)
    const shared = place()
    const slow = new TickShop(every(hour, { input }), { clock })
    const first = await slow.begin(shared.connect())
    await slow.pass(90 * minute)
    await first.stop()
    const fast = new TickShop(every(10 * minute, { missed: 'all', input }), { clock })
    await fast.begin(shared.connect())
    await fast.pass(20 * minute)
    expect(slow.ran).toEqual(['2026-06-01T13:00Z'])
    expect(fast.ran).toEqual(['2026-06-01T13:40Z', '2026-06-01T13:50Z'])
  })
})

test('a clock that is set forward has missed its ticks: the last one fires', async () => {
  const shop = new TickShop(every(10 * minute, { input }), { clock: new SimulatedClock(noon) })
  await shop.begin(memoryPlace().connect())
  await shop.pass(15 * minute)
  shop.clock.jump(3 * hour)
  await shop.pass(5 * minute)
  expect(shop.ran).toEqual(['2026-06-01T12:10Z', '2026-06-01T15:10Z', '2026-06-01T15:20Z'])
  expect(shop.logged.join()).toContain('has left out 2026-06-01T12:20:00.000Z to 2026-06-01T15:00:00.000Z: missed')
})

test.each([
  ['a little: the next one comes at its time', 5 * 1_000, ['2026-06-01T12:10Z', '2026-06-01T12:20Z', '2026-06-01T12:30Z']],
  ['by a day: it counts anew, and is not silent until then', day, ['2026-06-01T12:10Z', '2026-05-31T12:31Z']],
])('a clock that is set back %s', async (_, by, ran) => {
  const shop = new TickShop(every(10 * minute, { input }), { clock: new SimulatedClock(noon) })
  await shop.begin(memoryPlace().connect())
  await shop.pass(10 * minute)
  shop.clock.jump(-by)
  await shop.pass(22 * minute)
  expect(shop.ran).toEqual(ran)
})

test('a clock that is set back by a multiple of the interval gives the same instants again, which are ticks of their own', async () => {
  const shop = new TickShop(every(minute, { input }), { clock: new SimulatedClock(noon) })
  const shared = memoryPlace()
  await shop.begin(shared.connect())
  await shop.pass(10 * minute)
  shop.clock.jump(-5 * minute)
  await shop.pass(6 * minute)
  const store = shared.connect()
  await store.open()
  const ticks = await storedTicks(store)
  expect(ticks).toHaveLength(14)
  expect(ticks.filter((tick) => tick === '2026-06-01T12:08Z')).toHaveLength(2)
})

test('a process whose clock is behind those of others does not count anew', async () => {
  const shared = memoryPlace()
  const ahead = new TickShop(every(10 * minute, { input }), { clock: new SimulatedClock(noon + 5 * minute) })
  const behind = new TickShop(every(10 * minute, { input }), { clock: new SimulatedClock(noon) })
  await ahead.begin(shared.connect(), 'ahead')
  await ahead.pass(10 * minute)
  await behind.begin(shared.connect(), 'behind')
  for (let turn = 0; turn < 100; turn++) for (const shop of [ahead, behind]) await shop.pass(minute)
  const expected = Array.from({ length: 11 }, (_, n) => iso(noon + 15 * minute + n * 10 * minute))
  expect([...ahead.ran, ...behind.ran].toSorted()).toEqual(expected)
})

test.each([
  ['ms', 0, {}],
  ['ms', -5, {}],
  ['ms', 1.5, {}],
  ['ms', Infinity, {}],
  ['ms', '1m', {}],
  ['immediately', 1_000, { immediately: 'yes' }],
  ['overlap', 1_000, { overlap: 'cancel' }],
  ['missed', 1_000, { missed: true }],
  ['immediatly', 1_000, { immediatly: true }],
  ['timeZone', 1_000, { timeZone: 'UTC' }],
])('a bad %s is refused when it is made, with its place: %j %j', (option, ms, options) => {
  expect(() => every(ms as number, options as never)).toThrow(
    expect.objectContaining({
      code: 'invalid_definition',
      details: expect.objectContaining({ trigger: 'every', option }) as unknown,
    }) as Error,
  )
})
