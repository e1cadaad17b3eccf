/** Attacks on conservation: slots while commits are slow, and while executions compensate. */
import { describe, expect, test } from 'vitest'
import { fromPromise, setup } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { faultyStore } from '../../src/testing/store/faulty-store.js'
import { worker } from '../support/programs.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'

const compensating = (flights: StepsInFlight) =>
  setup({
    types: { input: {} as { label: string }, context: {} as { label: string }, events: {} as { type: 'UNDO' } | { type: 'GO' } },
    actors: { step: flights.step },
  }).createMachine({
    id: 'compensating',
    context: ({ input }) => input,
    initial: 'open',
    states: {
      open: { on: { UNDO: 'undoing', GO: 'working' } },
      working: { on: { UNDO: 'undoing' }, invoke: { src: 'step', input: ({ context }) => context.label, onDone: 'done' } },
      undoing: { after: { 100: 'refunding' } },
      refunding: { invoke: { src: 'step', input: ({ context }) => `${context.label}.undo`, onDone: 'done' } },
      done: { type: 'final' },
    },
  })

describe('slots', () => {
  test('an attempt that is due before the back-off is durable keeps its slot, and no other takes it', async () => {
    const flights = new StepsInFlight()
    const clock = new SimulatedClock()
    const store = faultyStore(memoryStore())
    const retry = { maxAttempts: 3, backoff: { initial: 10, jitter: 'none' } } as const
    const work = defineEntryPoint({ id: 'work', program: worker(flights), maxConcurrent: 1, retry })
    const runtime = await begin({ store, clock, entryPoints: [work] })
    await runtime.trigger('work', { label: 'a' })
    await runtime.trigger('work', { label: 'b' })
    const first = await flights.started('a.1')
    store.inject({ kind: 'hang', call: 'commit', when: 'after' })
    first.fail()
    await eventually('the back-off to be on its way', () => store.waiting === 1)
    await clock.advance(10)
    store.heal()
    await turns()
    const running = flights.all.filter(({ label }) => label === 'a.1' || label === 'b.1').length - 1
    expect(running).toBe(1)
  })

  test('the steps of a compensation wait for a slot, in memory as well', async () => {
    const flights = new StepsInFlight()
    const clock = new SimulatedClock()
    const program = compensating(flights)
    const work = defineEntryPoint({ id: 'work', program, maxConcurrent: 1, cancelEvent: { type: 'UNDO' } })
    const runtime = await begin({ store: memoryStore(), clock, entryPoints: [work] })
    const waiting = await runtime.trigger('work', { label: 'a' })
    await eventually('a to wait', async () => ((await waiting.get()) as { status: string }).status === 'waiting')
    const other = await runtime.trigger('work', { label: 'b' })
    await other.send({ type: 'GO' })
    const step = await flights.started('b')
    const cancelled = waiting.cancel()
    await turns()
    await clock.advance(100, turns)
    await turns()
    expect(flights.of('a.undo')).toEqual([])
    step.end()
    const undo = await flights.started('a.undo')
    undo.end()
    expect(await cancelled).toEqual({ status: 'cancelled' })
  })

  test('the timers of a compensation run, also if it was queued for a step before', async () => {
    const flights = new StepsInFlight()
    const clock = new SimulatedClock()
    const program = compensating(flights)
    const work = defineEntryPoint({ id: 'work', program, maxConcurrent: 1, cancelEvent: { type: 'UNDO' } })
    const runtime = await begin({ store: memoryStore(), clock, entryPoints: [work] })
    const queued = await runtime.trigger('work', { label: 'a' })
    await eventually('a to wait', async () => ((await queued.get()) as { status: string }).status === 'waiting')
    const other = await runtime.trigger('work', { label: 'b' })
    await other.send({ type: 'GO' })
    const step = await flights.started('b')
    await queued.send({ type: 'GO' })
    expect(await queued.get()).toMatchObject({ status: 'queued' })
    const cancelled = queued.cancel()
    await turns()
    await clock.advance(100, turns)
    step.end()
    const undo = await flights.started('a.undo')
    undo.end()
    expect(await cancelled).toEqual({ status: 'cancelled' })
  })

  test('a cancel while a pause now waits for a deaf step compensates', async () => {
    const clock = new SimulatedClock()
    const undone: string[] = []
    const program = setup({
      types: { events: {} as { type: 'UNDO' } },
      actors: {
        deaf: fromPromise(() => new Promise<void>(() => undefined)),
        undo: fromPromise(async () => void undone.push('undone')),
      },
    }).createMachine({
      id: 'deaf',
      initial: 'working',
      states: {
        working: { invoke: { src: 'deaf' }, on: { UNDO: 'undoing' } },
        undoing: { invoke: { src: 'undo', onDone: 'done' } },
        done: { type: 'final' },
      },
    })
    const work = defineEntryPoint({ id: 'work', program, cancelEvent: { type: 'UNDO' } })
    const runtime = await begin({ store: memoryStore(), clock, entryPoints: [work] })
    const execution = await runtime.trigger('work')
    await eventually('it to run', async () => ((await execution.get()) as { status: string }).status === 'running')
    await turns()
    const paused = execution.pause({ mode: 'now' })
    await eventually('it to pause', async () => ((await execution.get()) as { status: string }).status === 'pausing')
    await turns()
    const cancelled = execution.cancel()
    await turns()
    await clock.advance(60_000, turns)
    expect(await cancelled).toEqual({ status: 'cancelled' })
    expect(undone).toEqual(['undone'])
    expect(await paused).toEqual({ status: 'already_finished', as: 'cancelled' })
  })
})
