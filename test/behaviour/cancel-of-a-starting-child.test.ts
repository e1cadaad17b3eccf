/** A cancel reaches the execution that a step is only just starting: none goes on without its parent. */
import { expect, test } from 'vitest'
import { setup } from 'xstate'
import { defineEntryPoint, fromExecution, fromStep } from '../../src/index.js'
import { delayed, exploreCancels, returns } from '../../src/testing/index.js'

const work = fromStep<string, void>(() => Promise.reject(new Error('not mocked')))
const children = defineEntryPoint({
  id: 'children',
  program: setup({ actors: { work } }).createMachine({
    id: 'child',
    initial: 'working',
    states: { working: { invoke: { src: 'work', onDone: 'done' } }, done: { type: 'final' } },
  }),
})
const parents = defineEntryPoint({ id: 'parents', program: fromExecution('children') })

test('a child that is accepted while its parent is cancelled is cancelled with it', async () => {
  const report = await exploreCancels([parents, children], async (world) => {
    world.mock('work', delayed(5_000, returns('done')))
    await world.trigger('parents')
    await world.runToIdle()
  })
  expect(report.failures).toEqual([])
  expect(report.undisturbed.points.map(({ kind, execution }) => `${kind} of ${execution}`)).toContain('step of execution-1')
})
