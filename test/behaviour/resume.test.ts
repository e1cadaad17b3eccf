/** Resume and recovery. */
import { describe, expect, test } from 'vitest'
import { defineEntryPoint } from '../../src/index.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { ends, journal } from '../support/journal.js'
import { approval, worker } from '../support/programs.js'
import { memoryPlace, places } from '../support/store-place.js'

const note = (text: string) => ({ type: 'NOTE', text }) as const

describe.each(places)('on %s', (_, place) => {
  function shop() {
    const flights = new StepsInFlight()
    const shared = place()
    return { flights, shared, work: defineEntryPoint({ id: 'work', program: worker(flights), maxConcurrent: 2 }) }
  }

  test('a resumed execution goes from paused to running to its end in the record, under its own id', async () => {
    const { flights, shared, work } = shop()
    const store = shared.connect()
    const runtime = await begin({ store, entryPoints: [work] })
    const execution = await runtime.trigger('work', { label: 'a' })
    const paused = execution.pause()
    ;(await flights.started('a.1')).end()
    await paused
    await execution.resume({ reason: 'back', actor: 'ann' })
    expect(await execution.get()).toMatchObject({ status: 'running', pause: null, endedAt: null })
    ;(await flights.started('a.2')).end()
    await execution.result()
    const record = await execution.get()
    expect(record).toMatchObject({ status: 'completed', id: execution.id })
    expect((record as { endedAt: number | null }).endedAt).not.toBeNull()
    const events = await store.events({ since: 0, execution: execution.id, limit: 100 })
    const resumed = events.find(({ type }) => type === 'execution.resumed')
    expect(resumed).toMatchObject({ executionId: execution.id })
    expect(resumed?.data).toContain('"reason":"back"')
    expect((await runtime.executions()).executions).toHaveLength(1)
  })

  test('an execution that was paused here is resumed in another runtime, from the last commit', async () => {
    const { flights, shared, work } = shop()
    const first = await begin({ store: shared.connect(), entryPoints: [work] })
    const { id } = await first.trigger('work', { label: 'a' })
    const paused = first.execution(id).pause()
    ;(await flights.started('a.1')).end('one')
    await paused
    const second = await begin({ store: shared.connect(), entryPoints: [work] })
    expect(await second.execution(id).resume()).toMatchObject({ status: 'resumed' })
    ;(await flights.started('a.2')).end('two')
    const output = { results: ['one', 'two'], notes: [] }
    expect(await second.execution(id).result()).toEqual({ status: 'completed', output })
    expect(await first.execution(id).result()).toEqual({ status: 'completed', output })
    expect(flights.of('a.1')).toHaveLength(1)
  })

  test('a pause survives stop and start, and is not resumed by them', async () => {
    const { flights, shared, work } = shop()
    const first = await begin({ store: shared.connect(), entryPoints: [work] })
    const { id } = await first.trigger('work', { label: 'a' })
    const paused = first.execution(id).pause({ reason: 'audit' })
    ;(await flights.started('a.1')).end()
    await paused
    await first.stop()
    const second = await begin({ store: shared.connect(), entryPoints: [work] })
    await turns()
    expect(await second.execution(id).get()).toMatchObject({ status: 'paused', pause: { reason: 'audit' } })
    expect(flights.of('a.2')).toEqual([])
  })

  test('resume with events delivers them first, in their order', async () => {
    const entry = defineEntryPoint({ id: 'approval', program: approval })
    const runtime = await begin({ store: place().connect(), entryPoints: [entry] })
    const execution = await runtime.trigger('approval')
    await execution.pause()
    await execution.resume({ events: [note('1'), note('2'), { type: 'APPROVE' }] })
    expect(await execution.result()).toMatchObject({ output: { notes: ['1', '2'] } })
  })

  test('accepted executions outlive a crash: queued ones start in their order, running ones go on', async () => {
    const { flights, shared, work } = shop()
    const store = shared.connect()
    const first = await begin({ store, entryPoints: [work] })
    const ids: string[] = []
    for (const label of ['a', 'b', 'c', 'd', 'e']) ids.push((await first.trigger('work', { label })).id)
    ;(await flights.started('a.1')).end('one')
    await flights.started('a.2')
    await flights.started('b.1')
    store.cut()
    const second = await begin({ store: shared.connect(), entryPoints: [work] })
    // a goes on with its second step, b runs the step again that was in flight
    ;(await flights.started('a.2', 2)).end('two')
    const again = await flights.started('b.1', 2)
    for (const label of ['b', 'c', 'd', 'e']) for (const n of [1, 2]) flights.free.add(`${label}.${n}`)
    again.end()
    for (const id of ids) expect(await second.execution(id).result()).toMatchObject({ status: 'completed' })
    expect(flights.of('a.1')).toHaveLength(1)
    const firsts = flights.all.filter(({ label }) => /[cde]\.1/.test(label)).map(({ label }) => label)
    expect(firsts).toEqual(['c.1', 'd.1', 'e.1'])
    expect(await second.execution(ids[0] as string).get()).toMatchObject({ context: { results: ['one', 'two'] } })
  })

  test('a half-done pause and a half-done cancel are finished by the next runtime', async () => {
    const { flights, shared, work } = shop()
    const store = shared.connect()
    const first = await begin({ store, entryPoints: [work] })
    const [pausing, cancelling] = [await first.trigger('work', { label: 'a' }), await first.trigger('work', { label: 'b' })]
    await flights.started('a.1')
    const step = await flights.started('b.1')
    void pausing.pause().catch(() => undefined)
    void cancelling.cancel({ reason: 'enough' }).catch(() => undefined)
    await eventually('the signal', () => step.signal.aborted)
    await eventually('pausing', async () => (await store.load(pausing.id))?.status === 'pausing')
    store.cut()
    const after = shared.connect()
    const second = await begin({ store: after, entryPoints: [work] })
    expect(await second.execution(cancelling.id).result()).toMatchObject({ status: 'cancelled', reason: 'enough' })
    await eventually('paused', async () => (await second.execution(pausing.id).get()).status === 'paused')
    expect(await ends(after, cancelling.id)).toEqual(['cancelled'])
    expect(flights.all).toHaveLength(2)
  })

  test('what a live owner holds is never touched by another runtime that starts', async () => {
    const { flights, shared, work } = shop()
    const store = shared.connect()
    const first = await begin({ store, entryPoints: [work] })
    const execution = await first.trigger('work', { label: 'a' })
    const step = await flights.started('a.1')
    const before = await store.load(execution.id)
    const second = await begin({ store: shared.connect(), entryPoints: [work] })
    await turns()
    expect(await store.load(execution.id)).toEqual(before)
    expect(flights.of('a.1')).toHaveLength(1)
    flights.free.add('a.2')
    step.end()
    expect(await second.execution(execution.id).result()).toMatchObject({ status: 'completed' })
    expect(await journal(store, execution.id)).not.toContain('recovered')
  })

  test('commands from another runtime reach the one that holds the execution', async () => {
    const { flights, shared, work } = shop()
    flights.heeds = true
    const first = await begin({ store: shared.connect(), entryPoints: [work] })
    const second = await begin({ store: shared.connect(), entryPoints: [work] })
    const execution = await first.trigger('work', { label: 'a' })
    await flights.started('a.1')
    const far = second.execution(execution.id)
    expect(await far.pause({ mode: 'now', reason: 'from afar' })).toMatchObject({ status: 'paused' })
    expect(await execution.get()).toMatchObject({ status: 'paused', pause: { reason: 'from afar' } })
    await execution.resume()
    await flights.started('a.1', 2)
    expect(await far.cancel()).toMatchObject({ status: 'cancelled' })
    expect(await far.cancel()).toEqual({ status: 'already_finished', as: 'cancelled' })
    expect(await execution.result()).toMatchObject({ status: 'cancelled' })
  })

  test('an execution that brings its process down more than maxRecoveries times is paused with recovery_limit, and goes on when it is resumed', async () => {
    const { flights, shared } = shop()
    const work = defineEntryPoint({ id: 'work', program: worker(flights), maxRecoveries: 2 })
    let store = shared.connect()
    let runtime = await begin({ store, entryPoints: [work] })
    const { id } = await runtime.trigger('work', { label: 'a' })
    for (const nth of [1, 2, 3]) {
      await flights.started('a.1', nth)
      store.cut()
      store = shared.connect()
      runtime = await begin({ store, entryPoints: [work] })
    }
    const execution = runtime.execution(id)
    await eventually('it to be paused', async () => (await execution.get()).status === 'paused')
    expect(await execution.get()).toMatchObject({ error: { code: 'recovery_limit' }, pause: { reason: 'recovery_limit' } })
    expect(flights.of('a.1')).toHaveLength(3)
    expect(await execution.resume()).toMatchObject({ status: 'resumed' })
    ;(await flights.started('a.1', 4)).end()
    ;(await flights.started('a.2')).end()
    expect(await execution.result()).toMatchObject({ status: 'completed' })
    expect(await execution.get()).toMatchObject({ recoveries: 0 })
    expect(await ends(store, id)).toEqual(['completed'])
  })
})

describe('resume is checked', () => {
  test('an unknown id is not_found, a finished one already_finished, a running one already_running', async () => {
    const flights = new StepsInFlight()
    const store = memoryPlace().connect()
    const runtime = await begin({ store, entryPoints: [defineEntryPoint({ id: 'work', program: worker(flights) })] })
    expect(await runtime.execution('nobody').resume()).toEqual({ status: 'not_found' })
    const execution = await runtime.trigger('work', { label: 'a' })
    const step = await flights.started('a.1')
    const before = await store.load(execution.id)
    expect(await execution.resume()).toEqual({ status: 'already_running' })
    expect(await store.load(execution.id)).toEqual(before)
    flights.free.add('a.2')
    step.end()
    await execution.result()
    const done = await store.load(execution.id)
    expect(await execution.resume()).toEqual({ status: 'already_finished', as: 'completed' })
    expect(await store.load(execution.id)).toEqual(done)
  })

  test('events with a resume that can not be delivered are refused before anything starts', async () => {
    const entry = defineEntryPoint({ id: 'approval', program: approval })
    const store = memoryPlace().connect()
    const runtime = await begin({ store, entryPoints: [entry] })
    const execution = await runtime.trigger('approval')
    await execution.pause()
    const forged = { events: [note('fine'), { type: 'xstate.done.actor.x' }] }
    await expect(execution.resume(forged)).rejects.toMatchObject({ code: 'invalid_event' })
    expect(await execution.get()).toMatchObject({ status: 'paused' })
    expect(await store.inbox({ execution: execution.id })).toEqual([])
  })

  test('events with a resume of an execution that is not paused are kept from nobody and given to nobody', async () => {
    const entry = defineEntryPoint({ id: 'approval', program: approval })
    const runtime = await begin({ store: memoryPlace().connect(), entryPoints: [entry] })
    const execution = await runtime.trigger('approval')
    await execution.send({ type: 'APPROVE' })
    await execution.result()
    expect(await execution.resume({ events: [note('late')] })).toEqual({ status: 'already_finished', as: 'completed' })
    expect(await execution.get()).toMatchObject({ context: { notes: [] } })
  })
})
