/** The example of `every` and `on`: a folder is measured at each tick, and each measurement past the limit is told once. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folderWatch, grown, type Grown } from '../../examples/folder-watch/folder-watch.js'
import type { Runtime } from '../../src/index.js'
import { SimulatedClock } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { eventually } from '../support/eventually.js'
import { fastFolder, places } from '../support/store-place.js'
import { temporaryFolder } from '../support/temporary-folder.js'

describe.each(places)('on %s', (_, place) => {
  test('it is measured at each tick, and who is to hear of it hears of each time once, over a restart', async () => {
    const folder = temporaryFolder(fastFolder)
    const clock = new SimulatedClock()
    const told: { bytes: number; key: string }[] = []
    const shared = place()
    let runtime: Runtime
    const entryPoints = folderWatch({
      folder,
      limit: 100,
      interval: 60_000,
      publish: (...event) => runtime.publish(...event),
      warn: async ({ bytes }, key) => void told.push({ bytes, key }),
    })
    const measured = async () => (await runtime.executions({ entryPoint: 'measure', status: 'completed' })).executions
    const restart = async () => {
      await runtime?.stop()
      runtime = await begin({ store: shared.connect(), entryPoints, clock })
    }

    writeFileSync(join(folder, 'small'), 'x'.repeat(100))
    await restart()
    await eventually('the first measurement', async () => (await measured()).length === 1)
    expect((await measured())[0]?.output).toBe(100)

    writeFileSync(join(folder, 'more'), 'x'.repeat(23))
    await clock.advance(60_000)
    await eventually('the warning', () => told.length === 1)
    await restart()
    await clock.advance(60_000)
    await eventually('the second warning', () => told.length === 2)

    expect(told.map(({ bytes }) => bytes)).toEqual([123, 123])
    expect(new Set(told.map(({ key }) => key)).size).toBe(2)
    const published: Grown[] = []
    for await (const { data } of runtime!.events({ type: grown, since: 0 })) if (published.push(data as Grown) === 2) break
    expect(published).toEqual([
      { folder, bytes: 123 },
      { folder, bytes: 123 },
    ])
    expect((await measured()).length).toBe(3)
  })
})
