/**
 * Accumulating the readings of rooms, after the description of the Serverless Workflow specification 0.8
 * (examples/accumulate-room-readings): temperatures and humidities of a room are gathered for an hour, and reported.
 *
 * Owns: the machine, its entry point and its scenarios. What it keeps is a Map.
 */
import { assign, setup } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import type { Scenario } from '../../src/testing/explore/scenario.js'
import { Ledger } from './ledger.js'
import { service } from './service.js'

type Readings = ReadonlyMap<string, readonly number[]>

const roomReadingsMachine = setup({
  types: {
    context: {} as { readings: Readings; hours: number },
    events: {} as { type: 'TEMPERATURE'; room: string; value: number } | { type: 'HUMIDITY'; room: string; value: number },
    output: {} as { hours: number },
  },
  actors: { report: service<void, Readings>('reports') },
  actions: {
    keep: assign({
      readings: ({ context: { readings }, event: { room, value } }) =>
        new Map([...readings, [room, [...(readings.get(room) ?? []), value]]]),
    }),
    clear: assign({ readings: new Map(), hours: ({ context }) => context.hours + 1 }),
  },
  guards: { isOver: ({ context }) => context.hours >= 2 },
}).createMachine({
  id: 'roomReadings',
  context: { readings: new Map(), hours: 0 },
  initial: 'gathering',
  states: {
    gathering: {
      on: { TEMPERATURE: { actions: 'keep' }, HUMIDITY: { actions: 'keep' } },
      after: { 3_600_000: 'reporting' },
    },
    reporting: {
      // what comes meanwhile belongs to the next hour
      on: { TEMPERATURE: { actions: 'keep' }, HUMIDITY: { actions: 'keep' } },
      invoke: {
        src: 'report',
        input: ({ context }) => context.readings,
        onDone: { target: 'deciding', actions: 'clear' },
      },
    },
    deciding: { always: [{ guard: 'isOver', target: 'over' }, { target: 'gathering' }] },
    over: { type: 'final' },
  },
  output: ({ context: { hours } }) => ({ hours }),
})

/** The house. */
export const roomReadings = defineEntryPoint({ id: 'room-readings', program: roomReadingsMachine })

/** All that may be read. */
export const roomReadingsScenarios = {
  'two rooms in the first hour, none in the second': async (runtime) => {
    const ledger = new Ledger()
    runtime.mock('report', ({ input, idempotencyKey }) => {
      ledger.record(idempotencyKey, [...input].map(([room, values]) => `${room} ${values.join(' ')}`).join(', '))
    })
    const house = await runtime.trigger('room-readings')
    await house.send({ type: 'TEMPERATURE', room: 'kitchen', value: 21 })
    await house.send({ type: 'HUMIDITY', room: 'kitchen', value: 40 })
    await house.send({ type: 'TEMPERATURE', room: 'bath', value: 24 })
    await runtime.runToIdle()
    return ledger.effects
  },
} satisfies Record<string, Scenario<typeof roomReadings>>
