/** What a law once failed on holds: each script is asked what every random one is, and what its law asks besides. */
import { describe, expect, test } from 'vitest'
import { makePlace } from '../support/store-place.js'
import { keptScripts } from './kept-scripts.js'
import { brokenIn, laws, type Law } from './laws.js'

describe.each(Object.keys(makePlace) as (keyof typeof makePlace)[])('on the %s store', (place) => {
  test.each(Object.entries(keptScripts))('%s', async (_, { law, property = `law ${law}:`, ...script }) => {
    const store = makePlace[place]()
    const [, asked] = Object.entries(laws).find(([name]) => name.startsWith(property)) as [string, Law]
    expect(await brokenIn(script, store, asked)).toEqual([])
    await store.remove()
  })
})
