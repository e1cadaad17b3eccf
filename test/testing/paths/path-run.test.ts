/** Every path of the known programs runs on the real runtime, with a restart after each of its steps; what goes another way is named. */
import { assign, createMachine, enqueueActions, fromPromise, setup } from 'xstate'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Triage } from '../../../examples/github-triage/classify.js'
import { issueMachine } from '../../../examples/github-triage/issue-machine.js'
import { readPayloads, type WebhookInput } from '../../../examples/github-triage/payloads.js'
import { defineEntryPoint, fromStep, isStatewardError, type StatewardError } from '../../../src/index.js'
import { pathsOf, type ExecutionPath, type PathOptions } from '../../../src/testing/index.js'
import {
  alarms,
  deliveries,
  doors,
  families,
  inline,
  laps,
  orders,
  pairs,
  players,
  reminders,
  timeouts,
} from './path-programs.js'

const all: readonly (readonly [string, readonly ExecutionPath[]])[] = [
  [
    'orders',
    pathsOf(orders, {
      input: { amount: 7 },
      events: {
        APPROVE: [
          { type: 'APPROVE', by: 'ann' },
          { type: 'APPROVE', by: 'mallory' },
        ],
      },
      outputs: { charge: ['r1', 'r2'] },
      errors: { charge: [new Error('no funds')], parcel: ['lost'] },
    }),
  ],
  ['simple orders', pathsOf(orders, { input: { amount: 7 }, kind: 'simple' })],
  ['pairs', pathsOf(pairs)],
  ['laps', pathsOf(laps)],
  ['doors', pathsOf(doors)],
  ['patient reminders', pathsOf(reminders, { input: { patience: 60_000 } })],
  ['impatient reminders', pathsOf(reminders, { input: { patience: 995 } })],
  ['players', pathsOf(players)],
  ['deliveries', pathsOf(deliveries)],
  ['inline', pathsOf(inline, { outputs: { named: ['x'] }, errors: { named: ['broken'] } })],
  ['families', pathsOf(families)],
  ['alarms', pathsOf(alarms)],
  ['timeouts', pathsOf(timeouts)],
  ['issues of the example', issuePaths()],
]

/** A machine that was not made for this: a parallel state, a reminder, a person who has to agree. */
function issuePaths(): readonly ExecutionPath[] {
  const issues = defineEntryPoint({ id: 'issues', program: issueMachine })
  const input = readPayloads().find(({ entryPoint }) => entryPoint === 'issues')?.input as WebhookInput
  const found = { kind: 'bug', area: 'code', size: 'S', urgency: 50 } as const
  const noise = { ...found, approval: null, noise: true }
  const plain = { ...noise, noise: false }
  const delicate: Triage = { ...plain, approval: 'urgent' }
  return pathsOf(issues, {
    input,
    outputs: { triage: [noise, plain, delicate], label: [['a']], summarise: ['s'], deliver: [{ checksum: '1' }] },
  })
}

describe.each(all)('%s', (_, paths) => {
  test.each(paths.map((path) => [path.description, path] as const))('%s', async (_description, path) => {
    await path.run()
  })
})

/** What a run rejects with. */
async function divergence(path: ExecutionPath, options?: Parameters<ExecutionPath['run']>[0]): Promise<StatewardError> {
  const error: unknown = await path.run(options).catch((reason: unknown) => reason)
  if (isStatewardError(error, 'path_diverged')) return error
  throw new Error('it did not diverge', { cause: error })
}

describe('a run that goes another way than its walk is told', () => {
  // what a machine goes by although it is neither in its state nor in its events
  let mode: 'walked' | 'run' = 'walked'
  beforeEach(() => void (mode = 'walked'))

  /** The only path of a machine, walked in one mode and then run in another. */
  function leaky(states: object, options: PathOptions = {}, more: object = {}): ExecutionPath {
    const program = createMachine({ id: 'leaky', context: {}, initial: 'a', states, ...more } as never)
    const [path, ...others] = pathsOf(defineEntryPoint({ id: 'leaks', program }), options)
    expect(others).toEqual([])
    mode = 'run'
    return path as ExecutionPath
  }

  test('by its states, with the path, the step and the story', async () => {
    const toB = { guard: () => mode === 'walked', target: 'b' }
    const error = await divergence(leaky({ a: { on: { GO: [toB, 'c'] } }, b: { on: { ON: 'd' } }, c: {}, d: {} }))
    expect(error.message).toBe(
      'Path GO → ON → d of leaks diverged at step 1 of 2 (GO): expected state b, found c. The machine went another way than when ' +
        'it was walked: a guard, an assignment or a delay goes by something that is not in its state and its events, or a custom action sends something.',
    )
    expect(error.details).toEqual({
      entryPoint: 'leaks',
      path: 'GO → ON → d',
      step: 1,
      crashedAfter: [],
      what: 'state',
      expected: 'b',
      found: 'c',
      history: expect.arrayContaining([expect.stringContaining('a —GO→ c')]),
    })
  })

  test('by its statuses, with why it failed', async () => {
    const guard = () => {
      if (mode === 'run') throw new Error('the bank is closed')
      return true
    }
    const error = await divergence(leaky({ a: { on: { GO: { guard, target: 'b' } } }, b: {} }))
    expect(error.message).toMatch(/at step 1 of 1 \(GO\): expected status active, found error \(.*the bank is closed\)\. The/s)
  })

  test('by its contexts, as far as they count', async () => {
    const states = { a: { on: { GO: { target: 'b', actions: assign({ mode: () => mode }) } } }, b: {} }
    const { details } = await divergence(leaky(states))
    expect(details).toMatchObject({ what: 'context', expected: '{ mode: "walked" }', found: '{ mode: "run" }' })
    mode = 'walked'
    await leaky(states, { context: false }).run()
    mode = 'walked'
    const part = (context: unknown) => Object.keys(context as object)
    await leaky(states, { context: part }).run()
  })

  test('by its outputs', async () => {
    const states = { a: { on: { GO: 'b' } }, b: { type: 'final' } }
    const { details } = await divergence(leaky(states, {}, { output: () => mode }))
    expect(details).toMatchObject({ what: 'output', expected: '"walked"', found: '"run"' })
  })

  test('by its timers, before the first of them is missed', async () => {
    const ring = enqueueActions(({ enqueue }) => {
      if (mode === 'walked') enqueue.raise({ type: 'RANG' }, { delay: 50 })
    })
    const error = await divergence(leaky({ a: { entry: ring, on: { RANG: 'b' } }, b: {} }, { events: { RANG: [] } }))
    expect(error.message).toContain('diverged at its start: expected timers RANG, found none.')
    expect(error.details).toMatchObject({ what: 'timers', expected: 'RANG', found: 'none' })
  })

  test('by its steps in flight', async () => {
    const spawn = enqueueActions(({ enqueue }) => {
      if (mode === 'run') enqueue.spawnChild('work' as never, { id: 'extra' } as never)
    })
    const program = setup({ actors: { work: fromPromise(async () => 1) } }).createMachine({
      id: 'leaky',
      initial: 'a',
      states: { a: { on: { GO: { target: 'b', actions: spawn as never } } }, b: { on: { 'xstate.done.actor.extra': 'a' } } },
    })
    const [path] = pathsOf(defineEntryPoint({ id: 'leaks', program }))
    mode = 'run'
    const error = await divergence(path as unknown as ExecutionPath)
    expect(error.message).toContain('at step 1 of 1 (GO): expected in flight none, found extra.')
  })

  test('by the step that it was restarted after, where it goes the right way without that', async () => {
    // by identity, which no store keeps
    const passes = new WeakSet<object>()
    const pass = assign({
      pass: () => {
        const made = {}
        passes.add(made)
        return made
      },
    })
    const isKnown = ({ context }: { context: { pass?: object } }) => passes.has(context.pass ?? {})
    const path = leaky({
      a: { on: { PASS: { target: 'b', actions: pass } } },
      b: { on: { SHOW: [{ guard: isKnown, target: 'c' }, 'd'] } },
      c: { on: { ON: 'e' } },
      d: {},
      e: {},
    })
    expect(path.description).toBe('PASS → SHOW → ON → e')
    await path.run({ crashAfter: [0, 2] })
    await path.run({ crashAfter: [] })
    const error = await divergence(path)
    expect(error.message).toBe(
      'Path PASS → SHOW → ON → e of leaks diverged at step 2 of 3 (SHOW), restarted after step 1: expected state c, found d. ' +
        'Without the restart it went the right way: something that it goes by is not in what is stored.',
    )
    expect(error.details).toMatchObject({ step: 2, crashedAfter: [1], expected: 'c', found: 'd' })
  })
})

describe('a path is run', () => {
  test('as it is, once for each step with a restart after it and once before the first, and once with all of them', async () => {
    const story: string[] = []
    const program = setup({ actions: { note: ({ event }) => void story.push(event.type) } }).createMachine({
      id: 'm',
      initial: 'a',
      states: {
        a: { on: { GO: { target: 'b', actions: 'note' } } },
        b: { on: { ON: { target: 'c', actions: 'note' } } },
        c: {},
      },
    })
    const [path] = pathsOf(defineEntryPoint({ id: 'm', program }))
    await path?.run()
    expect(story).toEqual(Array.from({ length: 5 }, () => ['GO', 'ON']).flat())
    story.length = 0
    await path?.run({ crashAfter: [] })
    expect(story).toEqual(['GO', 'ON'])
    await expect(path?.run({ crashAfter: [2, 3] })).rejects.toMatchObject({ code: 'invalid_option', details: { step: 3 } })
  })

  test('without the retries and limits that would end its steps or itself', async () => {
    const pay = fromStep(() => 'paid', { timeout: 10, retry: { maxAttempts: 3 } })
    const program = setup({ actors: { pay } }).createMachine({
      id: 'payment',
      initial: 'paying',
      states: {
        paying: { invoke: { src: 'pay', onDone: 'paid', onError: 'refused' }, after: { 60_000: 'late' } },
        paid: { type: 'final' },
        refused: { type: 'final' },
        late: { type: 'final' },
      },
    })
    const payments = defineEntryPoint({ id: 'payments', program, timeout: 1_000, retry: { maxAttempts: 2 } })
    const paths = pathsOf(payments, { errors: { pay: [new Error('no funds')] } })
    expect(paths.map(({ description }) => description)).toEqual([
      'pay ends → paid',
      'pay fails with no funds → refused',
      'after 1m → late',
    ])
    for (const path of paths) await path.run()
  })

  test('but with those of an inline step, and says so', async () => {
    const pay = fromStep(() => 'paid', { retry: { maxAttempts: 2 } })
    const program = createMachine({
      id: 'payment',
      initial: 'paying',
      states: { paying: { invoke: { id: 'pay', src: pay, onError: 'refused' } }, refused: {} },
    })
    const [path] = pathsOf(defineEntryPoint({ id: 'payments', program }))
    const error = await divergence(path as ExecutionPath)
    expect(error.message).toContain('step pay is tried again by its own `retry`; name its logic')
  })
})
