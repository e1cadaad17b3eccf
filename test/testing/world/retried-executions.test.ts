/** Mocks of several behaviours, in an execution that is tried again: a further attempt is a further call. */
import { expect, test } from 'vitest'
import { setup } from 'xstate'
import { defineEntryPoint, fromStep } from '../../../src/index.js'
import { createTestRuntime, delayed, exploreCrashes, explorePauses, fails, returns } from '../../../src/testing/index.js'

const fetching = (onExhausted: 'fail' | 'pause', maxAttempts: number) =>
  defineEntryPoint({
    id: 'fetches',
    retry: { maxAttempts, backoff: { initial: 10 }, onExhausted },
    program: setup({ actors: { fetch: fromStep<string, void>(() => Promise.reject(new Error('not mocked'))) } }).createMachine({
      id: 'fetching',
      initial: 'fetching',
      states: { fetching: { invoke: { src: 'fetch', onDone: 'done' } }, done: { type: 'final' } },
    }),
  })

test('a step that failed its execution gets the next behaviour in the next attempt', async () => {
  const world = createTestRuntime({ entryPoints: [fetching('fail', 2)] })
  world.mock('fetch', fails('503'), returns('a page'))
  const execution = await world.trigger('fetches')
  expect(await execution.result()).toMatchObject({ status: 'completed' })
  expect(world.calls.map(({ status }) => status)).toEqual(['failed', 'done'])
  await world.stop()
})

test('and in the attempt after its attempts were used up and it was resumed', async () => {
  const world = createTestRuntime({ entryPoints: [fetching('pause', 1)] })
  world.mock('fetch', fails('503'), returns('a page'))
  const execution = await world.trigger('fetches')
  await world.runToIdle()
  expect(await execution.get()).toMatchObject({ status: 'paused', pause: { reason: 'retries_exhausted' } })
  await execution.resume()
  expect(await execution.result()).toMatchObject({ status: 'completed' })
  await world.stop()
})

test('but a call that a crash or a pause repeats gets the one that it had', async () => {
  const entryPoint = fetching('fail', 3)
  const scenario: Parameters<typeof exploreCrashes<typeof entryPoint>>[1] = async (world) => {
    world.mock('fetch', delayed(100, fails('503')), delayed(100, returns('a page')))
    const execution = await world.trigger('fetches')
    return execution.result()
  }
  expect((await exploreCrashes(entryPoint, scenario)).failures).toEqual([])
  expect((await explorePauses(entryPoint, scenario)).failures).toEqual([])
})
