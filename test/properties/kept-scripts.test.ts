/** What a law once failed on holds: each script is asked what every random one is, and what its law asks besides; with more runs also scripts close to it. */
import { describe, expect, test } from 'vitest'
import { makePlace } from '../support/store-place.js'
import { keptScripts } from './kept-scripts.js'
import { brokenIn, laws, type Law } from './laws.js'
import { neighbours } from './neighbours.js'

const runs = Number(process.env['STATEWARD_RUNS'] ?? 0)
/** With a line taken out, one of many must fail. */
const isMutated = process.env['MUTATION'] !== undefined
const count = isMutated ? runs : Math.ceil(runs / 50)

describe.each(Object.keys(makePlace) as (keyof typeof makePlace)[])('on the %s store', (place) => {
  test.each(Object.entries(keptScripts))(
    '%s',
    async (_, { law, property = `law ${law}:`, ...kept }) => {
      const [, asked] = Object.entries(laws).find(([name]) => name.startsWith(property)) as [string, Law]
      for (const script of neighbours(kept, count)) {
        const store = makePlace[place]()
        const broken = await brokenIn(script, store, asked)
        await store.remove()
        if (broken.length > 0) expect.fail(`${broken.join('\n')}\nin ${JSON.stringify(script)}`)
      }
    },
    15_000 + count * 2_000,
  )
})
