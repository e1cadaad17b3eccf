/** Events that are the same are counted: a sender whose process has died is told as many as the store has kept, and no more. */
import { expect, test } from 'vitest'
import { Receipts, type Kept } from '../../../src/testing/world/receipts.js'

const queued = { kept: 'queued', life: 1 } as const

/** A sender that asks what has become of its event once `go` was called. */
function sender(receipts: Receipts) {
  let go: () => void = () => undefined
  const gone = new Promise<void>((resolve) => (go = resolve))
  const found = receipts.sending('e', 'ADD', async ({ lost }): Promise<Kept | undefined> => {
    await gone
    return lost(2)
  })
  return { found, go }
}

test('a later one that was answered leaves an earlier one that was lost without a receipt', async () => {
  const receipts = new Receipts()
  const earlier = sender(receipts)
  const later = receipts.sending('e', 'ADD', async ({ confirm }) => {
    receipts.kept('e', 'ADD', queued)
    confirm('queued', 1)
  })
  await later
  earlier.go()
  expect(await earlier.found).toBeUndefined()
})

test('of three, as many are found as were kept, each as it was kept', async () => {
  const receipts = new Receipts()
  const three = [sender(receipts), sender(receipts), sender(receipts)]
  receipts.kept('e', 'ADD', queued)
  receipts.kept('e', 'ADD', { kept: 'delivered', life: 1 })
  for (const { go } of three) go()
  expect(await Promise.all(three.map(({ found }) => found))).toEqual(['queued', 'delivered', undefined])
})

test('what the next process has kept is no receipt for one whose process had died before', async () => {
  const receipts = new Receipts()
  const { found, go } = sender(receipts)
  receipts.kept('e', 'ADD', { kept: 'queued', life: 2 })
  go()
  expect(await found).toBeUndefined()
})

test('a write that a dead process had begun is waited for', async () => {
  const receipts = new Receipts()
  const { found, go } = sender(receipts)
  void receipts.during(
    new Promise<void>((resolve) => {
      setImmediate(() => {
        receipts.kept('e', 'ADD', queued)
        resolve()
      })
    }),
  )
  go()
  expect(await found).toBe('queued')
})

test('a write that hangs for ever holds nobody up', async () => {
  const receipts = new Receipts()
  const { found, go } = sender(receipts)
  void receipts.during(new Promise<never>(() => undefined))
  go()
  expect(await found).toBeUndefined()
})

test('an event that nobody of this world has sent is no receipt', async () => {
  const receipts = new Receipts()
  receipts.kept('e', 'ADD', queued)
  const { found, go } = sender(receipts)
  go()
  expect(await found).toBeUndefined()
})
