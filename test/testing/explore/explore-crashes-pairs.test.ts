/** Pairs of crashes: each is tried once, and comes to both of its points. */
import { expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { defineEntryPoint } from '../../../src/index.js'
import { exploreCrashes } from '../../../src/testing/explore/explore-crashes.js'

const done = defineEntryPoint({
  id: 'done',
  program: createMachine({ id: 'done', initial: 'end', states: { end: { type: 'final' } } }),
})

test('no pair begins with a crash after which nothing comes, and none is tried twice', async () => {
  const plans: string[] = []
  const { points, unreached } = await exploreCrashes(done, (runtime) => runtime.trigger('done').then(() => undefined), {
    invariant: ({ plan }) => void plans.push(plan.map(({ at }) => at).join()),
  })
  expect(points).toBe(2)
  expect(unreached).toBe(0)
  const pairs = plans.filter((plan) => plan.includes(','))
  expect(pairs.toSorted()).toEqual(['1,2', '1,3'])
})
