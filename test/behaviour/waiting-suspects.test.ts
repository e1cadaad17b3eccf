/** What ends its process before it has a step or an action to its name: in a timer, an event from the inbox, or at its start. */
import { describe, expect, test } from 'vitest'
import { assign, fromPromise, setup } from 'xstate'
import { defineEntryPoint, type Runtime } from '../../src/index.js'
import { encode } from '../../src/codec/snapshot-codec.js'
import { SimulatedClock } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { turns } from '../support/eventually.js'
import { places } from '../support/store-place.js'

type Where = 'timer' | 'event' | 'start'

describe.each(places)('on %s', (_, place) => {
  /** Processes one after the other; the code of `bad` ends its process each time it runs. */
  function processes(maxRecoveries: number) {
    const shared = place()
    const clock = new SimulatedClock()
    const deaths: Where[] = []
    const start = async () => {
      const store = shared.connect()
      let die: () => void = () => undefined
      const death = new Promise<void>((resolve) => (die = () => (store.cut(), resolve())))
      const ends = (where: Where, id: string) => {
        if (!id.startsWith('bad') || store.isCut) return
        deaths.push(where)
        die()
      }
      const program = setup({
        types: {
          context: {} as { id: string; n: number },
          input: {} as { id: string; where: Where },
          events: {} as { type: 'GO' },
        },
        guards: {
          fires: ({ context }) => (ends('timer', context.id), true),
          goes: ({ context }) => (ends('event', context.id), true),
        },
      }).createMachine({
        id: 'one',
        context: ({ input: { id, where } }) => {
          if (where === 'start') ends('start', id)
          return { id, n: 0 }
        },
        initial: 'waits',
        states: {
          waits: {
            after: { 60_000: { guard: 'fires', target: 'over' } },
            on: { GO: { guard: 'goes', actions: assign({ n: ({ context }) => context.n + 1 }) } },
          },
          over: { type: 'final' },
        },
      })
      const long = setup({ actors: { work: fromPromise(() => new Promise(() => undefined)) } }).createMachine({
        id: 'long',
        invoke: { src: 'work' },
      })
      const entryPoints = [
        defineEntryPoint({ id: 'one', program, maxConcurrent: 10, maxRecoveries, passivateAfter: 1_000 }),
        defineEntryPoint({ id: 'long', program: long, maxRecoveries }),
      ]
      const begun = begin({ store, clock, entryPoints, pollInterval: 100, lease: 1_000, logger: () => undefined })
      await Promise.race([begun, death])
      const live = async (ms: number) => {
        for (let passed = 0; passed < ms && !store.isCut; passed += 50) await clock.advance(50, () => turns(4))
        return store.isCut
      }
      return { begun, live, store }
    }
    /** Goes on with new processes until one lives for that long. */
    const settled = async (ms: number): Promise<Runtime> => {
      for (let n = 0; n < 20; n++) {
        const { begun, live } = await start()
        if (!(await live(ms))) return begun
      }
      throw new Error(`twenty processes died: ${deaths.join(', ')}`)
    }
    return { clock, start, settled, deaths, connect: () => shared.connect() }
  }

  test('a timer whose guard ends the process is blamed on its execution, and other timers fire', async () => {
    const { start, settled, deaths } = processes(3)
    const first = await start()
    const runtime = await first.begun
    for (const id of ['bad', 'good', 'fine']) await runtime.trigger('one', { id, where: 'timer' as const }, { id })
    expect(await first.live(70_000)).toBe(true)
    const last = await settled(120_000)
    expect(await last.execution('bad').get()).toMatchObject({ status: 'paused', pause: { reason: 'recovery_limit' } })
    for (const id of ['good', 'fine']) expect(await last.execution(id).get()).toMatchObject({ status: 'completed' })
    // the first death is not counted: nobody knew of it
    expect(deaths.length).toBe(5)
  })

  test('an event from the inbox whose guard ends the process is blamed on its execution, and other events arrive', async () => {
    const { start, settled, deaths, connect, clock } = processes(3)
    const first = await start()
    const runtime = await first.begun
    for (const id of ['bad', 'good']) await runtime.trigger('one', { id, where: 'event' as const }, { id })
    await first.live(2_000)
    first.store.cut()
    // nobody runs them: the events go into their inboxes
    const beside = connect()
    await beside.open()
    for (const id of ['bad', 'good'])
      await beside.enqueue({
        executionId: id,
        kind: 'event',
        payload: encode({ type: 'GO' }, { id, what: 'event' }),
        at: clock.now(),
      })
    const last = await settled(20_000)
    expect(await last.execution('bad').get()).toMatchObject({ status: 'paused', pause: { reason: 'recovery_limit' } })
    expect(await last.execution('good').get()).toMatchObject({ status: 'waiting', context: { n: 1 } })
    expect(deaths.length).toBe(5)
  })

  test('an event that is sent again and again and ends each process is blamed on its execution', async () => {
    const { start, deaths } = processes(3)
    let current = await start()
    const runtime = await current.begun
    for (const id of ['bad', 'good']) await runtime.trigger('one', { id, where: 'event' as const }, { id })
    for (let n = 0; n < 10; n++) {
      const here = await current.begun
      if ((await here.execution('bad').get()).status === 'paused') break
      for (const id of ['bad', 'good'])
        void here
          .execution(id)
          .send({ type: 'GO' })
          .catch(() => undefined)
      if (await current.live(15_000)) current = await start()
    }
    const last = await current.begun
    expect(await last.execution('bad').get()).toMatchObject({ status: 'paused', pause: { reason: 'recovery_limit' } })
    expect(await last.execution('good').get()).toMatchObject({ status: 'waiting' })
    expect(deaths.length).toBe(5)
  })

  test('an event that is sent some time after each start is blamed for the deaths, not the long step that runs beside it', async () => {
    const { start, deaths } = processes(3)
    let current = await start()
    const runtime = await current.begun
    await runtime.trigger('one', { id: 'bad', where: 'event' as const }, { id: 'bad' })
    await runtime.trigger('long', undefined, { id: 'long' })
    let blamed = 'waiting'
    for (let n = 0; n < 20 && blamed !== 'paused'; n++) {
      const here = await current.begun
      await current.live(20_000)
      void here
        .execution('bad')
        .send({ type: 'GO' })
        .catch(() => undefined)
      if (await current.live(20_000)) current = await start()
      blamed = (await (await current.begun).execution('bad').get()).status
    }
    const last = await current.begun
    expect(await last.execution('bad').get()).toMatchObject({ status: 'paused', pause: { reason: 'recovery_limit' } })
    expect(await last.execution('long').get()).toMatchObject({ status: 'running' })
    expect(deaths.length).toBeLessThan(8)
  })

  test('one that ends the process at its start, out of the queue, is blamed for that', async () => {
    const { start, settled, deaths } = processes(3)
    const first = await start()
    const runtime = await first.begun
    await runtime.stream('one').pause()
    for (const id of ['bad', 'good']) await runtime.trigger('one', { id, where: 'start' as const }, { id })
    void runtime
      .stream('one')
      .resume()
      .catch(() => undefined)
    await first.live(2_000)
    const last = await settled(20_000)
    expect(await last.execution('bad').get()).toMatchObject({ status: 'paused', pause: { reason: 'recovery_limit' } })
    expect(await last.execution('good').get()).toMatchObject({ status: 'waiting' })
    expect(deaths.length).toBe(5)
  })
})
