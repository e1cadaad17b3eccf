/** What the journal tells of the insides of executions: steps and transitions, each in the commit that holds it. */
import { describe, expect, test } from 'vitest'
import { assign, fromCallback, setup } from 'xstate'
import { defineEntryPoint, fromStep, type RuntimeEvent } from '../../src/index.js'
import { on } from '../../src/triggers.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { begin } from '../support/begin.js'
import { turns } from '../support/eventually.js'
import { memoryPlace, places } from '../support/store-place.js'

const packing = setup({
  actors: {
    pack: fromStep(
      ({ attempt }) => {
        if (attempt === 1) throw new Error('no box')
        return 'secret output'
      },
      { retry: { maxAttempts: 2, backoff: { initial: 50 } } },
    ),
    lose: fromStep(() => Promise.reject(new Error('lost'))),
    listen: fromCallback(() => undefined),
  },
}).createMachine({
  id: 'packing',
  initial: 'packing',
  invoke: { id: 'listen', src: 'listen' },
  states: {
    packing: { invoke: { id: 'pack', src: 'pack', input: { secret: 'input' }, onDone: 'asking' } },
    asking: { on: { SEND: 'sending', NOTE: { actions: [] }, AGAIN: 'asking' }, after: { 60_000: 'over' } },
    sending: { invoke: { src: fromStep(() => Promise.reject(new Error('lost'))), onError: 'over' } },
    over: { type: 'final' },
  },
})
const definition = (history: 'lifecycle' | 'steps' | 'transitions', id = 'parcels') =>
  defineEntryPoint({ id, program: packing, history })

async function told(events: AsyncIterable<RuntimeEvent>, last = 'execution.completed'): Promise<RuntimeEvent[]> {
  const all: RuntimeEvent[] = []
  for await (const event of events) {
    all.push(event)
    if (event.type === last) break
  }
  return all
}

const isInside = ({ type }: RuntimeEvent) => type.startsWith('step.') || type === 'execution.transition'

describe.each(places)('on %s', (_, place) => {
  test('steps: started, tried again, completed, failed and left, with path, name, key, attempt and duration', async () => {
    const runtime = await begin({ store: place().connect(), entryPoints: [definition('steps')] })
    const parcel = await runtime.trigger('parcels', undefined, { id: 'p' })
    await parcel.waitFor({ state: 'asking' })
    await parcel.send({ type: 'SEND' })
    await parcel.result()
    const all = await told(runtime.events({ execution: 'p', since: 0 }))
    const inside = all.filter(isInside).map(({ type, data }) => {
      const { error, duration, ...rest } = data as { error?: { message: string }; duration?: number }
      expect(duration === undefined).toBe(type === 'step.started')
      return [type, { ...rest, ...(error ? { error: error.message } : {}) }]
    })
    const [listen, pack, send] = [
      { step: 'listen', name: 'listen', key: 'p/listen#1', attempt: 1 },
      { step: 'pack', name: 'pack', key: 'p/pack#2', attempt: 1 },
      { step: '0.packing.sending', key: 'p/0.packing.sending#3', attempt: 1 },
    ]
    expect(inside).toEqual([
      ['step.started', listen],
      ['step.started', pack],
      ['step.retrying', { ...pack, attempt: 2, error: 'no box' }],
      ['step.completed', { ...pack, attempt: 2 }],
      ['step.started', send],
      ['step.failed', { ...send, error: 'lost' }],
      ['step.left', listen],
    ])
    expect(JSON.stringify(all.filter(isInside))).not.toContain('secret')
    // in the commit that holds it: started with the one that lets it start, completed with the one that holds its end
    const at = (type: string) => all.find((event) => event.type === type)?.revision
    expect([at('step.started'), at('step.left')]).toEqual([at('execution.started'), at('execution.completed')])
  })

  test('transitions: by which event, from where, to where; what leads nowhere is none', async () => {
    const clock = new SimulatedClock()
    const runtime = await begin({ store: place().connect(), clock, entryPoints: [definition('transitions')] })
    const parcel = await runtime.trigger('parcels', undefined, { id: 'p' })
    await clock.advance(100, () => turns(5))
    await parcel.waitFor({ state: 'asking' })
    await parcel.send({ type: 'NOTE' })
    await parcel.send({ type: 'AGAIN' })
    await clock.advance(60_000, () => turns(5))
    const all = await told(runtime.events({ execution: 'p', since: 0, type: ['execution.transition', 'execution.completed'] }))
    expect(all.slice(0, -1).map(({ data }) => data)).toEqual([
      { event: 'xstate.done.actor.pack', from: 'packing', to: 'asking' },
      { event: 'AGAIN', from: 'asking', to: 'asking' },
      { event: 'xstate.after.60000.packing.asking', from: 'asking', to: 'over' },
    ])
  })

  test('a step that the death of a process cut off is told again, with the same key and attempt', async () => {
    const shared = place()
    const slow = setup({ actors: { wait: fromStep(() => new Promise(() => undefined)) } }).createMachine({
      id: 'slow',
      invoke: { id: 'wait', src: 'wait' },
    })
    const entryPoints = [defineEntryPoint({ id: 'slow', program: slow, history: 'steps', cancelTimeout: 0 })]
    const first = shared.connect()
    const runtime = await begin({ store: first, entryPoints })
    await runtime.trigger('slow', undefined, { id: 's' })
    await runtime.waitFor({ type: 'step.started', execution: 's' }, { since: 0 })
    first.cut()
    const next = await begin({ store: shared.connect(), entryPoints })
    await next.waitFor({ type: 'execution.recovered', execution: 's' }, { since: 0 })
    await next.execution('s').cancel()
    const all = await told(next.events({ execution: 's', since: 0 }), 'execution.cancelled')
    const started = { step: 'wait', name: 'wait', key: 's/wait#1', attempt: 1 }
    expect(all.filter(isInside).map(({ type, data }) => [type, data])).toEqual([
      ['step.started', started],
      ['step.started', { ...started, again: true }],
    ])
  })
})

test('lifecycle, the default, tells nothing of the insides', async () => {
  const runtime = await begin({
    store: memoryPlace().connect(),
    entryPoints: [defineEntryPoint({ id: 'parcels', program: packing })],
  })
  const parcel = await runtime.trigger('parcels')
  await parcel.waitFor({ state: 'asking' })
  await parcel.send({ type: 'SEND' })
  await parcel.result()
  expect((await told(runtime.events({ execution: parcel.id, since: 0 }))).filter(isInside)).toEqual([])
})

test('an attempt of the program that fails tells nothing that did not happen: its step ends with the next attempt', async () => {
  let attempts = 0
  const flaky = setup({ actors: { good: fromStep(() => 'ok') } }).createMachine({
    id: 'flaky',
    initial: 'working',
    states: {
      working: {
        invoke: {
          id: 'good',
          src: 'good',
          onDone: {
            target: 'done',
            actions: assign(() => {
              if (++attempts === 1) throw new Error('bad moment')
              return {}
            }),
          },
        },
      },
      done: { type: 'final' },
    },
  })
  const retry = { maxAttempts: 2, backoff: { initial: 1 } }
  const entryPoints = [defineEntryPoint({ id: 'flaky', program: flaky, history: 'steps', retry })]
  const runtime = await begin({ store: memoryPlace().connect(), entryPoints })
  const execution = await runtime.trigger('flaky', undefined, { id: 'f' })
  expect(await execution.result()).toMatchObject({ status: 'completed' })
  const all = await told(runtime.events({ execution: 'f', since: 0 }))
  expect(all.filter((event) => isInside(event) || event.type === 'execution.retrying').map(({ type }) => type)).toEqual([
    'step.started',
    'execution.retrying',
    'step.started',
    'step.completed',
  ])
})

test('a trigger hears of a step that has failed, and its own executions do not fire it', async () => {
  const heard: unknown[] = []
  const report = defineEntryPoint({
    id: 'reports',
    history: 'steps',
    trigger: on('step.failed', { input: ({ data }) => data }),
    program: fromStep(({ input }) => {
      heard.push(input)
      throw new Error('not again')
    }),
  })
  const failing = defineEntryPoint({
    id: 'failing',
    history: 'steps',
    program: fromStep(() => Promise.reject(new Error('lost'))),
  })
  const runtime = await begin({ store: memoryPlace().connect(), entryPoints: [report, failing] })
  await runtime.waitFor({ type: 'nothing' }, { timeout: 30 })
  const { id } = await runtime.trigger('failing')
  await runtime.waitFor({ type: 'execution.failed', entryPoint: 'reports' }, { since: 0 })
  expect(heard).toEqual([expect.objectContaining({ step: '', key: `${id}/#1`, attempt: 1 })])
  expect(await runtime.count({ entryPoint: 'reports' })).toBe(1)
})
