/**
 * Calls outlive the process that they were made to: each has its effect once, wherever that dies, and answers as if it had not.
 *
 * Every scenario is explored whole, and returns what its calls have answered.
 */
import { describe, expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import { defineEntryPoint, fromStep } from '../../../src/index.js'
import { delayed, exploreCrashes, returns, type Scenario } from '../../../src/testing/index.js'

const machine = setup({
  types: {
    context: {} as { count: number; by: string[] },
    events: {} as { type: 'ADD'; by?: string } | { type: 'WORK' } | { type: 'END' },
    output: {} as { count: number; by: string[] },
  },
  actors: { work: fromStep<string, void>(() => Promise.reject(new Error('not mocked'))) },
  actions: {
    add: assign({
      count: ({ context }) => context.count + 1,
      by: ({ context, event }) => [...context.by, event.type === 'ADD' ? (event.by ?? '') : ''],
    }),
  },
}).createMachine({
  id: 'counter',
  context: { count: 0, by: [] },
  initial: 'idle',
  on: { ADD: { actions: 'add' }, END: '.over' },
  states: {
    idle: { on: { WORK: 'working' } },
    working: { invoke: { src: 'work', onDone: 'idle' } },
    over: { type: 'final' },
  },
  output: ({ context }) => context,
})

const counters = (options: { maxConcurrent?: number; passivateAfter?: number } = {}) =>
  defineEntryPoint({ id: 'counters', program: machine, ...options })
type CounterScenario = Scenario<ReturnType<typeof counters>>

const ADD = { type: 'ADD' } as const
const WORK = { type: 'WORK' } as const
const END = { type: 'END' } as const

const survives = (name: string, scenario: CounterScenario, options: Parameters<typeof counters>[0] = {}, pairs = 20) =>
  test(name, async () => {
    const report = await exploreCrashes(counters(options), scenario, { pairs })
    expect(report.failures).toEqual([])
  })

describe('an event is delivered once', () => {
  survives('among others that are the same, sent one after the other and at the same time', async (world) => {
    const counter = await world.trigger('counters')
    await counter.send(ADD)
    await counter.send(ADD)
    const answers = await Promise.all([
      counter.send(ADD),
      counter.send(ADD),
      counter.send({ type: 'ADD', by: 'x' }),
      counter.send(ADD),
    ])
    await counter.send(END)
    return [answers.map(({ status }) => status), await counter.result()]
  })

  survives('that nobody waits for', async (world) => {
    const counter = await world.trigger('counters')
    const sent = [counter.send(ADD), counter.send(ADD), counter.send({ type: 'ADD', by: 'x' })]
    await world.settle()
    await Promise.all(sent)
  })

  survives(
    'to an execution in the queue, and says that it was queued',
    async (world) => {
      world.mock('work', delayed(1_000, returns('done')))
      const first = await world.trigger('counters')
      await first.send(WORK)
      const second = await world.trigger('counters')
      await Promise.all([second.send(ADD), second.send(ADD)])
      await second.send(WORK)
      const { status } = await second.send(ADD)
      await world.runToIdle()
      await second.send(END)
      return [status, await second.result()]
    },
    { maxConcurrent: 1 },
    // after two deaths the one that ran is put back, and the one in the queue goes first
    0,
  )

  survives('to a paused execution, and with its resume', async (world) => {
    const counter = await world.trigger('counters')
    const { status: paused } = await counter.pause()
    const [{ status: queued }] = await Promise.all([counter.send(ADD), counter.send(ADD)])
    const { status: resumed } = await counter.resume({ events: [ADD, ADD] })
    await counter.send(END)
    return [paused, queued, resumed, await counter.result()]
  })

  survives('to an execution that is pausing', async (world) => {
    world.mock('work', delayed(1_000, returns('done')))
    const counter = await world.trigger('counters')
    await counter.send(WORK)
    const pause = counter.pause()
    await Promise.all([counter.send(ADD), counter.send(ADD)])
    const { status } = await pause
    await counter.resume()
    await world.runToIdle()
    await counter.send(END)
    return [status, await counter.result()]
  })

  survives(
    'to an execution that has left memory',
    async (world) => {
      const counter = await world.trigger('counters')
      await world.advance(1_000)
      await Promise.all([counter.send(ADD), counter.send(ADD)])
      await world.advance(1_000)
      await counter.send(END)
      return counter.result()
    },
    { passivateAfter: 100 },
  )
})

describe('an execution is begun once', () => {
  survives('for an idempotency key', async (world) => {
    const key = { idempotencyKey: 'k' }
    const [first, same, other] = await Promise.all([
      world.trigger('counters', undefined, key),
      world.trigger('counters', undefined, key),
      world.trigger('counters'),
    ])
    const late = await world.trigger('counters', undefined, key)
    return [first.id, same.id, other.id, late.id]
  })

  survives('by a fork, which keeps its id', async (world) => {
    const counter = await world.trigger('counters')
    await counter.send(ADD)
    const fork = await counter.fork()
    await fork.send(ADD)
    await fork.send(END)
    return [fork.id, await fork.result()]
  })

  survives('by the retry of one that was cancelled', async (world) => {
    const counter = await world.trigger('counters')
    await counter.send(ADD)
    const { status } = await counter.cancel()
    const again = await counter.retry()
    await again.send(END)
    return [status, again.id, await again.result()]
  })

  survives('and not again by the retry of one that goes on and ends at once', async (world) => {
    world.mock('work', returns('done'))
    const counter = await world.trigger('counters')
    await counter.pause()
    await counter.send(END)
    const same = await counter.retry()
    return [same.id, await counter.result()]
  })
})

describe('nothing is waited for in vain', () => {
  survives('of the commands to a stream and to the runtime', async (world) => {
    const counter = await world.trigger('counters')
    await world.pause()
    await counter.send(ADD)
    await world.resume()
    await world.stream('counters').pause()
    await counter.send(ADD)
    await world.stream('counters').resume()
    await world.runToIdle()
    await world.stream('counters').cancel()
  })

  survives('of a result with a time limit, and of one with a signal', async (world) => {
    world.mock('work', delayed(500, returns('done')))
    const counter = await world.trigger('counters')
    await counter.send(WORK)
    const early = await counter.result({ timeout: 100 })
    const given = new AbortController()
    const refused = counter.result({ signal: given.signal }).catch(String)
    given.abort(new Error('enough'))
    const said = await refused
    await counter.send(END)
    return [early, said, await counter.result()]
  })

  survives('of the journal, which goes on without a gap', async (world) => {
    const counter = await world.trigger('counters')
    const seen: string[] = []
    const following = (async () => {
      for await (const { type } of world.events({ execution: counter.id, since: 0 })) {
        if (type !== 'execution.recovered') seen.push(type)
        if (type === 'execution.completed') return
      }
    })()
    await counter.send(ADD)
    await counter.send(END)
    await following
    return seen
  })

  survives('of a drain', async (world) => {
    world.mock('work', delayed(500, returns('done')))
    const counter = await world.trigger('counters')
    await counter.send(WORK)
    await world.drain()
  })
})
