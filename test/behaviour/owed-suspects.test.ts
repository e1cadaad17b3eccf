/** An action that ends its process each time it runs: what owes it is blamed for that, also if it has ended or only waits. */
import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import { SimulatedClock } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { turns } from '../support/eventually.js'
import { places } from '../support/store-place.js'

describe.each(places)('on %s', (_, place) => {
  /** Processes one after the other; an action ends its process where it is told to. */
  function processes(maxRecoveries: number) {
    const shared = place()
    const clock = new SimulatedClock()
    const ran: string[] = []
    const logged: string[] = []
    const start = async () => {
      const store = shared.connect()
      let die: () => void = () => undefined
      const death = new Promise<void>((resolve) => (die = () => (store.cut(), resolve())))
      const program = setup({
        types: { context: {} as { what: string }, input: {} as string },
        actions: {
          act: ({ context: { what } }) => {
            ran.push(what)
            if (what === 'bad') die()
          },
        },
      }).createMachine({
        id: 'acts',
        context: ({ input }) => ({ what: input }),
        initial: 'begin',
        states: {
          begin: { on: { END: 'over', WAIT: 'waits' } },
          waits: { entry: 'act', on: { GO: 'over' } },
          over: { type: 'final', entry: 'act' },
        },
      })
      const entryPoints = [defineEntryPoint({ id: 'one', program, maxConcurrent: 10, maxRecoveries })]
      const logger = (...args: unknown[]) => void logged.push(args.map(String).join(' '))
      // it may die while it starts
      const begun = begin({ store, clock, entryPoints, pollInterval: 100, logger })
      await Promise.race([begun, death])
      const live = async (ms: number) => {
        for (let passed = 0; passed < ms && !store.isCut; passed += 25) await clock.advance(25, () => turns(4))
        return store.isCut
      }
      return { begun, live, store }
    }
    /** Brings two there, each with its action; how often a process dies of that. */
    const deaths = async (type: 'END' | 'WAIT', isCancelled = false) => {
      let current = await start()
      const runtime = await current.begun
      for (const id of ['bad', 'good']) await runtime.trigger('one', id, { id })
      for (const id of ['good', 'bad']) {
        const execution = runtime.execution(id)
        void execution.send({ type }).catch(() => undefined)
        if (isCancelled) void execution.cancel().catch(() => undefined)
      }
      let count = 0
      for (; count < 12 && (await current.live(15_000)); count++) current = await start()
      return { count, runtime: await current.begun, store: current.store }
    }
    return { deaths, ran, logged }
  }

  test('one that has ended gives it up past its limit, which is told, and ends as it did', async () => {
    const { deaths, ran, logged } = processes(3)
    const { count, runtime, store } = await deaths('WAIT', true)
    expect(count).toBe(4)
    expect(ran.filter((what) => what === 'bad')).toHaveLength(4)
    expect(await runtime.execution('bad').get()).toMatchObject({ status: 'cancelled', owed: 0, error: null })
    const told = (await store.events({ execution: 'bad', since: 0, limit: 100 })).at(-1)
    expect(told?.type).toBe('execution.action_failed')
    expect(JSON.parse(told?.data ?? '')).toMatchObject({
      v: { action: 'act', error: { code: 'recovery_limit', details: { id: 'bad', recoveries: 4 } } },
    })
    expect(logged.some((line) => line.includes('bad') && line.includes('act'))).toBe(true)
    expect(await runtime.execution('good').get()).toMatchObject({ status: 'cancelled', owed: 0 })
  })

  test.each([
    ['waits', 'WAIT', 'waiting'],
    ['has come to its end, which is not told before its action has run,', 'END', 'completed'],
  ] as const)('one that %s is paused past its limit', async (_what, type, status) => {
    const { deaths, ran } = processes(3)
    const { count, runtime } = await deaths(type)
    expect(count).toBe(4)
    expect(ran.filter((what) => what === 'bad')).toHaveLength(4)
    expect(await runtime.execution('bad').get()).toMatchObject({
      status: 'paused',
      pause: { reason: 'recovery_limit' },
      error: { code: 'recovery_limit' },
    })
    expect(await runtime.execution('good').get()).toMatchObject({ status, owed: 0 })
  })
})
