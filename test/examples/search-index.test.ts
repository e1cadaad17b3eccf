/** The example's index: a file that is saved often is indexed once, as it was last, also over a crash. */
import { describe, expect, test } from 'vitest'
import { indexing, SearchIndex } from '../../examples/search-index/search-index.js'
import { begin } from '../support/begin.js'
import { places } from '../support/store-place.js'

describe.each(places)('on %s', (_, place) => {
  test('a burst of saves is indexed once, with the last text; each file has its own', async () => {
    const index = new SearchIndex()
    const runtime = await begin({ store: place().connect(), entryPoints: [indexing(index, { quiet: 60 })] })
    let saved = await runtime.trigger('index', { path: 'a.txt', text: 'a first draft' })
    for (const text of ['a second draft', 'the final text']) saved = await runtime.trigger('index', { path: 'a.txt', text })
    const other = await runtime.trigger('index', { path: 'b.txt', text: 'another text' })
    expect(await saved.result()).toEqual({ status: 'completed', output: { path: 'a.txt', words: 3 } })
    await other.result()
    expect([index.find('draft'), index.find('final'), index.find('text')]).toEqual([[], ['a.txt'], ['a.txt', 'b.txt']])
    expect(index.runs).toBe(2)
  })

  test('what was saved before a crash is indexed after it', async () => {
    const shared = place()
    const dead = shared.connect()
    const lost = await begin({ store: dead, entryPoints: [indexing(new SearchIndex(), { quiet: 60 })], id: 'dead' })
    const { id } = await lost.trigger('index', { path: 'a.txt', text: 'one' })
    await lost.trigger('index', { path: 'a.txt', text: 'two words' })
    dead.cut()
    const index = new SearchIndex()
    const runtime = await begin({ store: shared.connect(), entryPoints: [indexing(index, { quiet: 60 })], id: 'next' })
    expect(await runtime.execution(id).result()).toMatchObject({ output: { words: 2 } })
    expect(index.runs).toBe(1)
  })
})
