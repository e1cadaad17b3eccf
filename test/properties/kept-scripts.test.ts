/** What a law once failed on holds: each script is asked what every random one is. */
import { describe, expect, test } from 'vitest'
import { makePlace } from '../harness/store-place.js'
import { keptScripts } from './kept-scripts.js'
import { ofAnyRun } from './laws.js'
import { World } from './world.js'

describe.each(Object.keys(makePlace) as (keyof typeof makePlace)[])('on the %s store', (place) => {
  test.each(Object.entries(keptScripts))('%s', async (_, script) => {
    const store = makePlace[place]()
    const world = await World.run(script, store)
    expect([...world.findings, ...(await ofAnyRun(world))]).toEqual([])
    await store.remove()
  })
})
