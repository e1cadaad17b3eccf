/** The causes that lie in what begins again after a crash, and what is said where nothing happens at all. */
import { describe, expect, test } from 'vitest'
import { assign, createMachine, fromCallback, fromTransition, sendTo, setup } from 'xstate'
import { defineEntryPoint, fromStep, isStatewardError, type EntryPoint, type StepOptions } from '../../../src/index.js'
import {
  exploreCrashes,
  ExplorationError,
  explorePauses,
  type ExplorationOptions,
  type Scenario,
} from '../../../src/testing/index.js'

async function failure<TEntryPoint extends EntryPoint>(
  entryPoint: TEntryPoint,
  scenario: Scenario<TEntryPoint>,
  options?: ExplorationOptions,
  explore: typeof exploreCrashes | typeof explorePauses = exploreCrashes,
): Promise<{ code: string; where: string; message: string } | undefined> {
  try {
    await explore(entryPoint, scenario as never, options)
    return undefined
  } catch (error) {
    if (!(error instanceof ExplorationError)) throw error
    return error.report.failures[0]?.cause
  }
}

const paying = (options: StepOptions = {}, onError?: string) =>
  setup({ actors: { pay: fromStep<string>(() => 'unmocked', options) } }).createMachine({
    id: 'payment',
    initial: 'paying',
    states: {
      paying: { invoke: { id: 'pay', src: 'pay', onDone: 'paid', ...(onError === undefined ? {} : { onError }) } },
      paid: { type: 'final' },
      refused: { type: 'final' },
    },
  })

const payments = (program = paying(), maxRecoveries = 5) => defineEntryPoint({ id: 'payments', program, maxRecoveries })

const pay: Scenario<ReturnType<typeof payments>> = async (world) => {
  world.mock('pay', () => 'receipt')
  await world.trigger('payments')
  await world.runToIdle()
}

describe('a step that must not run again', () => {
  test.each([
    ['fails', paying({ onRecovery: 'fail' })],
    ['waits for a person', paying({ onRecovery: 'hold' })],
    ['leads elsewhere', paying({ onRecovery: 'fail' }, 'refused')],
  ])('and %s is named, and may be accepted', async (_, program) => {
    expect(await failure(payments(program), pay)).toMatchObject({ code: 'step_interrupted', where: 'pay' })
    expect(await failure(payments(program), pay, { accept: ['step_interrupted'] })).toBeUndefined()
  })
})

test('an execution that is killed more often than it may be is named', async () => {
  expect(await failure(payments(paying(), 1), pay)).toMatchObject({ code: 'recovery_limit', where: 'paying' })
})

describe('a step that comes to something else under the same key', () => {
  test('is named as repeated, though the scenario shows nothing', async () => {
    const cause = await failure(payments(paying({}, 'refused')), async (world) => {
      const known = new Set<string>()
      world.mock('pay', ({ idempotencyKey }) => {
        if (known.has(idempotencyKey)) throw new Error('409 conflict')
        known.add(idempotencyKey)
        return 'receipt'
      })
      await world.trigger('payments')
      await world.runToIdle()
    })
    expect(cause).toMatchObject({ code: 'step_repeated', where: 'pay' })
    expect(cause?.message).toContain('it failed with Error: 409 conflict; undisturbed it ended with "receipt"')
  })
})

test('a step that a pause has aborted is not said to have lost its process', async () => {
  const scenario: Scenario<ReturnType<typeof payments>> = async (world) => {
    const ledger: string[] = []
    world.mock('pay', async ({ sleep }) => {
      ledger.push('charged')
      await sleep(100)
      return 'receipt'
    })
    await world.trigger('payments')
    await world.runToIdle()
    return ledger
  }
  const cause = await failure(payments(), scenario, {}, explorePauses)
  expect(cause).toMatchObject({ code: 'step_repeated' })
  expect(cause?.message).toContain('in flight when it was paused')
})

test('a callback that hears a delayed event twice is named', async () => {
  let heard: string[] = []
  const ring = fromCallback(({ receive }) => receive(({ type }) => heard.push(type)))
  const machine = setup({ actors: { ring } }).createMachine({
    id: 'bell',
    initial: 'waiting',
    invoke: { src: 'ring', id: 'ring' },
    states: {
      waiting: { entry: sendTo('ring', { type: 'RING' }, { delay: 5_000 }), after: { 9_000: 'over' } },
      over: { type: 'final' },
    },
  })
  const cause = await failure(defineEntryPoint({ id: 'bells', program: machine }), async (world) => {
    heard = []
    await world.trigger('bells')
    await world.runToIdle()
    return [...heard]
  })
  expect(cause).toMatchObject({ code: 'callback_restarted', where: 'ring' })
})

test('a count from outside is random, though the crash made the same run count twice', async () => {
  let count = 0
  const machine = setup({ types: { context: {} as { no: number } } }).createMachine({
    id: 'invoice',
    context: { no: 0 },
    initial: 'draft',
    states: {
      draft: { on: { ISSUE: { target: 'issued', actions: assign({ no: () => ++count }) } } },
      issued: { after: { 5_000: 'archived' } },
      archived: { type: 'final' },
    },
  })
  const cause = await failure(defineEntryPoint({ id: 'invoices', program: machine }), async (world) => {
    count = 0
    const invoice = await world.trigger('invoices')
    await invoice.send({ type: 'ISSUE' })
    await world.runToIdle()
  })
  expect(cause).toMatchObject({ code: 'randomness', where: 'context.no, in draft —ISSUE→ issued' })
})

test('an actor that is spawned from an inline logic is not storable, not random, though XState numbers it', async () => {
  const machine = createMachine({
    context: { child: undefined as unknown },
    id: 'spawning',
    entry: assign({ child: ({ spawn }) => spawn(fromTransition((state: number) => state, 1)) }),
  })
  const cause = await failure(defineEntryPoint({ id: 'spawns', program: machine }), (world) => world.trigger('spawns'))
  expect(cause).toMatchObject({ code: 'not_storable' })
})

test('a scenario that comes to no point is refused: it would survive anything', async () => {
  const error: unknown = await exploreCrashes(payments(), () => undefined).catch((thrown: unknown) => thrown)
  expect(isStatewardError(error, 'invalid_option') && error.details['option']).toBe('scenario')
})
