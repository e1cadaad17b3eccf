/** The example's trigger: each file that is dropped starts one execution, whatever crashes. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { filesDropped } from '../../examples/dropped-files/files-dropped.js'
import { wordCount } from '../../examples/dropped-files/word-count.js'
import { defineEntryPoint } from '../../src/index.js'
import { begin } from '../support/begin.js'
import { eventually } from '../support/eventually.js'
import { fastFolder, places } from '../support/store-place.js'
import { temporaryFolder } from '../support/temporary-folder.js'

describe.each(places)('on %s', (_, place) => {
  test('each file starts one execution, of whichever process sees it, and is moved away', async () => {
    const folder = temporaryFolder(fastFolder)
    const files = defineEntryPoint({ id: 'files', program: wordCount, trigger: filesDropped(folder, { interval: 5 }) })
    const shared = place()
    const [one] = [
      await begin({ store: shared.connect(), entryPoints: [files], id: 'one' }),
      await begin({ store: shared.connect(), entryPoints: [files], id: 'two' }),
    ]
    for (let n = 1; n <= 10; n++) writeFileSync(join(folder, `${n}.txt`), 'word '.repeat(n))
    writeFileSync(join(folder, 'unfinished.part'), 'half a wo')
    const taken = join(folder, 'taken')
    await eventually('the files', () => existsSync(taken) && readdirSync(taken).length === 10)
    await eventually('the counts', async () => (await one.executions({ status: 'completed' })).executions.length === 10)
    const outputs = (await one.executions()).executions.map(({ output }) => output as { name: string; words: number })
    for (const { name, words } of outputs) expect(name).toBe(`${words}.txt`)
    expect(readdirSync(folder).toSorted()).toEqual(['taken', 'unfinished.part'])
  })

  test('a crash after it has fired, and before the file is moved, starts no second one', async () => {
    const folder = temporaryFolder(fastFolder)
    const files = defineEntryPoint({ id: 'files', program: wordCount, trigger: filesDropped(folder, { interval: 5 }) })
    mkdirSync(join(folder, 'taken'))
    writeFileSync(join(folder, 'a.txt'), 'one two')
    const shared = place()
    const mortal = shared.connect((store) => ({
      commit: async (...args) => {
        const verdicts = await store.commit(...args)
        mortal.cut()
        return verdicts
      },
    }))
    await begin({ store: mortal, entryPoints: [files], id: 'mortal' })
    await eventually('its death', () => mortal.isCut)
    expect(readdirSync(folder)).toContain('a.txt')
    const next = await begin({ store: shared.connect(), entryPoints: [files], id: 'next' })
    await eventually('the file', () => readdirSync(join(folder, 'taken')).length === 1)
    await eventually('the count', async () => (await next.executions({ status: 'completed' })).executions.length === 1)
    expect((await next.executions()).executions).toHaveLength(1)
  })
})
