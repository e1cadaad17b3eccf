/**
 * A car's vitals, after the description of the Serverless Workflow specification 0.8 (examples/car-vitals-checks and
 * its subflow): once the car is turned on, its tyres, oil, coolant and battery are checked and shown on the dashboard,
 * a second's rest after each round, until it is turned off.
 *
 * Owns: the machine, the child that makes one round, the entry point and its scenarios.
 */
import { assign, emit, setup } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import type { Scenario } from '../../src/testing/explore/scenario.js'
import type { TestRuntime } from '../../src/testing/world/test-runtime.js'
import { service } from './service.js'

type Evaluation = 'good' | 'low'

interface Evaluations {
  readonly tires: Evaluation
  readonly oil: Evaluation
  readonly coolant: Evaluation
  readonly battery: Evaluation
}

const vitalsMachine = setup({
  types: { context: {} as Partial<Evaluations>, output: {} as Partial<Evaluations> },
  actors: {
    checkTires: service<Evaluation, undefined>('tires'),
    checkOil: service<Evaluation, undefined>('oil'),
    checkCoolant: service<Evaluation, undefined>('coolant'),
    checkBattery: service<Evaluation, undefined>('battery'),
  },
}).createMachine({
  id: 'vitals',
  context: {},
  type: 'parallel',
  states: {
    tires: {
      initial: 'checking',
      states: {
        checking: {
          invoke: {
            src: 'checkTires',
            onDone: { target: 'checked', actions: assign({ tires: ({ event }) => event.output }) },
          },
        },
        checked: { type: 'final' },
      },
    },
    oil: {
      initial: 'checking',
      states: {
        checking: {
          invoke: { src: 'checkOil', onDone: { target: 'checked', actions: assign({ oil: ({ event }) => event.output }) } },
        },
        checked: { type: 'final' },
      },
    },
    coolant: {
      initial: 'checking',
      states: {
        checking: {
          invoke: {
            src: 'checkCoolant',
            onDone: { target: 'checked', actions: assign({ coolant: ({ event }) => event.output }) },
          },
        },
        checked: { type: 'final' },
      },
    },
    battery: {
      initial: 'checking',
      states: {
        checking: {
          invoke: {
            src: 'checkBattery',
            onDone: { target: 'checked', actions: assign({ battery: ({ event }) => event.output }) },
          },
        },
        checked: { type: 'final' },
      },
    },
  },
  output: ({ context }) => context,
})

const carVitalsMachine = setup({
  types: {
    context: {} as { rounds: number; last: Partial<Evaluations>; isOff: boolean },
    events: {} as { type: 'CAR_TURNED_ON' } | { type: 'CAR_TURNED_OFF' },
    emitted: {} as { type: 'DISPLAY_ON_DASHBOARD'; round: number; evaluations: Partial<Evaluations> },
    output: {} as { rounds: number; last: Partial<Evaluations> },
  },
  actors: { vitals: vitalsMachine },
  delays: { rest: 1_000 },
  guards: { isOff: ({ context }) => context.isOff },
}).createMachine({
  id: 'carVitals',
  context: { rounds: 0, last: {}, isOff: false },
  initial: 'parked',
  on: { CAR_TURNED_OFF: { actions: assign({ isOff: true }) } },
  states: {
    parked: { on: { CAR_TURNED_ON: 'checking', CAR_TURNED_OFF: undefined } },
    checking: {
      invoke: {
        src: 'vitals',
        onDone: {
          target: 'resting',
          actions: [
            assign({ rounds: ({ context }) => context.rounds + 1, last: ({ event }) => event.output }),
            emit(({ context }) => ({ type: 'DISPLAY_ON_DASHBOARD', round: context.rounds, evaluations: context.last })),
          ],
        },
      },
    },
    // a round that has begun is shown before the car is off
    resting: { always: { guard: 'isOff', target: 'off' }, after: { rest: 'checking' } },
    off: { type: 'final' },
  },
  output: ({ context: { rounds, last } }) => ({ rounds, last }),
})

/** The car's computer. */
export const carVitals = defineEntryPoint({ id: 'car-vitals', program: carVitalsMachine })

function fit(runtime: TestRuntime<readonly [typeof carVitals]>) {
  runtime.mock('checkTires', () => 'good' as const)
  runtime.mock(
    'checkOil',
    () => 'good' as const,
    () => 'low' as const,
  )
  runtime.mock('checkCoolant', () => 'good' as const)
  runtime.mock('checkBattery', () => 'good' as const)
}

/** What a car may do, by name. */
export const carVitalsScenarios = {
  'the car is turned off while it rests': async (runtime) => {
    fit(runtime)
    const car = await runtime.trigger('car-vitals')
    await car.send({ type: 'CAR_TURNED_ON' })
    await runtime.advance(1_500)
    await car.send({ type: 'CAR_TURNED_OFF' })
    await runtime.runToIdle()
  },
  'the car is turned off while it is checked': async (runtime) => {
    fit(runtime)
    runtime.mock('checkOil', async ({ sleep }) => (await sleep(300), 'low' as const))
    const car = await runtime.trigger('car-vitals')
    await car.send({ type: 'CAR_TURNED_ON' })
    await runtime.advance(100)
    await car.send({ type: 'CAR_TURNED_OFF' })
    await runtime.runToIdle()
  },
} satisfies Record<string, Scenario<typeof carVitals>>
