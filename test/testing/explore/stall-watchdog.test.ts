/** What does not come to an end by itself is ended, and told of, by every exploration. */
import { expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { defineEntryPoint } from '../../../src/index.js'
import { exploreCrashes, ExplorationError } from '../../../src/testing/index.js'
import { hurried } from '../../support/hurried.js'

const door = defineEntryPoint({
  id: 'doors',
  program: createMachine({ id: 'door', initial: 'shut', states: { shut: { on: { OPEN: 'open' } }, open: { type: 'final' } } }),
})
const never = new Promise<void>(() => undefined)

test('a scenario that waits for what never comes is refused', async () => {
  hurried()
  const error: unknown = await exploreCrashes(door, async (world) => {
    await world.trigger('doors')
    await never
  }).catch((thrown: unknown) => thrown)
  expect(String(error)).toContain('The scenario waits for what does not come')
})

test('a scenario that waits in vain after a crash fails at that point', async () => {
  hurried()
  const error: unknown = await exploreCrashes(
    door,
    async (world) => {
      const execution = await world.trigger('doors')
      await execution.send({ type: 'OPEN' })
      if (String(world.history()).includes('killed')) await never
    },
    { budget: 3 },
  ).catch((thrown: unknown) => thrown)
  if (!(error instanceof ExplorationError)) throw error
  expect(error.report.failures[0]?.at).toBe('crash before commit 1 of execution-1')
  expect(error.report.failures[0]?.actual.failure?.code).toBe('stuck')
})
