/** What a custom action does through `self`, and what a program says to actors outside of it. */
import { createActor, createMachine, sendTo, setup } from 'xstate'
import { expect, test } from 'vitest'
import { defineEntryPoint } from '../../src/index.js'
import { createTestRuntime } from '../../src/testing/index.js'

test('the root stops itself: the execution is completed, without an output', async () => {
  const program = createMachine({
    id: 'it',
    on: { STOP: { actions: ({ self }) => (self as { stop?: () => void }).stop?.() } },
  })
  const world = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'run', program })] })
  const it = await world.trigger('run')
  await it.send({ type: 'STOP' })
  expect(await it.result()).toMatchObject({ status: 'completed', output: undefined })
  await world.stop()
})

test('what an action sends to itself comes after all that was asked for with it', async () => {
  const said: string[] = []
  const program = setup({ types: { events: {} as { type: 'GO' } | { type: 'OWN' } } }).createMachine({
    id: 'it',
    on: {
      GO: { actions: [({ self }) => self.send({ type: 'OWN' }), () => void said.push('go')] },
      OWN: { actions: () => void said.push('own') },
    },
  })
  const world = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'run', program })] })
  const it = await world.trigger('run')
  await it.send({ type: 'GO' })
  await world.settle()
  expect(said).toEqual(['go', 'own'])
  await world.stop()
})

test('an actor outside of the program hears what it is sent', async () => {
  const heard: string[] = []
  const other = createActor(createMachine({ id: 'other', on: { PING: { actions: () => void heard.push('PING') } } })).start()
  const program = createMachine({ id: 'it', on: { GO: { actions: sendTo(() => other, { type: 'PING' }) } } })
  const world = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'run', program })] })
  const it = await world.trigger('run')
  await it.send({ type: 'GO' })
  await world.settle()
  expect(heard).toEqual(['PING'])
  await world.stop()
})
