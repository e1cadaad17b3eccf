/** What was in flight in processes that died: the guilty one comes to its limit alone, and nothing that was accepted is lost. */
import { describe, expect, test } from 'vitest'
import { defineEntryPoint, fromStep } from '../../src/index.js'
import { SimulatedClock } from '../../src/testing/index.js'
import { begin } from '../harness/begin.js'
import { turns } from '../harness/eventually.js'
import { places } from '../harness/store-place.js'

/** Processes one after the other; steps take 300 ms, and that of `bad` ends its process after 50. */
function processes(place: (typeof places)[number][1], maxRecoveries = 5) {
  const shared = place()
  const clock = new SimulatedClock()
  let store = shared.connect()
  let dies = () => undefined as void
  let most = 0
  const start = async () => {
    store = shared.connect()
    const own = store
    let isDead = false
    let running = 0
    const died = new Promise<void>((resolve) => (dies = resolve))
    void died.then(() => (isDead = true))
    const wait = (ms: number) => new Promise<void>((resolve) => clock.setTimeout(resolve, ms))
    const step = fromStep<string, string>(async ({ input }) => {
      most = Math.max(most, ++running)
      await wait(input === 'bad' ? 50 : 300)
      running--
      if (input !== 'bad' || isDead) return input
      own.cut()
      dies()
      return new Promise<string>(() => undefined)
    })
    const entryPoints = [defineEntryPoint({ id: 'work', program: step, maxConcurrent: 100, maxRecoveries })]
    const runtime = await begin({ store: own, clock, entryPoints, pollInterval: 100 })
    const live = async (ms: number) => {
      for (let passed = 0; passed < ms && !isDead; passed += 25) await clock.advance(25, () => turns(4))
      return isDead
    }
    const kill = () => (own.cut(), (isDead = true))
    const counts = async () => {
      const found: Record<string, number> = {}
      for (const { status, error } of (await runtime.executions({ limit: 1_000 })).executions) {
        const key = error?.code ? `${status} ${error.code}` : status
        found[key] = (found[key] ?? 0) + 1
      }
      return found
    }
    return { runtime, live, kill, counts }
  }
  return { start, most: () => most, reset: () => (most = 0) }
}

describe.each(places)('in %s', (_, place) => {
  test('one that ends its process at each recovery comes to its limit, and all beside it complete', async () => {
    const { start } = processes(place)
    let current = await start()
    for (let n = 0; n < 10; n++) await current.runtime.trigger('work', n === 4 ? 'bad' : `good ${n}`)
    let deaths = 0
    for (; deaths < 12 && (await current.live(4_000)); deaths++) current = await start()
    expect(deaths).toBeLessThanOrEqual(7)
    expect(await current.counts()).toEqual({ completed: 9, 'paused recovery_limit': 1 })
  })

  test('what crashes every process soon after its start brings none to its limit', async () => {
    const { start } = processes(place)
    let current = await start()
    for (let n = 0; n < 10; n++) await current.runtime.trigger('work', `good ${n}`)
    for (let n = 0; n < 8; n++) {
      await current.live(100)
      current.kill()
      current = await start()
    }
    await current.live(10_000)
    expect(await current.counts()).toEqual({ completed: 10 })
  })

  test('after one death all go on at once; after a second one nothing runs before all are queued, and one begins', async () => {
    const { start, most, reset } = processes(place)
    let current = await start()
    for (let n = 0; n < 10; n++) await current.runtime.trigger('work', `good ${n}`)
    for (const expected of [10, 10, 1]) {
      await current.live(100)
      expect(most()).toBe(expected)
      current.kill()
      reset()
      current = await start()
    }
  })
})
