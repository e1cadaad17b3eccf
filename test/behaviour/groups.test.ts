/** Groups of entry points: one name for many, in ids, commands, lists, events and triggers. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { fromPromise, setup } from 'xstate'
import { createClient, defineEntryPoint, defineGroup, fromExecution, isStatewardError } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { createTestRuntime } from '../../src/testing/index.js'
import { on } from '../../src/triggers.js'
import { begin } from '../support/begin.js'
import { places } from '../support/store-place.js'
import { StepsInFlight } from '../support/steps-in-flight.js'

const quick = <const TId extends string>(id: TId) => defineEntryPoint({ id, program: fromPromise(async () => `${id} is done`) })

const codeOf = (run: () => unknown) => {
  try {
    run()
    return 'no error'
  } catch (error) {
    return isStatewardError(error) ? error.code : error
  }
}

const waits = defineEntryPoint({
  id: 'waits',
  program: setup({}).createMachine({
    id: 'waits',
    initial: 'here',
    states: { here: { on: { GO: 'there' } }, there: { type: 'final' } },
  }),
})

/** Parents start a child of the same group. */
const parent = defineEntryPoint({
  id: 'parent',
  program: setup({ actors: { child: fromExecution('billing/work') } }).createMachine({
    id: 'parent',
    initial: 'asks',
    states: {
      asks: { invoke: { src: 'child', input: () => 'child', onDone: 'done', onError: 'failed' } },
      done: { type: 'final' },
      failed: {},
    },
  }),
})

describe.each(places)('on a %s store', (_, place) => {
  test('the name of the group is a part of the id, for calls, lists, events and events to many', async () => {
    const store = place().open()
    const runtime = await begin({
      store,
      entryPoints: [...defineGroup('billing', [quick('invoices'), waits]), ...defineGroup('shipping', [waits]), quick('plain')],
    })
    expect(runtime.entryPoints.map(({ id, group }) => [id, group])).toEqual([
      ['billing/invoices', 'billing'],
      ['billing/waits', 'billing'],
      ['shipping/waits', 'shipping'],
      ['plain', null],
    ])
    const invoice = await runtime.trigger('billing/invoices')
    expect(await invoice.result()).toEqual({ status: 'completed', output: 'invoices is done' })
    const mine = await runtime.trigger('billing/waits', undefined, { sessionId: 'ann' })
    const other = await runtime.trigger('shipping/waits', undefined, { sessionId: 'ann' })
    await (await runtime.trigger('plain')).result()
    const listed = await runtime.executions({ group: 'billing' })
    expect(listed.executions.map(({ id }) => id)).toEqual([mine.id, invoice.id])
    expect((await runtime.executions({ group: 'billing', status: 'waiting' })).executions.map(({ id }) => id)).toEqual([mine.id])
    expect((await runtime.executions({ group: 'bill' })).executions).toEqual([])
    expect((await invoice.get()) as object).toMatchObject({ entryPoint: 'billing/invoices', program: { id: 'billing/invoices' } })
    expect(await runtime.send({ sessionId: 'ann', group: 'billing' }, { type: 'GO' })).toEqual({ delivered: 1 })
    expect(await mine.result()).toMatchObject({ status: 'completed' })
    expect(await other.get()).toMatchObject({ status: 'waiting' })
    const seen = new Set<string>()
    const over = new AbortController()
    for await (const { entryPoint, type } of runtime.events({ group: 'shipping', since: 0, signal: over.signal })) {
      seen.add(String(entryPoint))
      if (type === 'execution.waiting') over.abort()
    }
    expect([...seen]).toEqual(['shipping/waits'])
  })

  test('a command to a group is for all its executions, in every process, and for no others', async () => {
    const at = place()
    const group = defineGroup('billing', [waits, quick('invoices')])
    const one = await begin({ store: at.connect(), entryPoints: [...group, waits] })
    const client = createClient({ store: at.connect(), entryPoints: group, pollInterval: 5 })
    onTestFinished(() => client.close())
    const inGroup = await one.trigger('billing/waits')
    const outside = await one.trigger('waits')
    expect(await client.group('billing').pause({ reason: 'audit' })).toEqual({ paused: 1 })
    expect(await inGroup.get()).toMatchObject({ status: 'paused', pause: { scope: 'group', reason: 'audit' } })
    expect(await outside.get()).toMatchObject({ status: 'waiting' })
    const late = await client.trigger('billing/invoices')
    expect(await one.group('billing').resume()).toMatchObject({ resumed: 1 })
    expect(await late.result()).toMatchObject({ status: 'completed' })
    expect(await one.group('billing').cancel()).toEqual({ cancelled: 1 })
    expect(await inGroup.result()).toMatchObject({ status: 'cancelled', scope: 'group' })
    expect(await outside.get()).toMatchObject({ status: 'waiting' })
  })

  test('a group is added and removed as a whole; a pause of its streams is kept meanwhile', async () => {
    const runtime = await begin({ store: place().open(), entryPoints: [waits] })
    const group = defineGroup('billing', [waits, quick('invoices')])
    const added = await runtime.add(group)
    await added.pause()
    const held = await added.trigger('billing/invoices')
    expect(await runtime.remove({ group: 'billing' })).toEqual({
      status: 'removed',
      entryPoints: ['billing/waits', 'billing/invoices'],
      drained: true,
    })
    expect(await runtime.remove({ group: 'billing' })).toEqual({ status: 'not_found' })
    expect(codeOf(() => runtime.group('billing'))).toBe('unknown_entry_point')
    const others = defineGroup('others', [quick('a'), quick('b')])
    await runtime.add(others)
    expect(() => runtime.group('billing')).toThrow(expect.objectContaining({ details: { group: 'billing', known: ['others'] } }))
    await runtime.remove({ group: 'others' })
    await runtime.add(group)
    const again = await added.trigger('billing/invoices')
    expect(await held.get()).toMatchObject({ status: 'queued' })
    await runtime.group('billing').resume()
    expect(await held.result()).toMatchObject({ status: 'completed' })
    expect(await again.result()).toMatchObject({ status: 'completed' })
  })
})

describe('what belongs together', () => {
  test('drains together: a parent of the group still gets its child, others get none', async () => {
    const flights = new StepsInFlight()
    const work = defineEntryPoint({ id: 'work', program: flights.step })
    const runtime = await begin({
      store: memoryStore(),
      entryPoints: [...defineGroup('billing', [work, { ...parent, maxConcurrent: 1 }]), { ...parent, id: 'outside' as const }],
    })
    const first = await runtime.trigger('billing/parent')
    const second = await runtime.trigger('billing/parent')
    await flights.started('child')
    const removal = runtime.remove({ group: 'billing' }, { drain: true })
    const refused = await runtime.trigger('outside')
    const failed = await refused.waitFor({ state: 'failed' })
    expect(failed).toMatchObject({ status: 'reached' })
    flights.free.add('child')
    flights.all[0]?.end()
    expect(await removal).toMatchObject({ status: 'removed', drained: true })
    expect(await first.result()).toMatchObject({ status: 'completed' })
    expect(await second.result()).toMatchObject({ status: 'completed' })
  })

  test('a cancel of the group that reaches the child first does not fail its parent', async () => {
    const flights = new StepsInFlight()
    flights.heeds = true
    const work = defineEntryPoint({ id: 'work', program: flights.step })
    const runtime = await begin({ store: memoryStore(), entryPoints: defineGroup('billing', [work, parent]) })
    const execution = await runtime.trigger('billing/parent')
    await flights.started('child')
    expect(await runtime.group('billing').cancel()).toMatchObject({ cancelled: 2 })
    expect(await execution.result()).toMatchObject({ status: 'cancelled' })
  })

  test('a parent whose child was removed waits for it, also when it is restarted, and gets its output', async () => {
    const world = createTestRuntime({ entryPoints: [{ ...parent, id: 'outside' as const }] })
    onTestFinished(() => world.stop())
    const work = defineEntryPoint({ id: 'work', program: fromPromise(async ({ input }: { input: string }) => input) })
    const group = defineGroup('billing', [work])
    await world.add(group)
    const held = world.hold('billing/work' as never)
    const execution = await world.trigger('outside')
    await held.started()
    await world.remove({ group: 'billing' })
    world.crash()
    await world.restart()
    await world.settle()
    expect(await execution.get()).toMatchObject({ status: 'running' })
    await world.add(group)
    const again = await held.started(2)
    again.resolve('done' as never)
    expect(await execution.result()).toMatchObject({ status: 'completed' })
  })

  test('an on trigger hears of a group alone', async () => {
    const heard: string[] = []
    const listens = defineEntryPoint({
      id: 'listens',
      program: fromPromise(async ({ input }: { input: string }) => void heard.push(input)),
      trigger: on('execution.completed', { group: 'billing', input: ({ entryPoint }) => String(entryPoint) }),
    })
    const runtime = await begin({
      store: memoryStore(),
      entryPoints: [listens, quick('invoices'), ...defineGroup('billing', [quick('invoices')])],
    })
    const since = { since: 0 }
    await (await runtime.trigger('invoices')).result()
    await (await runtime.trigger('billing/invoices')).result()
    await runtime.waitFor({ type: 'execution.completed', entryPoint: 'listens' }, since)
    expect(heard).toEqual(['billing/invoices'])
  })
})

test('a definition that is no group is refused, with the place', () => {
  const group = defineGroup('billing', [quick('invoices')])
  expect(codeOf(() => defineGroup('a/b' as 'a', [quick('x')]))).toBe('invalid_definition')
  expect(codeOf(() => defineGroup('', [quick('x')]))).toBe('invalid_definition')
  expect(codeOf(() => defineGroup('a', []))).toBe('invalid_definition')
  expect(codeOf(() => defineGroup('a', group))).toBe('invalid_definition')
  expect(codeOf(() => defineGroup('a', [quick('x'), quick('x')]))).toBe('duplicate_entry_point')
  expect(codeOf(() => defineGroup('a', [{}] as never))).toBe('invalid_definition')
  expect(JSON.stringify(group)).toBe(
    '[{"id":"billing/invoices","programId":"billing/invoices","version":"1","trigger":"manual"}]',
  )
})
