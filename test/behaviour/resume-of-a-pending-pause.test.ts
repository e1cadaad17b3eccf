/** A resume takes back a pause whose execution has not been told yet, since what it has started is being paused first. */
import { expect, test } from 'vitest'
import { defineEntryPoint, fromExecution, fromStep } from '../../src/index.js'
import { createTestRuntime } from '../../src/testing/index.js'
import { turns } from '../support/eventually.js'

const leaves = defineEntryPoint({ id: 'leaves', program: fromStep<string, void>(() => Promise.reject(new Error('not mocked'))) })
const middle = defineEntryPoint({ id: 'middle', program: fromExecution<string>('leaves') })
const top = defineEntryPoint({ id: 'top', program: fromExecution<string>('middle') })

/** An execution that waits two levels down for a step that ends when it is told to. */
async function waiting() {
  const world = createTestRuntime({ entryPoints: [leaves, middle, top] })
  const step = world.hold('leaves')
  const execution = await world.trigger('top')
  const call = await step.started()
  return { world, execution, call }
}

test('after `pausing` a resume answers `resumed`, and nothing stays paused at any level', async () => {
  const { world, execution, call } = await waiting()
  expect(await execution.pause({ timeout: 10 })).toEqual({ status: 'pausing' })
  expect(await execution.resume()).toMatchObject({ status: 'resumed' })
  call.resolve('done')
  expect(await execution.result()).toEqual({ status: 'completed', output: 'done' })
  const { executions } = await world.executions()
  expect(executions.map(({ status }) => status)).toEqual(['completed', 'completed', 'completed'])
  await world.stop()
})

test('a pause that is taken back answers `resumed`, and a later one holds', async () => {
  const { world, execution } = await waiting()
  const first = execution.pause()
  await world.settle()
  expect(await execution.resume()).toMatchObject({ status: 'resumed' })
  expect(await first).toMatchObject({ status: 'resumed' })
  expect(await execution.pause({ mode: 'now' })).toMatchObject({ status: 'paused' })
  const { executions } = await world.executions()
  expect(executions.map(({ status }) => status)).toEqual(['paused', 'paused', 'paused'])
  await world.stop()
})

test('one that is asked for in the same turn as the resume is taken back as well', async () => {
  const { world, execution, call } = await waiting()
  const answers = await Promise.all([execution.pause({ mode: 'now' }), execution.resume()])
  expect(answers.map(({ status }) => status)).toEqual(['resumed', 'resumed'])
  call.resolve('done')
  expect(await execution.result()).toMatchObject({ status: 'completed' })
  await world.stop()
})

test('a pause that comes close behind a resume holds for all that stands below as well', async () => {
  for (let gap = 0; gap < 4; gap++) {
    const { world, execution } = await waiting()
    expect(await execution.pause({ mode: 'now' })).toMatchObject({ status: 'paused' })
    const resumed = execution.resume()
    await turns(gap)
    const paused = execution.pause({ mode: 'now' })
    expect(await resumed).toMatchObject({ status: 'resumed' })
    expect(await paused).toMatchObject({ status: 'paused' })
    const { executions } = await world.executions()
    expect(executions.map(({ status }) => status)).toEqual(['paused', 'paused', 'paused'])
    await world.stop()
  }
})
