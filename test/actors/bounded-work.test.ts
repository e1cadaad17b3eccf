/** Many pieces of work of one call: how many run at once, and what becomes of those that fail. */
import { expect, onTestFinished, test } from 'vitest'
import { BoundedWork } from '../../src/actors/bounded-work.js'
import { deferred } from '../../src/testing/world/deferred.js'
import { turns } from '../harness/eventually.js'

test('so many run at the same time, and what is not bounded waits for none of them', async () => {
  const work = new BoundedWork(2)
  const gates = [deferred(), deferred(), deferred()]
  const started: number[] = []
  const adding = (async () => {
    for (const [n, gate] of gates.entries()) await work.add(() => (started.push(n), gate.promise), true)
  })()
  await work.add(() => Promise.resolve(void started.push(9)), false)
  await turns(3)
  expect(started).toEqual([0, 9, 1])
  gates[1]?.resolve()
  await adding
  expect(started).toEqual([0, 9, 1, 2])
  for (const gate of gates) gate.resolve()
  await work.done()
})

test('it ends when all has ended, with the first error, and no rejection is without a handler', async () => {
  const unhandled: unknown[] = []
  const note = (error: unknown) => void unhandled.push(error)
  process.on('unhandledRejection', note)
  onTestFinished(() => void process.off('unhandledRejection', note))
  const work = new BoundedWork(2)
  const last = deferred()
  await work.add(() => Promise.reject(new Error('first')), true)
  await work.add(() => Promise.reject(new Error('second')), false)
  await work.add(() => last.promise, true)
  await turns(3)
  let isOver = false
  const heard = work.done().then(
    () => 'no error',
    (error: unknown) => ((isOver = true), String(error)),
  )
  await turns(3)
  expect(isOver).toBe(false)
  last.resolve()
  expect(await heard).toBe('Error: first')
  expect(unhandled).toEqual([])
})
