/**
 * Events that are the same to the letter are told apart: none is taken for another one that is safe already.
 *
 * Owns: what is sent while commits, inbox and sends overlap in every way, on stores whose calls take their time.
 */
import { expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import { defineEntryPoint, fromStep } from '../../../src/index.js'
import { exploreCrashes, fails, returns, type Scenario } from '../../../src/testing/index.js'
import { slowStore, turn } from '../../support/slow-store.js'

const machine = setup({
  types: { context: {} as { count: number }, events: {} as { type: 'ADD' } | { type: 'WORK' } | { type: 'END' } },
  actors: { work: fromStep<string, void>(() => Promise.reject(new Error('not mocked'))) },
}).createMachine({
  id: 'counter',
  context: { count: 0 },
  initial: 'idle',
  on: { ADD: { actions: assign({ count: ({ context }) => context.count + 1 }) }, END: '.over' },
  states: {
    idle: { on: { WORK: 'working' } },
    working: { invoke: { src: 'work', onDone: 'idle' } },
    over: { type: 'final' },
  },
})
const counters = defineEntryPoint({ id: 'counters', program: machine, retry: { maxAttempts: 4, backoff: { initial: 1 } } })

type CounterScenario = Scenario<typeof counters>

const scenarios: Readonly<Record<string, CounterScenario>> = {
  'behind others in the inbox': async (world) => {
    const counter = await world.trigger('counters')
    await counter.pause()
    await counter.send({ type: 'ADD' })
    await counter.send({ type: 'ADD' })
    const resumed = counter.resume()
    const sent: Promise<unknown>[] = []
    for (let n = 0; n < 12; n++) {
      sent.push(counter.send({ type: 'ADD' }))
      await turn()
    }
    await resumed
    await Promise.all(sent)
    await counter.send({ type: 'END' })
    return (await counter.result()).status
  },
  'while an attempt fails and gives back what it took': async (world) => {
    world.mock('work', fails('first'), fails('second'), returns('done'))
    const counter = await world.trigger('counters')
    const sent: Promise<unknown>[] = [counter.send({ type: 'WORK' })]
    for (let n = 0; n < 8; n++) {
      sent.push(counter.send({ type: 'ADD' }))
      await turn()
    }
    await Promise.all(sent)
    await world.runToIdle()
    await counter.send({ type: 'END' })
    return (await counter.result()).status
  },
  'while it leaves memory': async (world) => {
    const counter = await world.trigger('counters')
    const left = world.passivate(counter)
    const sent: Promise<unknown>[] = []
    for (let n = 0; n < 8; n++) {
      await turn()
      sent.push(counter.send({ type: 'ADD' }))
    }
    await Promise.all([left, ...sent])
    await counter.send({ type: 'END' })
    return (await counter.result()).status
  },
}

const speeds = [{ others: 1 }, { others: 1, commit: 4 }, { others: 1, inbox: 4 }, { others: 3, enqueue: 5 }]

for (const [name, scenario] of Object.entries(scenarios)) {
  for (const speed of speeds) {
    test(`the same event many times, ${name}, with calls of ${JSON.stringify(speed)} turns: none is lost, none doubled`, async () => {
      const report = await exploreCrashes(counters, scenario, { store: () => slowStore(speed), pairs: 0 })
      expect(report.failures).toEqual([])
    })
  }
}
