/**
 * What a program asks of the outside: steps start and actions run only once their cause is durable, a step keeps its
 * key over a crash and gets a fresh one when it is entered again, and the result of a step that was left is dropped.
 */
import { assign, createMachine, setup } from 'xstate'
import { describe, expect, test } from 'vitest'
import { defineEntryPoint, fromStep, type StepArguments } from '../../src/index.js'
import { exploreCrashes } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { crashEverywhere, type Say } from '../support/crash-everywhere.js'
import { eventually, turns } from '../support/eventually.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { faultyStore } from '../../src/testing/store/faulty-store.js'
import { places } from '../support/store-place.js'

/** Takes the same step twice, with a wait between, and collects the keys that it was given. */
const twice = (say: Say) =>
  setup({
    types: { context: {} as { keys: string[] } },
    actors: {
      step: fromStep(async ({ idempotencyKey }: StepArguments<unknown>) => {
        say(`key ${idempotencyKey.slice(idempotencyKey.indexOf('/'))}`)
        return idempotencyKey.slice(idempotencyKey.indexOf('/'))
      }),
    },
  }).createMachine({
    id: 'twice',
    context: { keys: [] },
    initial: 'working',
    states: {
      working: {
        invoke: {
          id: 'step',
          src: 'step',
          onDone: { target: 'resting', actions: assign({ keys: ({ context, event }) => [...context.keys, event.output] }) },
        },
      },
      resting: { always: { guard: ({ context }) => context.keys.length === 2, target: 'end' }, after: { 1_000: 'working' } },
      end: { type: 'final' },
    },
    output: ({ context }) => context.keys,
  })

describe('an idempotency key', () => {
  // a crashed run says the same keys as a whole one: a step that runs again does so under its own
  crashEverywhere('is the same after a crash, and fresh on re-entry', { program: twice }, ({ output, said }) => {
    const keys = output as string[]
    expect(new Set(keys).size).toBe(2)
    expect(said).toEqual(keys.map((key) => `key ${key}`))
  })
})

const acting = (say: Say) =>
  setup({ actions: { note: (_, { n }: { n: number }) => say(`note ${n}`) } }).createMachine({
    id: 'acting',
    initial: 'a',
    states: {
      a: { on: { GO: { target: 'b', actions: [{ type: 'note', params: { n: 1 } }, () => say('inline')] } } },
      b: { after: { 1_000: 'c' } },
      c: { type: 'final' },
    },
  })

describe.each(places)('on %s', (_, place) => {
  test('a named action runs again after a crash between commit and acknowledgement, an inline one at most once', async () => {
    let said: string[] = []
    const runs: string[] = []
    const entryPoint = () => {
      const own: string[] = (said = [])
      return defineEntryPoint({ id: 'acting', program: acting((word) => void own.push(word)) })
    }
    await exploreCrashes(
      entryPoint,
      async (world) => {
        const execution = await world.trigger('acting')
        await execution.send({ type: 'GO' })
      },
      { store: () => place().open, pairs: 0, inlineActions: 'ignore', invariant: () => void runs.push(said.join(', ')) },
    )
    expect(runs[0]).toBe('note 1, inline')
    // the crash after the commit, before anything ran
    expect(runs).toContain('note 1')
    // the crash after they ran, before the acknowledgement was durable
    expect(runs).toContain('note 1, inline, note 1')
    for (const run of runs) {
      expect(run).toContain('note 1')
      expect(run.split('inline').length).toBeLessThanOrEqual(2)
    }
  })

  test.each([
    ['before it is written', 'before'],
    ['before anybody is told', 'after'],
  ] as const)('no step starts and no action runs while the commit of its cause is held back, %s', async (_when, when) => {
    const flights = new StepsInFlight()
    const said: string[] = []
    const program = setup({ actors: { step: flights.step }, actions: { note: () => said.push('note') } }).createMachine({
      id: 'gated',
      initial: 'idle',
      states: {
        idle: { on: { GO: 'working' } },
        working: { entry: ['note', () => said.push('inline')], invoke: { src: 'step', input: 'a', onDone: 'end' } },
        end: { type: 'final' },
      },
    })
    const store = faultyStore(place().connect())
    const runtime = await begin({ store, entryPoints: [defineEntryPoint({ id: 'gated', program })] })
    const execution = await runtime.trigger('gated')
    await eventually('it to wait', async () => (await execution.get()).status === 'waiting')
    store.inject({ kind: 'hang', call: 'commit', when })
    const sent = execution.send({ type: 'GO' })
    await eventually('the commit to be held', () => store.waiting > 0)
    await turns()
    expect(flights.all).toEqual([])
    expect(said).toEqual([])
    store.heal()
    const flight = await flights.started('a')
    expect(said).toEqual(['note', 'inline'])
    expect(await sent).toMatchObject({ status: 'delivered' })
    flight.end()
    expect(await execution.result()).toMatchObject({ status: 'completed' })
  })

  test('the result of a step that was left, and entered again since, is dropped', async () => {
    const flights = new StepsInFlight()
    const program = setup({ types: { context: {} as { got: string } }, actors: { step: flights.step } }).createMachine({
      id: 'leaving',
      context: { got: '' },
      initial: 'working',
      states: {
        working: {
          invoke: {
            id: 'step',
            src: 'step',
            input: 'a',
            onDone: { target: 'end', actions: assign({ got: ({ event }) => event.output }) },
          },
          on: { AGAIN: { target: 'working', reenter: true } },
        },
        end: { type: 'final' },
      },
      output: ({ context }) => context.got,
    })
    const runtime = await begin({ store: place().connect(), entryPoints: [defineEntryPoint({ id: 'leaving', program })] })
    const execution = await runtime.trigger('leaving')
    const first = await flights.started('a')
    await execution.send({ type: 'AGAIN' })
    const second = await flights.started('a', 2)
    expect(first.signal.aborted).toBe(true)
    first.end('late')
    await turns()
    expect(await execution.get()).toMatchObject({ status: 'running', value: 'working' })
    second.end('right')
    expect(await execution.result()).toEqual({ status: 'completed', output: 'right' })
  })
})

test.each(places)('executions on %s that use the same systemId at once each reach their own actor', async (_, place) => {
  const notifier = createMachine({
    id: 'notifier',
    context: { count: 0 },
    on: { NOTIFY: { actions: assign({ count: ({ context }) => context.count + 1 }) } },
  })
  const program = setup({ types: { input: {} as { times: number } }, actors: { notifier } }).createMachine({
    id: 'notifying',
    context: ({ input }) => ({ times: input.times, told: 0 }),
    invoke: { src: 'notifier', systemId: 'notifier' },
    initial: 'open',
    states: {
      open: {
        on: {
          TELL: { actions: ({ system }) => system.get('notifier')?.send({ type: 'NOTIFY' }) },
          CLOSE: {
            target: 'end',
            actions: assign({ told: ({ system }) => system.get('notifier')?.getSnapshot().context.count }),
          },
        },
      },
      end: { type: 'final' },
    },
    output: ({ context }) => context.told as number,
  })
  const runtime = await begin({
    store: place().connect(),
    entryPoints: [defineEntryPoint({ id: 'notifying', program, maxConcurrent: 50 })],
  })
  const executions = await Promise.all([...Array(20).keys()].map((times) => runtime.trigger('notifying', { times })))
  for (const [times, execution] of executions.entries()) for (let n = 0; n < times; n++) await execution.send({ type: 'TELL' })
  await turns()
  await Promise.all(executions.map((execution) => execution.send({ type: 'CLOSE' })))
  const outputs = await Promise.all(
    executions.map(async (execution) => ((await execution.result()) as { output: number }).output),
  )
  expect(outputs).toEqual([...Array(20).keys()])
})
