/** The example's writer: each line of a log is written once, in order and in batches, also over a crash. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { logWriter } from '../../examples/log-lines/log-writer.js'
import { begin } from '../support/begin.js'
import { fastFolder, places } from '../support/store-place.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const written = (folder: string, service: string) =>
  readFileSync(join(folder, `${service}.log`), 'utf8')
    .trimEnd()
    .split('\n')

describe.each(places)('on %s', (_, place) => {
  test('lines are written in batches, those of each service in their order', async () => {
    const folder = temporaryFolder(fastFolder)
    const runtime = await begin({ store: place().connect(), entryPoints: [logWriter(folder, { size: 4, within: 5_000 })] })
    const all = await Promise.all(
      Array.from({ length: 12 }, (__, n) => runtime.trigger('log', { service: n % 3 === 0 ? 'db' : 'web', text: `line ${n}` })),
    )
    for (const batch of all) expect(await batch.result()).toMatchObject({ status: 'completed', output: 4 })
    const numbers = (service: string) => written(folder, service).flatMap((line) => line.match(/^line (\d+)/)?.[1] ?? [])
    expect(numbers('db')).toEqual(['0', '3', '6', '9'])
    expect(numbers('web')).toEqual(['1', '2', '4', '5', '7', '8', '10', '11'])
    expect(written(folder, 'web').filter((line) => line.startsWith('#'))).toHaveLength(2)
  })

  test('lines that were acknowledged before a crash are written after it', async () => {
    const folder = temporaryFolder(fastFolder)
    const shared = place()
    const dead = shared.connect()
    const lost = await begin({ store: dead, entryPoints: [logWriter(folder, { within: 50 })], id: 'dead' })
    const { id } = await lost.trigger('log', { service: 'web', text: 'one' })
    await lost.trigger('log', { service: 'web', text: 'two' })
    dead.cut()
    const next = await begin({ store: shared.connect(), entryPoints: [logWriter(folder, { within: 50 })], id: 'next' })
    expect(await next.execution(id).result()).toMatchObject({ output: 2 })
    expect(written(folder, 'web').slice(0, 2)).toEqual(['one', 'two'])
  })
})
