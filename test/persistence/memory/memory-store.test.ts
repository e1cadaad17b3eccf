import { test } from 'vitest'
import { memoryStore } from '../../../src/persistence/memory/memory-store.js'
import { storeSuite } from '../../../src/testing/store/store-suite.js'

async function create() {
  const store = memoryStore()
  const reopen = async () => {
    await store.close()
    return store
  }
  return { store, reopen, second: async () => store, destroy: async () => {} }
}

for (const promise of storeSuite) {
  test(promise.name, async (context) => {
    const result = await promise.run({ create })
    if (result) context.skip(result.skipped)
  })
}
