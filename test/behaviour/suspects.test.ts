/** What was in flight in processes that died: the guilty one comes to its limit alone, and nothing that was accepted is lost. */
import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { defineEntryPoint, fromStep } from '../../src/index.js'
import { SimulatedClock } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { turns } from '../support/eventually.js'
import { places } from '../support/store-place.js'

/** How long a step takes, in ms. */
const takes: Readonly<Record<string, number>> = { bad: 50, slow: 25_000, late: 15_000, endless: 300_000 }

/** Processes one after the other; steps take 300 ms, those of `bad` and `late` end their process. What `undo` does comes with a cancel. */
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
      await wait(takes[input] ?? 300)
      running--
      if ((input !== 'bad' && input !== 'late') || isDead) return input
      own.cut()
      dies()
      return new Promise<string>(() => undefined)
    })
    const undo = setup({ types: { input: {} as string, context: {} as { what: string } }, actors: { step } }).createMachine({
      id: 'undo',
      context: ({ input }) => ({ what: input }),
      initial: 'working',
      on: { UNDO: '.undoing' },
      states: {
        working: { invoke: { src: 'step', input: 'slow' } },
        undoing: { invoke: { src: 'step', input: ({ context }) => context.what, onDone: 'undone' } },
        undone: { type: 'final' },
      },
    })
    const entryPoints = [
      defineEntryPoint({ id: 'work', program: step, maxConcurrent: 100, maxRecoveries }),
      defineEntryPoint({ id: 'undo', program: undo, maxConcurrent: 100, maxRecoveries, cancelEvent: { type: 'UNDO' } }),
    ]
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
    /** One that is told to undo, and has begun to. */
    const undoing = async (what: string) => {
      const { id } = await runtime.trigger('undo', what, { id: 'undo' })
      await live(25)
      await runtime.execution(id).cancel({ timeout: 0 })
      await live(25)
    }
    const undone = () => runtime.execution('undo').get()
    return { runtime, live, kill, counts, undoing, undone }
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

  test('what has a step that takes longer than any trial completes, though it goes before the one that ends its process', async () => {
    const { start } = processes(place)
    let current = await start()
    for (const input of ['slow', 'slow', 'bad']) await current.runtime.trigger('work', input)
    for (let deaths = 0; deaths < 12 && (await current.live(40_000)); deaths++) current = await start()
    expect(await current.counts()).toEqual({ completed: 2, 'paused recovery_limit': 1 })
  })

  test('one that runs for longer than any trial before it ends its process comes to its limit, and takes one with it at most', async () => {
    const { start } = processes(place, 2)
    let current = await start()
    for (const input of ['late', 'endless', 'endless', 'endless']) await current.runtime.trigger('work', input)
    for (let deaths = 0; deaths < 12 && (await current.live(60_000)); deaths++) current = await start()
    expect(await current.counts()).toEqual({ running: 2, 'paused recovery_limit': 2 })
  })

  test('what is undone beside one that ends its process is undone, and not blamed', async () => {
    const { start } = processes(place)
    let current = await start()
    await current.undoing('good')
    await current.runtime.trigger('work', 'bad')
    for (let deaths = 0; deaths < 12 && (await current.live(4_000)); deaths++) current = await start()
    expect(await current.counts()).toEqual({ cancelled: 1, 'paused recovery_limit': 1 })
    expect(await current.undone()).toMatchObject({ status: 'cancelled', value: 'undone', error: null })
  })

  test('one that ends its process as it is undone comes to its limit, and what runs beside it completes', async () => {
    const { start } = processes(place)
    let current = await start()
    await current.runtime.trigger('work', 'good')
    await current.undoing('bad')
    for (let deaths = 0; deaths < 12 && (await current.live(4_000)); deaths++) current = await start()
    expect(await current.counts()).toEqual({ completed: 1, 'cancelled recovery_limit': 1 })
  })

  test('what is to be undone waits for its turn, is not counted meanwhile, and has its whole time then', async () => {
    const { start } = processes(place, 2)
    let current = await start()
    await current.runtime.trigger('work', 'slow')
    await current.undoing('good')
    // two deaths make it a suspect, and what comes while it waits for its turn counts for the other alone
    for (const end of ['dies', 'dies', 'stops', 'dies']) {
      if (end === 'dies') current.kill()
      else await current.runtime.stop()
      current = await start()
      await current.live(6_000)
    }
    expect(await current.undone()).toMatchObject({ status: 'cancelled', value: 'undone', error: null })
    expect(await current.counts()).toEqual({ cancelled: 1, 'paused recovery_limit': 1 })
  })
})
