/** What a cancel must not miss: the end of the program, and what is to be made good. */
import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { defineEntryPoint, fromStep } from '../../../src/index.js'
import { statewardHost } from '../../../src/testing/explore/stateward-host.js'
import {
  delayed,
  fails,
  exploreCancels,
  ExplorationError,
  returns,
  type ExplorationHost,
  type MockBehaviour,
  type Scenario,
} from '../../../src/testing/index.js'

/** Charges, ships, and refunds when it is cancelled; `takenIn`: where it takes that. */
function order(takenIn: 'anywhere' | 'charging') {
  const actors = { charge: fromStep(() => 'receipt'), ship: fromStep(() => 'parcel'), refund: fromStep(() => 'refund') }
  const cancel = { CANCEL: '.refunding' } as const
  const machine = setup({ types: { events: {} as { type: 'CANCEL' } }, actors }).createMachine({
    id: 'order',
    initial: 'charging',
    ...(takenIn === 'anywhere' ? { on: cancel } : {}),
    states: {
      charging: { invoke: { src: 'charge', onDone: 'shipping' }, on: { CANCEL: 'refunding' } },
      shipping: { invoke: { src: 'ship', onDone: 'shipped', onError: 'refunding' } },
      refunding: { invoke: { src: 'refund', onDone: 'refunded' } },
      refunded: { type: 'final' },
      shipped: { type: 'final' },
    },
  })
  return defineEntryPoint({ id: 'orders', program: machine, cancelEvent: { type: 'CANCEL' } })
}

const withShip =
  (ship: MockBehaviour<unknown, string>): Scenario<ReturnType<typeof order>> =>
  async (runtime) => {
    runtime.mock('charge', delayed(100, returns('charged')))
    runtime.mock('ship', delayed(100, ship))
    runtime.mock('refund', delayed(100, returns('refunded')))
    await runtime.trigger('orders')
    await runtime.runToIdle()
  }
const ordered = withShip(returns('shipped'))
const lost = withShip(fails('sunk'))

async function found(takenIn: 'anywhere' | 'charging', host?: ExplorationHost, scenario = ordered) {
  try {
    await exploreCancels(order(takenIn), scenario, host ? { host } : {})
    return undefined
  } catch (error) {
    if (!(error instanceof ExplorationError)) throw error
    return error.report.failures.map(({ cause }) => [cause.code, cause.where])
  }
}

describe('a cancel', () => {
  test('that a machine does not take, though it has done something, is named with the state in which it came', async () => {
    const causes = await found('charging')
    expect(causes?.[0]).toEqual(['compensation_missing', 'shipping'])
    expect(new Set(causes?.map(([code]) => code))).toEqual(new Set(['compensation_missing']))
  })

  test('that comes when a machine makes good by itself what it did is not missed', async () => {
    const causes = await found('charging', undefined, lost)
    expect(new Set(causes?.map(([, where]) => where))).toEqual(new Set(['shipping']))
  })

  test('that a host lets end otherwise than the program did is named as a race, without an invariant', async () => {
    const racing: ExplorationHost = {
      name: 'a host that races',
      begin(options) {
        const world = statewardHost.begin(options)
        const observe = async () => {
          const all = await world.observe()
          const raced = all.filter(({ status, value }) => status === 'completed' && value === 'shipped')
          const isCancelled = world.history().entries.some(({ text }) => text === 'cancel')
          breaches.push(
            ...(isCancelled ? raced : []).map(({ id }) => ({
              execution: id,
              what: 'its program had completed',
              isRace: true as const,
            })),
          )
          return all
        }
        const breaches: { execution: string; what: string; isRace: true }[] = []
        return Object.defineProperties(
          {},
          {
            ...Object.getOwnPropertyDescriptors(world),
            observe: { value: observe },
            breaches: { get: () => [...world.breaches, ...breaches] },
          },
        ) as typeof world
      },
    }
    expect((await found('anywhere', racing))?.[0]).toEqual(['cancel_race', 'shipped'])
  })
})
