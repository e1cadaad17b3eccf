/** What becomes of an execution whose key is taken: it is skipped, or takes the place of those before it. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { createClient } from '../../src/index.js'
import { places } from '../support/store-place.js'
import { tenants } from '../support/tenants.js'

const busy = { status: 'rejected', reason: 'busy' }

describe.each(places)('in %s', (_, place) => {
  test('with skip, one whose key is taken ends as rejected, and its idempotency key stays its own', async () => {
    const { start, pass, order } = tenants(place(), { concurrency: { limit: 1, onBusy: 'skip' } })
    const [a, b] = [await start('a'), await start('b')]
    const first = await a.trigger('x', 1, { idempotencyKey: 'one' })
    const skipped = await b.trigger('x', 2, { idempotencyKey: 'two' })
    const other = await b.trigger('y', 1)
    await pass(75)
    expect(await skipped.result()).toEqual(busy)
    await pass(75)
    expect([(await first.result()).status, (await other.result()).status]).toEqual(['completed', 'completed'])
    // a delivery that comes again is the same one: it was skipped
    const again = await a.trigger('x', 2, { idempotencyKey: 'two' })
    expect(again.id).toBe(skipped.id)
    await a.trigger('x', 3)
    await pass(150)
    expect(order().toSorted()).toEqual(['x1', 'x3', 'y1'])
  })

  test('with skip, one that waits for a slot takes its key as well', async () => {
    const { start, pass, order } = tenants(place(), { concurrency: { limit: 1, onBusy: 'skip' }, maxConcurrent: 1 })
    const { trigger } = await start('a')
    await trigger('x', 1)
    await trigger('y', 1)
    await pass(25)
    const skipped = await trigger('y', 2)
    await pass(25)
    expect(await skipped.result()).toEqual(busy)
    await pass(200)
    expect(order()).toEqual(['x1', 'y1'])
  })

  test('with skip, of many at once in two processes as many run as have a permit, and all others are rejected', async () => {
    const { start, pass, rows } = tenants(place(), { concurrency: { limit: 2, onBusy: 'skip' } })
    const [a, b] = [await start('a'), await start('b')]
    await Promise.all([1, 2, 3, 4, 5].flatMap((n) => [a.trigger('x', n), b.trigger('x', 10 + n)]))
    await pass(75)
    const count = async (status: string) => (await rows()).filter((row) => row.status === status).length
    expect([await count('running'), await count('rejected'), await count('queued')]).toEqual([2, 8, 0])
    await pass(150)
    expect(await count('completed')).toBe(2)
  })

  test('with skip, one that was accepted by a process that died before it was judged is judged by its next owner', async () => {
    const { start, pass } = tenants(place(), { concurrency: { limit: 1, onBusy: 'skip' } })
    const a = await start('a', () => ({ admit: () => new Promise(() => undefined) }))
    const b = await start('b')
    await b.trigger('x', 1, {}, 1_000)
    await pass(25)
    const late = await a.trigger('x', 2)
    a.store.cut()
    await pass(300)
    expect(await b.runtime.execution(late.id).result({ timeout: 0 })).toEqual(busy)
  })

  test('with skip, of what a client has asked for while no worker ran, as many run as have a permit', async () => {
    const shared = place()
    const { start, entryPointOf, clock, pass, rows } = tenants(shared, {
      concurrency: { limit: 1, onBusy: 'skip' },
      maxConcurrent: 1,
    })
    const client = createClient({ store: shared.connect(), clock, entryPoints: [entryPointOf('client')] })
    onTestFinished(() => client.close())
    for (const n of [1, 2, 3, 4]) await client.trigger('work', { tenant: 'x', n }, { priority: n })
    await start('a')
    await pass(300)
    expect((await rows()).map(({ status }) => status).toSorted()).toEqual(['completed', 'rejected', 'rejected', 'rejected'])
  })

  test('with skip, one whose time to start comes while another one waits for a slot is rejected, though it was accepted first', async () => {
    const { start, clock, pass, order } = tenants(place(), { concurrency: { limit: 1, onBusy: 'skip' }, maxConcurrent: 1 })
    const { trigger } = await start('a')
    const later = await trigger('x', 1, { startAt: clock.now() + 100 })
    await trigger('y', 1, {}, 200)
    await pass(25)
    await trigger('x', 2)
    await pass(125)
    expect(await later.result({ timeout: 0 })).toEqual(busy)
    await pass(300)
    expect(order()).toEqual(['y1', 'x2'])
  })

  test('with replace, the one before is cancelled wherever it runs, and the new one starts once that has ended', async () => {
    const { start, pass, order } = tenants(place(), { concurrency: { limit: 1, onBusy: 'replace' } })
    const [a, b] = [await start('a'), await start('b')]
    const first = await a.trigger('x', 1, {}, 5_000)
    await pass(50)
    const second = await b.trigger('x', 2, {}, 5_000)
    await pass(600)
    expect(await first.result()).toMatchObject({ status: 'cancelled', reason: 'replaced', actor: second.id })
    expect(order()).toEqual(['x1', 'x2'])
    const third = await b.trigger('x', 3)
    await pass(250)
    expect(await second.result()).toMatchObject({ status: 'cancelled', reason: 'replaced', actor: third.id })
    expect(order()).toEqual(['x1', 'x2', 'x3'])
    await pass(200)
    expect((await third.result()).status).toBe('completed')
  })

  test('with replace, of many at once the last ones stay, as many as there are permits; those that wait are replaced too', async () => {
    const { start, pass, rows } = tenants(place(), { concurrency: { limit: 2, onBusy: 'replace' } })
    const { trigger, runtime } = await start('a')
    const handles = []
    for (const n of [1, 2, 3, 4, 5]) handles.push(await trigger('x', n, {}, 400))
    await pass(300)
    expect((await rows()).map(({ status }) => status)).toEqual(['running', 'running', 'cancelled', 'cancelled', 'cancelled'])
    await pass(500)
    expect(await Promise.all(handles.map(async ({ id }) => (await runtime.execution(id).get())?.status))).toEqual([
      'cancelled',
      'cancelled',
      'cancelled',
      'completed',
      'completed',
    ])
  })

  test('with replace, a process that dies before it has cancelled the one before leaves that to the next owner', async () => {
    const { start, pass, rows } = tenants(place(), { concurrency: { limit: 1, onBusy: 'replace' } })
    const b = await start('b')
    const a = await start('a', () => ({ query: () => new Promise(() => undefined) }))
    const first = await b.trigger('x', 1, {}, 60_000)
    await pass(50)
    await a.trigger('x', 2)
    await pass(50)
    a.store.cut()
    await pass(600)
    expect(await first.result({ timeout: 0 })).toMatchObject({ status: 'cancelled', reason: 'replaced' })
    expect((await rows()).map(({ status }) => status).toSorted()).toEqual(['cancelled', 'completed'])
  })
})
