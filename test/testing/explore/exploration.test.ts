/** What explorations do, and how they report. */
import { describe, expect, test } from 'vitest'
import { assign, fromPromise, setup } from 'xstate'
import { defineEntryPoint, fromExecution, isStatewardError } from '../../../src/index.js'
import { sqliteStore } from '../../../src/persistence/sqlite/sqlite-store.js'
import {
  delayed,
  exploreCancels,
  exploreCrashes,
  explorePauses,
  ExplorationError,
  naiveHost,
  returns,
  type ExplorationReport,
  type Scenario,
} from '../../../src/testing/index.js'
import { fastFolder } from '../../support/store-place.js'
import { temporaryFolder } from '../../support/temporary-folder.js'
import { orders } from '../world/orders.js'

const paid: Scenario<typeof orders> = async (runtime) => {
  runtime.mock(
    'charge',
    delayed(2_000, ({ input }) => `${input} charged`),
  )
  const order = await runtime.trigger('orders', { amount: 42 })
  await order.send({ type: 'APPROVE' })
  await runtime.runToIdle()
}

async function refused(exploration: Promise<ExplorationReport>): Promise<ExplorationError> {
  const error: unknown = await exploration.catch((thrown: unknown) => thrown)
  if (error instanceof ExplorationError) return error
  throw new Error(`it was not refused: ${String(error)}`)
}

describe('crashes', () => {
  test('are tried before and after every commit, around every step and every action, and in pairs', async () => {
    const report = await exploreCrashes(orders, paid, { pairs: 10 })
    const kinds = new Map<string, number>()
    for (const { kind, side } of report.undisturbed.points) kinds.set(`${side} ${kind}`, (kinds.get(`${side} ${kind}`) ?? 0) + 1)
    expect(Object.fromEntries(kinds)).toEqual({
      'before commit': 4,
      'after commit': 4,
      'before step': 2,
      'after step': 2,
      'before step end': 2,
      'after step end': 2,
      'before action': 1,
      'after action': 1,
    })
    expect(report.points).toBe(18)
    expect(report.runs).toBe(2 + 18 + 10)
    expect(report.undisturbed.executions['execution-1']).toMatchObject({ status: 'completed', output: '42 charged', ends: 1 })
  })

  test('leave a scenario its calls: each has its effect once', async () => {
    const report = await exploreCrashes(orders, async (runtime) => {
      runtime.mock('charge', returns('charged'))
      const order = await runtime.trigger('orders', { amount: 1 })
      const approved = await order.send({ type: 'APPROVE' })
      const outcome = await order.result()
      return [approved.status, outcome]
    })
    expect(report.failures).toEqual([])
  })

  test('are survived on SQLite, each process with a connection of its own', async () => {
    const folder = temporaryFolder(fastFolder)
    let runs = 0
    const store = () => {
      const file = `${folder}/${++runs}.db`
      return () => sqliteStore(file)
    }
    const report = await exploreCrashes(orders, paid, { store, pairs: 4 })
    expect(report.runs).toBe(runs)
  })

  test('are survived by an execution that starts others', async () => {
    const parent = defineEntryPoint({
      id: 'parents',
      program: setup({
        types: { context: {} as { receipts: string[] } },
        actors: { order: fromExecution<string, { amount: number }>('orders') },
        actions: {
          keep: assign({
            receipts: ({ context, event }) => [...context.receipts, (event as unknown as { output: string }).output],
          }),
        },
      }).createMachine({
        id: 'parent',
        context: { receipts: [] },
        initial: 'first',
        states: {
          first: { invoke: { src: 'order', input: { amount: 1 }, onDone: { target: 'second', actions: 'keep' } } },
          second: { invoke: { src: 'order', input: { amount: 2 }, onDone: { target: 'done', actions: 'keep' } } },
          done: { type: 'final' },
        },
      }),
    })
    const report = await exploreCrashes([parent, orders], async (runtime) => {
      await runtime.trigger('parents')
      await runtime.runToIdle()
    })
    expect(Object.keys(report.undisturbed.executions)).toEqual([
      'execution-1',
      'execution-1/0.parent.first#1',
      'execution-1/0.parent.second#2',
    ])
  })

  test('past the budget are counted as left out', async () => {
    const report = await exploreCrashes(orders, paid, { budget: 5, pairs: 0 })
    expect([report.runs, report.leftOut]).toEqual([5, 15])
    expect(String(report)).toContain('15 left out by the budget')
  })
})

describe('a failing exploration', () => {
  const machine = setup({ types: { events: {} as { type: 'PAY' } | { type: 'END' } } }).createMachine({
    id: 'payment',
    initial: 'open',
    states: {
      open: { on: { PAY: { target: 'paid', actions: () => undefined } } },
      paid: { on: { END: 'over' } },
      over: { type: 'final' },
    },
  })
  const payments = defineEntryPoint({ id: 'payments', program: machine })
  const scenario: Scenario<typeof payments> = async (runtime) => {
    const payment = await runtime.trigger('payments', undefined, { id: 'payment-1' })
    await payment.send({ type: 'PAY' })
    await payment.send({ type: 'END' })
  }

  test('names the smallest point, the cause, and shows the two stories side by side', async () => {
    const error = await refused(exploreCrashes(payments, scenario))
    expect(isStatewardError(error, 'exploration_failed')).toBe(true)
    expect(error.details).toMatchObject({ what: 'crashes', at: 'crash after commit 2 of payment-1' })
    expect(error.message).toMatchInlineSnapshot(`
      "crashes: 10 runs over 8 points on Stateward: 2 came out otherwise. The smallest:
      crash after commit 2 of payment-1: inline_action_lost
        An inline action on PAY (open —PAY→ paid) ran 0 times instead of once: an inline action is not owed by any commit, and has no key. Make it a step, with an idempotency key, or name it in setup({ actions }) and let it bear repetition.
        payment-1: an inline action on PAY is 0 instead of 1

      undisturbed                         crash after commit 2 of payment-1
      +0s  trigger of payments          · +0s  trigger of payments
      +0s  starts in open               · +0s  starts in open
      +0s  send { type: "PAY" }         · +0s  send { type: "PAY" }
      +0s  open —PAY→ paid              · +0s  open —PAY→ paid
      +0s  does an inline action on PAY ≠ +0s  ✗ the process is killed
                                        ≠ +0s  ↻ another process begins
                                        ≠ +0s  stands in paid
      +0s  send { type: "END" }         · +0s  send { type: "END" }
      +0s  paid —END→ over              · +0s  paid —END→ over
      +0s  is completed                 · +0s  is completed

      Also: inline_action_lost at crash before action an inline action on PAY of payment-1"
    `)
  })

  test('is none if inline actions may be lost', async () => {
    const report = await exploreCrashes(payments, scenario, { inlineActions: 'ignore' })
    expect(report.failures).toEqual([])
  })

  test('says so when the scenario fails by itself', async () => {
    const failing = exploreCrashes(payments, async (runtime) => {
      await runtime.trigger('payments')
      throw new Error('of its own')
    })
    await expect(failing).rejects.toThrow('The scenario fails without any disturbance: Error: of its own')
  })

  test('is what an invariant makes of a run', async () => {
    const error = await refused(
      exploreCrashes(payments, scenario, {
        inlineActions: 'ignore',
        invariant: ({ history }) => {
          if (history.lines.some((line) => line.includes('stands in paid'))) throw new Error('it stood in paid again')
        },
      }),
    )
    expect(error.message).toContain('The invariant does not hold: Error: it stood in paid again')
  })

  test('refuses options that are none', async () => {
    await expect(exploreCrashes(payments, scenario, { budget: -1 })).rejects.toSatisfy((error) =>
      isStatewardError(error, 'invalid_option'),
    )
  })
})

describe('pauses', () => {
  test('are tried in both modes at every point, and change nothing', async () => {
    const report = await explorePauses(orders, paid)
    expect(report.runs).toBe(2 + 2 * report.points)
  })
})

describe('cancels', () => {
  const booking = (compensates: boolean) =>
    defineEntryPoint({
      id: 'bookings',
      ...(compensates ? { cancelEvent: { type: 'CANCEL' as const } } : {}),
      program: setup({
        types: { events: {} as { type: 'CANCEL' } },
        actors: { book: fromPromise<void>(() => Promise.resolve()), release: fromPromise<void>(() => Promise.resolve()) },
      }).createMachine({
        id: 'booking',
        initial: 'booking',
        states: {
          booking: { invoke: { src: 'book', onDone: 'booked' }, on: { CANCEL: 'releasing' } },
          booked: { after: { 60_000: 'over' }, on: { CANCEL: 'releasing' } },
          releasing: { invoke: { src: 'release', onDone: 'released' } },
          released: { type: 'final' },
          over: { type: 'final' },
        },
      }),
    })
  const ledgerOf: Scenario<ReturnType<typeof booking>> = async (runtime) => {
    const booked = new Set<string>()
    runtime.mock(
      'book',
      delayed(100, ({ executionId }) => void booked.add(executionId)),
    )
    runtime.mock('release', ({ executionId }) => void booked.delete(executionId))
    await runtime.trigger('bookings')
    await runtime.runToIdle()
    return booked
  }
  const nothingStaysBooked = ({ executions, returned }: ExplorationReport['undisturbed']) => {
    const [execution] = Object.values(executions)
    if (execution?.status === 'cancelled' && (returned as Set<string>).size > 0) throw new Error('the booking was not released')
  }

  test('are tried at every point; a compensation makes good what was done', async () => {
    const report = await exploreCancels(booking(true), ledgerOf, { invariant: nothingStaysBooked })
    expect(report.runs).toBe(2 + report.points)
  })

  test('show what is not made good without one', async () => {
    const error = await refused(exploreCancels(booking(false), ledgerOf, { invariant: nothingStaysBooked }))
    expect(error.message).toContain('the booking was not released')
    expect(error.report.failures[0]?.at).toMatch(/^cancel (before|after) /)
  })

  test('leave executions alone that have nothing to do with it', async () => {
    const report = await exploreCancels(orders, async (runtime) => {
      runtime.mock('charge', returns('charged'))
      const [one, two] = [await runtime.trigger('orders', { amount: 1 }), await runtime.trigger('orders', { amount: 2 })]
      await one.send({ type: 'APPROVE' })
      await two.send({ type: 'APPROVE' })
      await runtime.runToIdle()
    })
    expect(report.failures).toEqual([])
  })
})

describe('the naive host', () => {
  test('refuses what XState alone can not do, by name', async () => {
    await expect(explorePauses(orders, paid, { host: naiveHost })).rejects.toThrow('The naive host has no commands')
    const pausing = exploreCrashes(orders, async (runtime) => void (await runtime.pause()), { host: naiveHost })
    await expect(pausing).rejects.toThrow('The naive host has no pause')
  })
})
