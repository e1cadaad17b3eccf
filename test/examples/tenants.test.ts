/** The examples of flow control: imports by tenant, mails by a rate, previews of the last version. */
import { describe, expect, test } from 'vitest'
import { imports } from '../../examples/tenants/imports.js'
import { mailsBy } from '../../examples/tenants/mails.js'
import { previewsBy } from '../../examples/tenants/previews.js'
import { SimulatedClock } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { turns } from '../support/eventually.js'
import { places } from '../support/store-place.js'

describe.each(places)('on %s', (_, place) => {
  test('a tenant with one file waits for no backlog of another', async () => {
    const runtime = await begin({ store: place().connect(), entryPoints: [imports] })
    const crowd = await Promise.all(
      Array.from({ length: 60 }, () => runtime.trigger('imports', { tenant: 'crowd', rows: ['a', 'b'] })),
    )
    const small = await runtime.trigger('imports', { tenant: 'small', rows: ['c'] })
    expect(await small.result()).toEqual({ status: 'completed', output: 1 })
    const { executions } = await runtime.executions({ status: 'queued', limit: 100 })
    expect(executions.length).toBeGreaterThan(20)
    for (const handle of crowd) expect(await handle.result()).toEqual({ status: 'completed', output: 2 })
  })

  test('five mails go out in a second, from two processes together', async () => {
    const shared = place()
    const clock = new SimulatedClock()
    const sent: string[] = []
    const entryPoints = [mailsBy(async ({ to }) => void sent.push(to))] as const
    const [one, two] = [
      await begin({ store: shared.connect(), clock, id: 'one', entryPoints, pollInterval: 100 }),
      await begin({ store: shared.connect(), clock, id: 'two', entryPoints, pollInterval: 100 }),
    ]
    for (let n = 0; n < 7; n++) await (n % 2 === 0 ? one : two).trigger('mails', { to: `${n}`, text: 'Hello.' })
    const pass = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 100) {
        await clock.advance(100, () => turns(12))
        await turns(12)
      }
    }
    await pass(900)
    expect(sent).toHaveLength(5)
    await pass(400)
    expect(new Set(sent).size).toBe(7)
  })

  test('of three versions the last one gets its preview', async () => {
    const rendered: number[] = []
    let finish = () => undefined as void
    const previews = previewsBy(async ({ page, version }, signal) => {
      await new Promise<void>((resolve, reject) => {
        if (version === 3) finish = resolve
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
      })
      rendered.push(version)
      return `/${page}/${version}`
    })
    const runtime = await begin({ store: place().connect(), entryPoints: [previews] })
    const handles = []
    for (const version of [1, 2, 3]) handles.push(await runtime.trigger('previews', { page: 'home', version }))
    const [first, second, third] = handles
    expect(await first?.result()).toMatchObject({ status: 'cancelled', reason: 'replaced' })
    expect(await second?.result()).toMatchObject({ status: 'cancelled', reason: 'replaced' })
    const result = third?.result()
    while ((await third?.get())?.status !== 'running') await turns(2)
    await turns(10)
    finish()
    expect(await result).toEqual({ status: 'completed', output: '/home/3' })
    expect(rendered).toEqual([3])
  })
})
