import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fencing, noLoss, nothingForgotten, oneEnd, outputCommit, restart } from './law-checks.js'
import { scripts, type Weights } from './script.js'
import { memoryPlace, sqlitePlace } from './store-places.js'
import { World } from './world.js'

const numRuns = Number(process.env['STATEWARD_RUNS'] ?? 25)
const stores = { memory: memoryPlace, sqlite: sqlitePlace }
const everything: Weights = { crash: 1, takeover: 1, fault: 1, scope: 1 }

async function holds(store: keyof typeof stores, weights: Weights, check: (world: World) => string[] | Promise<string[]>) {
  const run = async (script: Parameters<typeof World.run>[0]) => {
    const place = stores[store]()
    try {
      const world = await World.run(script, place)
      expect([...world.findings, ...(await check(world))].join('\n')).toBe('')
    } finally {
      await place.close()
    }
  }
  await fc.assert(fc.asyncProperty(scripts(weights), run), { numRuns, interruptAfterTimeLimit: 90_000 })
}

describe.each(Object.keys(stores) as (keyof typeof stores)[])('on the %s store', (store) => {
  test('law 1: every accepted execution ends once', () => holds(store, everything, oneEnd), 200_000)
  test('law 3: what was committed never runs again', () => holds(store, everything, restart), 200_000)
  test('law 4: nothing is seen before its cause is durable', () => holds(store, everything, outputCommit), 200_000)
  test(
    'law 5: nothing is lost',
    () => holds(store, everything, async (w) => [...(await noLoss(w)), ...(await nothingForgotten(w))]),
    200_000,
  )
  test('law 7: fencing', () => holds(store, everything, fencing), 200_000)
})
