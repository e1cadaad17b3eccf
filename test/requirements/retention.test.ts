/** Retention keeps up with what ends, however much that is. */
import { describe, test } from 'vitest'
import { fromPromise } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import { begin } from '../harness/begin.js'
import { eventually } from '../harness/eventually.js'
import { places } from '../harness/store-place.js'

const program = fromPromise(async () => 'x')
const entryPoint = (retention: object) => defineEntryPoint({ id: 'e', program, maxConcurrent: 500, retention })

describe.each(places)('on %s', (_, place) => {
  test('one look forgets all that is due, not a page of it', async () => {
    const store = place().open()
    const runtime = await begin({ store, entryPoints: [entryPoint({ keep: 10_000 })] })
    await Promise.all(Array.from({ length: 1_300 }, () => runtime.trigger('e')))
    await runtime.drain()
    await runtime.stop()
    const other = await begin({ store, entryPoints: [entryPoint({ keep: 10 })], retentionInterval: 20 })
    await eventually('all but ten to be forgotten', async () => (await store.counts())['e']?.completed === 10)
    await other.stop()
  })

  test('what ends between two intervals is forgotten once it is a quarter more than is kept', async () => {
    const store = place().open()
    const runtime = await begin({ store, entryPoints: [entryPoint({ keep: 400 })], retentionInterval: 3_600_000 })
    for (let round = 0; round < 3; round++)
      await Promise.all(Array.from({ length: 400 }, async () => (await runtime.trigger('e')).result()))
    await eventually('no more than that to be kept', async () => ((await store.counts())['e']?.completed ?? 0) <= 500)
  })
})
