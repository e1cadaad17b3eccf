/** Streams that crash, and what their supervisor does. */
import { describe, expect, onTestFinished, test } from 'vitest'
import type { InspectionEvent } from 'xstate'
import { defineEntryPoint, type Supervision } from '../../src/index.js'
import { createTestRuntime } from '../../src/testing/index.js'
import { ends } from '../support/journal.js'
import { worker } from '../support/programs.js'

const ids = ['one', 'two', 'three'] as const
type Id = (typeof ids)[number]

async function three(supervision: Supervision = {}, restart: 'permanent' | 'transient' | 'temporary' = 'permanent') {
  const program = worker()
  const entryPoints = ids.map((id) => defineEntryPoint({ id, program, maxConcurrent: 1, restart }))
  const refs: InspectionEvent['actorRef'][] = []
  const inspect = (event: InspectionEvent) => {
    if (event.type === '@xstate.actor') refs.push(event.actorRef)
  }
  const world = createTestRuntime({ entryPoints, supervision, inspect })
  onTestFinished(() => world.stop())
  const step = world.hold('step', { heedsSignal: false })
  /** One execution that runs and one that is queued, on each stream. */
  const load = async () => {
    const all = []
    for (const id of ids) for (const n of ['r', 'q']) all.push(await world.trigger(id, { label: `${id}-${n}` }))
    for (const id of ids) await step.startedWith(`${id}-r.1`)
    return all
  }
  /** Ends the stream's actor as an error, as a bug in it would. */
  const crash = async (id: Id) => {
    const ref = refs.findLast((each) => (each as unknown as { id: string }).id === id) as unknown as { send(event: object): void }
    ref.send({ type: 'stream.crash', error: new Error(`a bug in ${id}`) })
    await world.settle()
  }
  const backOff = () => world.advance(20_000)
  const finish = async (all: Awaited<ReturnType<typeof load>>) => {
    world.mock('step', ({ input }) => `${input} done`)
    for (const call of step.calls) call.resolve(`${call.input} done`)
    for (const each of all) {
      expect(await each.result()).toMatchObject({ status: 'completed' })
      expect(await ends(world.store, each.id)).toEqual(['completed'])
    }
  }
  const starts = () => ids.map((id) => step.callsWith(`${id}-r.1`).length)
  return { world, load, crash, backOff, finish, starts }
}

describe('a stream that crashes', () => {
  test('one_for_one: it alone is started again, its queue survives, and the others never notice', async () => {
    const { load, crash, backOff, finish, starts, world } = await three()
    const all = await load()
    await crash('two')
    await backOff()
    expect(starts()).toEqual([1, 2, 1])
    const another = await world.trigger('two', { label: 'two-q' })
    await finish([...all, another])
  })

  test('one_for_all: all streams are started again', async () => {
    const { load, crash, backOff, finish, starts } = await three({ strategy: 'one_for_all' })
    const all = await load()
    await crash('two')
    await backOff()
    expect(starts()).toEqual([2, 2, 2])
    await finish(all)
  })

  test('rest_for_one: it and those defined after it are started again', async () => {
    const { load, crash, backOff, finish, starts } = await three({ strategy: 'rest_for_one' })
    const all = await load()
    await crash('two')
    await backOff()
    expect(starts()).toEqual([1, 2, 2])
    await finish(all)
  })

  test('while it backs off its triggers are refused and may be tried again, and those of the others work', async () => {
    const { load, crash, backOff, finish, world } = await three()
    const all = await load()
    await crash('two')
    await expect(world.trigger('two', { label: 'x' })).rejects.toMatchObject({ code: 'stream_down', retryable: true })
    await world.trigger('one', { label: 'one-q' })
    await backOff()
    await finish(all)
  })

  test('past the intensity the supervisor stops and says why, and everything goes on in the next runtime', async () => {
    const { load, crash, backOff, finish, world } = await three({ intensity: 1, period: 1_000_000 })
    const all = await load()
    await crash('two')
    await backOff()
    await crash('two')
    expect(world.actor.getSnapshot()).not.toMatchObject({ status: 'active' })
    expect(JSON.stringify(world.actor.getSnapshot())).toContain('a bug in two')
    await expect(world.trigger('one', { label: 'x' })).rejects.toMatchObject({
      code: 'already_stopped',
      cause: { message: 'a bug in two' },
    })
    await world.restart()
    await finish(all)
  })

  test('crashes further apart than the period never end the supervisor', async () => {
    const { load, crash, backOff, finish, world } = await three({ intensity: 1, period: 10_000 })
    const all = await load()
    for (const _each of [1, 2, 3]) {
      await crash('two')
      await backOff()
      await world.advance(10_000)
    }
    await finish(all)
  })

  test('a temporary stream stays ended, and what it held goes on in the next runtime', async () => {
    const { load, crash, backOff, finish, starts, world } = await three({}, 'temporary')
    const all = await load()
    await crash('two')
    await backOff()
    expect(starts()).toEqual([1, 1, 1])
    await expect(world.trigger('two', { label: 'x' })).rejects.toMatchObject({
      code: 'stream_down',
      retryable: false,
      details: { entryPoint: 'two' },
    })
    await world.stop()
    await world.restart()
    await finish(all)
  })

  test('a transient stream is started again after an error', async () => {
    const { load, crash, backOff, finish, starts } = await three({}, 'transient')
    const all = await load()
    await crash('three')
    await backOff()
    expect(starts()).toEqual([1, 1, 2])
    await finish(all)
  })
})
