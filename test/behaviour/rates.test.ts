/** So many executions start in any window of time, over all processes; more wait. */
import { describe, expect, test } from 'vitest'
import { turns } from '../support/eventually.js'
import { places } from '../support/store-place.js'
import { tenants } from '../support/tenants.js'

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)

describe.each(places)('in %s', (_, place) => {
  test('at most so many start in any window, the next ones as soon as the window lets them', async () => {
    const { start, pass, began, clock } = tenants(place(), { rate: { limit: 2, per: 1_000, isKeyed: false } })
    const first = clock.now()
    const { trigger, logged } = await start('a')
    for (const n of numbers(5)) await trigger('x', n, {}, 10)
    await pass(2_200, 100)
    const starts = began.map(({ at }) => at - first)
    expect(starts.slice(0, 2)).toEqual([0, 0])
    expect(starts.slice(2)).toEqual([1_000, 1_000, 2_000])
    expect(logged).toEqual([])
  })

  test('each key has a window of its own', async () => {
    const { start, pass, order } = tenants(place(), { rate: { limit: 1, per: 1_000 } })
    const { trigger } = await start('a')
    for (const name of ['x', 'x', 'y', 'x', 'z']) await trigger(name, 1, {}, 10)
    await pass(100)
    expect(order()).toEqual(['x1', 'y1', 'z1'])
    await pass(1_000, 200)
    expect(order()).toEqual(['x1', 'y1', 'z1', 'x1'])
  })

  test('two processes have one window, and what one of them has started counts after its death', async () => {
    const { start, pass, began, clock } = tenants(place(), {
      rate: { limit: 2, per: 1_000, isKeyed: false },
      concurrency: { limit: 5 },
    })
    const [a, b] = [await start('a'), await start('b')]
    const first = clock.now()
    for (const n of numbers(3)) {
      await a.trigger('x', n, {}, 10)
      await b.trigger('y', n, {}, 10)
    }
    await pass(500, 100)
    a.store.cut()
    await pass(2_500, 100)
    expect(new Set(began.map(({ work }) => `${work.tenant}${work.n}`)).size).toBe(6)
    expect(began.filter(({ at }) => at < first + 1_000).length).toBe(2)
  })

  test('a clock that is set back by a day holds up nothing for longer than the window, and lets none through too early', async () => {
    const { start, began, clock } = tenants(place(), { rate: { limit: 1, per: 1_000, isKeyed: false } })
    const { trigger } = await start('a')
    for (const n of numbers(3)) await trigger('x', n, {}, 10)
    const since = clock.monotonic()
    const starts: number[] = []
    for (let step = 0; step < 60; step++) {
      if (step === 10) clock.jump(-24 * 3_600_000)
      await clock.advance(50, () => turns(20))
      await turns(20)
      while (starts.length < began.length) starts.push(clock.monotonic() - since)
    }
    expect(starts).toHaveLength(3)
    const waits = [1, 2].map((n) => (starts[n] ?? 0) - (starts[n - 1] ?? 0))
    // the window may begin anew when the clock is set back
    for (const wait of waits) expect(wait).toBeGreaterThanOrEqual(1_000)
    expect(Math.max(...waits)).toBeLessThanOrEqual(1_600)
  })

  test('what waits for its rate can be cancelled, and gives way to the next one', async () => {
    const { start, pass, order } = tenants(place(), { rate: { limit: 1, per: 1_000, isKeyed: false } })
    const { trigger } = await start('a')
    await trigger('x', 1, {}, 10)
    const second = await trigger('x', 2, {}, 10)
    await trigger('x', 3, {}, 10)
    await pass(50)
    expect(await second.cancel()).toEqual({ status: 'cancelled' })
    await pass(1_000, 100)
    expect(order()).toEqual(['x1', 'x3'])
  })
})
