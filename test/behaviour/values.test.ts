/** What goes in and comes out. */
import { describe, expect, test } from 'vitest'
import { fromPromise, setup } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import { begin } from '../support/begin.js'
import { eventually } from '../support/eventually.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { ends } from '../support/journal.js'
import { worker } from '../support/programs.js'
import { memoryPlace, places } from '../support/store-place.js'

class Thing {
  readonly name = 'thing'
}

interface Basket {
  items: string[]
}

describe('aliasing', () => {
  test('what the caller does to its input afterwards changes nothing, queued or running', async () => {
    const seen: Basket[] = []
    const flights = new StepsInFlight()
    const program = setup({
      types: { input: {} as Basket, context: {} as { basket: Basket }, output: {} as Basket },
      actors: { step: flights.step },
    }).createMachine({
      id: 'basket',
      context: ({ input }) => ({ basket: (seen.push(structuredClone(input)), input) }),
      initial: 'packing',
      states: { packing: { invoke: { src: 'step', input: 'pack', onDone: 'done' } }, done: { type: 'final' } },
      output: ({ context }) => context.basket,
    })
    const entry = defineEntryPoint({ id: 'basket', program, maxConcurrent: 1 })
    const runtime = await begin({ store: memoryPlace().connect(), entryPoints: [entry] })
    const inputs: Basket[] = [{ items: ['apple'] }, { items: ['pear'] }]
    const all = []
    for (const input of inputs) {
      all.push(await runtime.trigger('basket', input))
      input.items.push('poison')
    }
    for (const nth of [1, 2]) (await flights.started('pack', nth)).end()
    const outputs = []
    for (const execution of all) outputs.push(await execution.result())
    const clean = [{ items: ['apple'] }, { items: ['pear'] }]
    expect(seen).toEqual(clean)
    expect(outputs).toEqual(clean.map((output) => ({ status: 'completed', output })))
  })

  test('every reader of an output, a record or an event gets its own copy', async () => {
    const entry = defineEntryPoint({ id: 'basket', program: fromPromise(async (): Promise<Basket> => ({ items: ['apple'] })) })
    const runtime = await begin({ store: memoryPlace().connect(), entryPoints: [entry] })
    const execution = await runtime.trigger('basket')
    const waiters = await Promise.all([execution.result(), execution.result(), execution.result()])
    for (const outcome of waiters) {
      expect(outcome).toEqual({ status: 'completed', output: { items: ['apple'] } })
      if (outcome.status === 'completed') outcome.output.items.push('poison')
    }
    const record = await execution.get()
    if ('output' in record) (record.output as Basket).items.push('poison')
    expect(await execution.get()).toMatchObject({ output: { items: ['apple'] } })
    expect(await execution.result()).toEqual({ status: 'completed', output: { items: ['apple'] } })
  })

  test('an event that is changed after it was sent is what it was', async () => {
    const flights = new StepsInFlight()
    const runtime = await begin({
      store: memoryPlace().connect(),
      entryPoints: [defineEntryPoint({ id: 'work', program: worker(flights) })],
    })
    const execution = await runtime.trigger('work', { label: 'a' })
    const event = { type: 'NOTE' as const, text: 'clean' }
    const sent = execution.send(event)
    event.text = 'poison'
    await sent
    expect(await execution.get()).toMatchObject({ context: { notes: ['clean'] } })
  })
})

describe('nothing that can not be written passes in silence', () => {
  const unstorable = [
    ['a function', { deep: [{ call: () => undefined }] }, 'deep[0].call'],
    ['a class instance', { thing: new Thing() }, 'thing'],
    ['a promise', { later: Promise.resolve() }, 'later'],
  ] as const

  test.each(unstorable)('an output with %s fails the execution with not_storable and its path', async (_, output, path) => {
    const store = memoryPlace().connect()
    const runtime = await begin({
      store,
      entryPoints: [defineEntryPoint({ id: 'bad', program: fromPromise(async () => output) })],
    })
    const execution = await runtime.trigger('bad')
    const outcome = await execution.result()
    expect(outcome).toMatchObject({ status: 'failed', error: { code: 'not_storable' } })
    expect(JSON.stringify(outcome)).toContain(path)
    expect(await execution.get()).toMatchObject({ status: 'failed', error: { code: 'not_storable' } })
    expect(await ends(store, execution.id)).toEqual(['failed'])
  })

  test('a store that fails once makes it degraded and then ok again, and no execution is lost', async () => {
    const flights = new StepsInFlight()
    let failures = 0
    let failing = false
    const store = memoryPlace().connect((inner) => ({
      commit: async (batch) => {
        if (!failing) return inner.commit(batch)
        failures++
        throw new Error('disk full')
      },
    }))
    const runtime = await begin({ store, entryPoints: [defineEntryPoint({ id: 'work', program: worker(flights) })] })
    const execution = await runtime.trigger('work', { label: 'a' })
    const step = await flights.started('a.1')
    failing = true
    step.end('one')
    await eventually('the failure', () => failures > 0)
    await eventually('degraded', () => runtime.registry.health.getSnapshot().context.status === 'degraded')
    expect(runtime.registry.health.getSnapshot().context.error).toMatchObject({ code: 'store_failed' })
    await expect(runtime.trigger('work', { label: 'b' })).rejects.toMatchObject({ code: 'store_failed' })
    failing = false
    // taken up again from the last commit: the step that was not written runs again
    ;(await flights.started('a.1', 2)).end('one')
    ;(await flights.started('a.2')).end('two')
    expect(await execution.result()).toMatchObject({ status: 'completed', output: { results: ['one', 'two'] } })
    expect(runtime.registry.health.getSnapshot().context).toEqual({ status: 'ok', error: null })
  })

  test.each(places)('a failure keeps name, message, code, stack and cause of the error (%s)', async (_, place) => {
    const cause = Object.assign(new TypeError('inner'), { code: 'ECONNRESET' })
    const program = fromPromise(async () => {
      throw new RangeError('outer', { cause })
    })
    const runtime = await begin({ store: place().connect(), entryPoints: [defineEntryPoint({ id: 'bad', program })] })
    const outcome = await (await runtime.trigger('bad')).result()
    expect(outcome).toMatchObject({
      status: 'failed',
      error: { name: 'RangeError', message: 'outer', cause: { name: 'TypeError', message: 'inner', code: 'ECONNRESET' } },
    })
    expect(outcome.status === 'failed' && outcome.error.stack).toContain('values.test')
  })

  test('an error whose text speaks of a cancel is a failure all the same', async () => {
    const program = fromPromise(async () => {
      throw new Error('request was cancelled by upstream')
    })
    const runtime = await begin({ store: memoryPlace().connect(), entryPoints: [defineEntryPoint({ id: 'bad', program })] })
    expect(await (await runtime.trigger('bad')).result()).toMatchObject({ status: 'failed' })
  })
})
