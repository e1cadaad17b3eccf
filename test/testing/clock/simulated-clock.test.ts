/** The simulated clock: its order, its ends, and what a timer costs among many. */
import { describe, expect, it } from 'vitest'
import { isStatewardError } from '../../../src/index.js'
import { SimulatedClock } from '../../../src/testing/index.js'

describe('a simulated clock', () => {
  it('fires timers at their own times, by due time and then in the order in which they were set', async () => {
    const clock = new SimulatedClock(0)
    const fired: string[] = []
    const set = (name: string, ms: number) => clock.setTimeout(() => fired.push(`${name} at ${clock.now()}`), ms)
    set('late', 300)
    set('first of two', 200)
    set('second of two', 200)
    set('early', 100)
    await clock.advance(250)
    expect(fired).toEqual(['early at 100', 'first of two at 200', 'second of two at 200'])
    expect(clock.now()).toBe(250)
    await clock.advanceTo(new Date(300))
    expect(fired).toHaveLength(4)
  })

  it('fires what a timer sets for the same instant after those that were set before', () => {
    const clock = new SimulatedClock(0)
    const fired: string[] = []
    clock.setTimeout(() => {
      fired.push('a')
      clock.setTimeout(() => fired.push('c'), 0)
    }, 10)
    clock.setTimeout(() => fired.push('b'), 10)
    clock.fireNext()
    expect(fired).toEqual(['a', 'b'])
    clock.fireNext()
    expect(fired).toEqual(['a', 'b', 'c'])
  })

  it('forgets a timer that is cancelled, and none of the others, however many are', async () => {
    const clock = new SimulatedClock(0)
    const fired: number[] = []
    const handles = Array.from({ length: 1_000 }, (_, n) => clock.setTimeout(() => fired.push(n), 1_000 - n))
    for (const [n, handle] of handles.entries()) if (n % 10 !== 0) clock.clearTimeout(handle)
    clock.clearTimeout(handles[1])
    expect(clock.wanted).toBe(100)
    await clock.advance(2_000)
    expect(fired).toEqual(Array.from({ length: 100 }, (_, n) => 990 - n * 10))
    expect([clock.wanted, clock.next]).toEqual([0, undefined])
  })

  it('knows the timers of the background from those that somebody waits for', () => {
    const clock = new SimulatedClock(0)
    clock.setTimeout(() => undefined, 10, { background: true })
    expect([clock.wanted, clock.next]).toEqual([0, 10])
    const handle = clock.setTimeout(() => undefined, 20)
    expect(clock.wanted).toBe(1)
    clock.clearTimeout(handle)
    clock.clearTimeout(handle)
    expect(clock.wanted).toBe(0)
  })

  it('never fires a timer that is set for ever, and refuses times that have passed or are none', async () => {
    const clock = new SimulatedClock(1_000)
    clock.setTimeout(() => expect.unreachable('it was set for ever'), Infinity)
    expect(clock.next).toBeUndefined()
    for (const time of [999, Number.NaN, Infinity, new Date(Number.NaN)])
      await expect(clock.advanceTo(time)).rejects.toSatisfy((error) => isStatewardError(error, 'invalid_option'))
    expect(() => new SimulatedClock(Number.NaN)).toThrow('a time, in ms since the epoch')
  })

  it('never goes back, whoever lets time pass meanwhile', async () => {
    const clock = new SimulatedClock(0)
    const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
    const seen: number[] = []
    for (const ms of [5, 8, 20, 900]) clock.setTimeout(() => seen.push(clock.now()), ms)
    clock.setTimeout(() => void clock.advanceTo(1_000, turn), 6)
    await Promise.all([clock.advance(10, turn), clock.advance(30, turn)])
    while (clock.next !== undefined) await turn()
    await turn()
    expect([seen, clock.now()]).toEqual([[5, 8, 20, 900], 1_000])
  })

  it('takes no text for a time, which would be joined to it', async () => {
    const clock = new SimulatedClock(1)
    for (const wrong of ['5', null, undefined, Number.NaN, -1, Infinity] as unknown as number[]) {
      await expect(clock.advance(wrong)).rejects.toMatchObject({ code: 'invalid_option' })
      await expect(clock.advanceTo(wrong)).rejects.toMatchObject({ code: 'invalid_option' })
    }
    for (const wrong of ['', null] as unknown as number[]) expect(() => new SimulatedClock(wrong)).toThrow(/must be a time/)
    expect(clock.now()).toBe(1)
  })
})
