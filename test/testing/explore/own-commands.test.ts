/** Explorations beside what a scenario does itself: its own pauses, crashes and stops stay its own. */
import { expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import { defineEntryPoint, fromExecution, fromStep } from '../../../src/index.js'
import {
  createTestRuntime,
  exploreCancels,
  exploreCrashes,
  explorePauses,
  ExplorationError,
  hangs,
  returns,
  type Scenario,
} from '../../../src/testing/index.js'
import type { ExplorationHost } from '../../../src/testing/explore/exploration-host.js'
import { statewardHost } from '../../../src/testing/explore/stateward-host.js'
import { hurried } from '../../support/hurried.js'
import { History, type HistoryEntry } from '../../../src/testing/world/history.js'

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
const counters = defineEntryPoint({ id: 'counters', program: machine })
type CounterScenario = Scenario<typeof counters>

test('an exploration of pauses does not resume what the scenario has paused', async () => {
  const report = await explorePauses(counters, async (world) => {
    const counter = await world.trigger('counters')
    await counter.pause({ reason: 'the scenario' })
    await counter.send({ type: 'ADD' })
    await world.advance(1_000)
    const { status } = (await counter.get()) as { status: string }
    await counter.resume()
    await counter.send({ type: 'ADD' })
    return status
  })
  expect(report.failures).toEqual([])
})

test('a step that never ends holds up no exploration', async () => {
  const scenario: CounterScenario = async (world) => {
    world.mock('work', hangs())
    const counter = await world.trigger('counters')
    await counter.send({ type: 'WORK' })
    await world.settle()
  }
  for (const explore of [exploreCrashes, explorePauses, exploreCancels])
    expect((await explore(counters, scenario)).failures).toEqual([])
})

test('a scenario may end without a process, or with its runtime stopped', async () => {
  const endingBy = (end: 'crash' | 'stop'): CounterScenario => {
    return async (world) => {
      world.mock('work', returns('done'))
      const counter = await world.trigger('counters')
      await counter.send({ type: 'WORK' })
      await world.runToIdle()
      await world[end]()
    }
  }
  for (const end of ['crash', 'stop'] as const)
    expect((await exploreCrashes(counters, endingBy(end), { pairs: 5 })).failures).toEqual([])
})

test('what is awaited beside something that makes it come is not given up', async () => {
  const world = createTestRuntime({ entryPoints: [counters] })
  const counter = await world.trigger('counters')
  const ending = (async () => {
    for (let n = 0; n < 3; n++) await world.settle()
    await counter.send({ type: 'END' })
  })()
  const [outcome] = await Promise.all([counter.result(), ending])
  expect(outcome.status).toBe('completed')
  await world.stop()
})

test('what is awaited over a crash comes with the next process, and is refused if there is none', async () => {
  hurried()
  const world = createTestRuntime({ entryPoints: [counters] })
  const counter = await world.trigger('counters')
  const results = Promise.all([counter.result(), world.executions()])
  world.crash()
  await world.advance(60_000)
  await world.restart()
  await counter.send({ type: 'END' })
  expect((await results)[0].status).toBe('completed')

  const other = await world.trigger('counters')
  world.crash()
  await expect(other.result()).rejects.toThrow('The process is dead since crash()')
  const waiting = world.trigger('counters')
  await world.stop()
  await expect(waiting).rejects.toThrow('stopped before another one began')
})

test('a child that outlives its cancelled parent is found', async () => {
  const parents = defineEntryPoint({ id: 'parents', program: fromExecution('counters') })
  const scenario: Scenario<readonly [typeof parents, typeof counters]> = async (world) => {
    world.mock('work', hangs())
    await world.trigger('parents')
    await world.settle()
  }
  expect((await exploreCancels([parents, counters], scenario)).failures).toEqual([])

  const isEnd = ({ execution, text }: HistoryEntry) => execution === 'execution-1' && text.startsWith('is cancelled')
  const parentFirst: ExplorationHost = {
    name: 'a host that cancels the parent first',
    begin(options) {
      const world = statewardHost.begin(options)
      const history = () => {
        const { entries } = world.history()
        const cancel = entries.findIndex(({ text }) => text === 'cancel')
        const rest = entries.slice(cancel + 1)
        const later = rest.filter((entry) => !isEnd(entry)).map((entry) => ({ ...entry, at: entry.at + 1 }))
        return new History([...entries.slice(0, cancel + 1), ...rest.filter(isEnd), ...later])
      }
      return new Proxy(world, { get: (target, name) => (name === 'history' ? history : Reflect.get(target, name)) as unknown })
    },
  }
  const error: unknown = await exploreCancels([parents, counters], scenario, { host: parentFirst }).catch(
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof ExplorationError)) throw error
  const found = error.report.failures.flatMap(({ differences }) => differences)
  expect(found).toContainEqual(expect.objectContaining({ path: 'end', expected: 'with its parent execution-1' }))
})
