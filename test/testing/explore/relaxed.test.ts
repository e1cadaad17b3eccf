/** A program whose outputs do not wait for their commit: steps may begin ahead of it, as was said; what they repeat is found. */
import { expect, test } from 'vitest'
import { fromPromise, setup } from 'xstate'
import { defineEntryPoint } from '../../../src/index.js'
import { delayed, exploreCrashes } from '../../../src/testing/index.js'

const relaxed = defineEntryPoint({
  id: 'relaxed',
  durability: 'relaxed',
  program: setup({ actors: { work: fromPromise<void>(() => Promise.resolve()) } }).createMachine({
    id: 'relaxed',
    initial: 'first',
    states: {
      first: { invoke: { src: 'work', onDone: 'second' } },
      second: { invoke: { src: 'work', onDone: 'over' } },
      over: { type: 'final' },
    },
  }),
})

test('relaxed durability is no breach by itself', async () => {
  const report = await exploreCrashes(relaxed, async (runtime) => {
    runtime.mock('work', delayed(10))
    await runtime.trigger('relaxed')
    await runtime.runToIdle()
  })
  expect(report.failures).toEqual([])
})
