/** Executions whose entry point was renamed or removed: named, told, and cancelled and paused by whoever is asked. */
import { describe, expect, test, vi } from 'vitest'
import { createMachine } from 'xstate'
import { defineEntryPoint, fromStep } from '../../src/index.js'
import { begin } from '../support/begin.js'
import { places } from '../support/store-place.js'

const door = createMachine({
  id: 'door',
  initial: 'shut',
  states: { shut: { on: { OPEN: 'open' }, after: { 60_000: 'open' } }, open: { type: 'final' } },
})
const stuck = fromStep(() => new Promise(() => undefined))
const doors = defineEntryPoint({ id: 'doors', program: door, cancelEvent: { type: 'OPEN' } })
const slow = defineEntryPoint({ id: 'slow', program: stuck, maxConcurrent: 1, cancelTimeout: 0 })
const gates = defineEntryPoint({ id: 'gates', program: door })

describe.each(places)('on %s', (_, place) => {
  /** What a runtime left that is no more, and one without those entry points. */
  async function left() {
    const shared = place()
    const before = await begin({ store: shared.connect(), entryPoints: [doors, slow], shutdownTimeout: 100 })
    await before.trigger('doors', undefined, { id: 'waiting' })
    await (await before.trigger('doors', undefined, { id: 'paused' })).pause()
    await before.trigger('slow', undefined, { id: 'running' })
    await before.trigger('slow', undefined, { id: 'queued' })
    await before.stop()
    const logger = { info: vi.fn<(text: unknown) => void>(), warn: vi.fn<(text: unknown) => void>(), error: vi.fn<() => void>() }
    const runtime = await begin({ store: shared.connect(), entryPoints: [gates], logger, lease: 100, pollInterval: 1 })
    return { runtime, logger, shared }
  }

  test('are named by misfits, and warned of at the start', async () => {
    const { runtime, logger } = await left()
    const found: object[] = []
    for await (const misfit of runtime.misfits()) found.push(misfit)
    const reason = expect.stringContaining('renamed or removed')
    expect(found).toHaveLength(4)
    expect(found).toContainEqual({ id: 'waiting', entryPoint: 'doors', reason })
    expect(found).toContainEqual({ id: 'queued', entryPoint: 'slow', reason })
    expect(logger.warn.mock.calls.map(([text]) => text)).toEqual([
      expect.stringContaining('2 executions of entry point doors'),
      expect.stringContaining('2 executions of entry point slow'),
    ])
  })

  test.each(['waiting', 'paused', 'running', 'queued'])('one that is %s is cancelled', async (id) => {
    const { runtime } = await left()
    const execution = runtime.execution(id)
    const result = execution.result()
    expect(await execution.cancel({ reason: 'gone' })).toEqual({ status: 'cancelled' })
    expect(await result).toMatchObject({ status: 'cancelled', reason: 'gone' })
    expect(await execution.get()).toMatchObject({ status: 'cancelled', cancel: { reason: 'gone' } })
    expect(await execution.cancel()).toEqual({ status: 'already_finished', as: 'cancelled' })
    const ends: string[] = []
    for await (const event of runtime.events({ execution: id, since: 0 })) {
      ends.push(event.type)
      if (event.type === 'execution.cancelled') break
    }
    expect(ends.at(-1)).toBe('execution.cancelled')
  })

  test.each(['waiting', 'running', 'queued'])('one that is %s is paused, and goes on where its entry point is', async (id) => {
    const { runtime, shared } = await left()
    expect(await runtime.execution(id).pause()).toMatchObject({ status: 'paused' })
    expect(await runtime.execution(id).pause()).toMatchObject({ status: 'already_paused' })
    await runtime.stop()
    const again = await begin({ store: shared.connect(), entryPoints: [doors, slow], shutdownTimeout: 100 })
    expect(await again.execution(id).resume()).toMatchObject({ status: 'resumed' })
    expect(await again.execution(id).cancel()).toMatchObject({ status: id === 'waiting' ? 'cancelled' : 'cancelled' })
  })

  test('a cancel that compensates is left to a process that runs it', async () => {
    const { runtime, shared } = await left()
    const other = await begin({ store: shared.connect(), entryPoints: [doors], pollInterval: 1 })
    expect(await runtime.execution('waiting').cancel()).toEqual({ status: 'cancelled' })
    expect(await other.execution('waiting').get()).toMatchObject({ value: 'open' })
  })

  test('a cancel that compensates is carried out if nobody has read of it for as long as a lease lasts', async () => {
    const { runtime, shared } = await left()
    await begin({ store: shared.connect(), entryPoints: [gates], pollInterval: 1 })
    expect(await runtime.execution('waiting').cancel({ timeout: 1 })).toEqual({ status: 'cancelling' })
    expect(await runtime.execution('waiting').result()).toMatchObject({ status: 'cancelled' })
  })
})
