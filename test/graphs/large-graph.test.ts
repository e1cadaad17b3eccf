/** A large graph with all that a graph may have. */
import { expect, test } from 'vitest'
import { createTestRuntime } from 'stateward/testing'
import { largeGraphs, runLarge, size } from './large-graph.js'

test('a graph of 30 nodes goes its ways', async () => {
  const world = createTestRuntime({ entryPoints: [largeGraphs] })
  await runLarge(world)
  expect(size).toBe(30)
  const outcome = await world.execution('execution-1').result()
  expect(outcome).toMatchObject({
    status: 'completed',
    output: { failed: ['b3', 'c2', 'dTwo'], visits: { b1: 2, review: 2, judge: 2, bMend: 1, end: 1 } },
  })
  expect(outcome).not.toHaveProperty('output.visits.c3')
  expect(outcome).not.toHaveProperty('output.visits.dJoin')
  await world.stop()
})
