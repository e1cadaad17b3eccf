/** Many pieces of work of one call: how many run at once, and what becomes of those that fail. */
import { expect, onTestFinished, test } from 'vitest'
import { BoundedWork, type WorkPlace } from '../../../src/actors/commands/bounded-work.js'
import { deferred } from '../../../src/testing/world/deferred.js'
import { turns } from '../../support/eventually.js'

test('so many run at the same time, and what is not bounded waits for none of them', async () => {
  const work = new BoundedWork<string>(2)
  const gates = [deferred(), deferred(), deferred()]
  const started: number[] = []
  const adding = (async () => {
    for (const [n, gate] of gates.entries()) await work.add('it', () => (started.push(n), gate.promise), { isBounded: true })
  })()
  await work.add('it', () => Promise.resolve(void started.push(9)), { isBounded: false })
  await turns(3)
  expect(started).toEqual([0, 9, 1])
  gates[1]?.resolve()
  await adding
  expect(started).toEqual([0, 9, 1, 2])
  for (const gate of gates) gate.resolve()
  await work.done()
})

test('one that waits gives its place to the next, and takes one again before it goes on', async () => {
  const work = new BoundedWork<string>(1)
  const [answer, last] = [deferred(), deferred()]
  const seen: string[] = []
  await work.add(
    'first',
    async (place) => {
      await place?.during(answer.promise)
      seen.push('first goes on')
    },
    { isBounded: true },
  )
  await work.add('second', () => (seen.push('second begins'), last.promise), { isBounded: true })
  answer.resolve()
  await turns(3)
  expect(seen).toEqual(['second begins'])
  last.resolve()
  expect(await work.done()).toEqual([])
  expect(seen).toEqual(['second begins', 'first goes on'])
})

test('one that leaves its place takes none again', async () => {
  const work = new BoundedWork<string>(1)
  const [first, second] = [deferred(), deferred()]
  const leaving = async (place: WorkPlace | undefined) => {
    place?.leave()
    await place?.during(first.promise)
  }
  await work.add('first', leaving, { isBounded: true })
  await work.add('second', () => second.promise, { isBounded: true })
  let isAdded = false
  const third = work.add('third', () => Promise.resolve(), { isBounded: true }).then(() => (isAdded = true))
  first.resolve()
  await turns(3)
  expect(isAdded).toBe(false)
  second.resolve()
  await third
  expect(await work.done()).toEqual([])
})

test('it ends when all has ended, with every error and whose it is, and no rejection is without a handler', async () => {
  const unhandled: unknown[] = []
  const note = (error: unknown) => void unhandled.push(error)
  process.on('unhandledRejection', note)
  onTestFinished(() => void process.off('unhandledRejection', note))
  const work = new BoundedWork<string>(2)
  const last = deferred()
  const [one, two] = [new Error('first'), new Error('second')]
  await work.add('a', () => Promise.reject(one), { isBounded: true })
  await work.add('b', () => Promise.reject(two), { isBounded: false })
  await work.add('c', () => last.promise, { isBounded: true })
  await turns(3)
  let isOver = false
  const heard = work.done().finally(() => (isOver = true))
  await turns(3)
  expect(isOver).toBe(false)
  last.resolve()
  expect(await heard).toEqual([
    { of: 'a', error: one },
    { of: 'b', error: two },
  ])
  expect(unhandled).toEqual([])
})
