/** Stops, starts and passivations at every point: what survives them, and what a machine keeps where they take it away. */
import { describe, expect, test } from 'vitest'
import { assign, fromCallback, sendTo, setup } from 'xstate'
import { defineEntryPoint, fromStep } from '../../../src/index.js'
import {
  delayed,
  exploreCrashes,
  exploreRestarts,
  ExplorationError,
  hangs,
  returns,
  type ExplorationOptions,
  type Explored,
  type Scenario,
} from '../../../src/testing/index.js'
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

/** The cause of the smallest failure, and where the run was disturbed; undefined if all went well. */
async function found<T extends Explored>(explored: T, scenario: Scenario<T>, options?: ExplorationOptions) {
  try {
    await exploreRestarts(explored, scenario, options)
    return undefined
  } catch (error) {
    if (!(error instanceof ExplorationError)) throw error
    const { cause, at } = error.report.failures[0] ?? {}
    return { code: cause?.code, where: cause?.where, at }
  }
}

describe('restarts', () => {
  test('are tried at every point and in pairs, and passivations after every commit and after all of them', async () => {
    const report = await exploreRestarts(orders, paid, { pairs: 5 })
    const commits = report.undisturbed.points.filter(({ kind, side }) => kind === 'commit' && side === 'after')
    expect(report).toMatchObject({ what: 'restarts', failures: [], unreached: 0 })
    expect(report.runs).toBe(2 + report.points + commits.length + 1 + 5)
    expect(report.undisturbed.executions['execution-1']).toMatchObject({ status: 'completed', output: '42 charged' })
  })

  test('stop a process that the scenario waits for, and what it asked for comes from the next one', async () => {
    const report = await exploreRestarts(orders, async (runtime) => {
      runtime.mock('charge', returns('charged'))
      const order = await runtime.trigger('orders', { amount: 1 })
      const approved = await order.send({ type: 'APPROVE' })
      return [approved.status, await order.result()]
    })
    expect(report.failures).toEqual([])
  })

  test('leave an execution in memory that a timer has brought back, until the timer has fired', async () => {
    const program = setup({}).createMachine({
      id: 'm',
      initial: 'a',
      states: { a: { after: { 10: 'b' } }, b: { after: { 10: 'c' } }, c: { type: 'final' } },
    })
    const report = await exploreRestarts(
      defineEntryPoint({ id: 'run', program }),
      async (runtime) => {
        await runtime.trigger('run')
        await runtime.runToIdle()
      },
      { pairs: 1 },
    )
    expect(report).toMatchObject({ failures: [], unreached: 0 })
  })

  test('wait for a step that does not heed its signal no longer than a stop does', async () => {
    const report = await exploreRestarts(
      orders,
      async (runtime) => {
        runtime.mock('charge', hangs())
        const order = await runtime.trigger('orders', { amount: 1 })
        await order.send({ type: 'APPROVE' })
        await runtime.advance(1_000)
        await order.cancel()
      },
      { pairs: 2 },
    )
    expect(report.failures).toEqual([])
  })
})

/** Logs in by one step and reads by another, which finds the session in a variable that both close over. */
function mailbox() {
  let session: string | undefined
  const machine = setup({
    types: { context: {} as { mail: string } },
    actors: {
      logIn: fromStep(() => void (session = 'session 1')),
      read: fromStep(() => (session === undefined ? 'nobody is logged in' : `a letter, by ${session}`)),
    },
  }).createMachine({
    id: 'mailbox',
    context: { mail: '' },
    initial: 'loggingIn',
    states: {
      loggingIn: { invoke: { src: 'logIn', onDone: 'idle' } },
      idle: { after: { 60_000: 'reading' } },
      reading: { invoke: { src: 'read', onDone: { target: 'closed', actions: assign({ mail: ({ event }) => event.output }) } } },
      closed: { type: 'final' },
    },
    output: ({ context }) => context.mail,
  })
  return defineEntryPoint({ id: 'mailboxes', program: machine })
}

const opened: Scenario<typeof mailbox> = async (runtime) => {
  await runtime.trigger('mailboxes')
  await runtime.runToIdle()
}

/** A desk that is told a name, and answers with it when it is asked. */
function hotel() {
  const desk = fromCallback<{ type: 'GREET'; name: string } | { type: 'NAME' }>(({ receive, sendBack }) => {
    let name = 'nobody'
    receive((event) => {
      if (event.type === 'GREET') name = event.name
      else sendBack({ type: 'ANSWER', name })
    })
  })
  const machine = setup({
    types: { context: {} as { name: string }, events: {} as { type: 'ASK' } | { type: 'ANSWER'; name: string } },
    actors: { desk },
  }).createMachine({
    id: 'hotel',
    context: { name: '' },
    invoke: { src: 'desk', id: 'desk' },
    initial: 'arriving',
    states: {
      arriving: { entry: sendTo('desk', { type: 'GREET', name: 'ann' }), after: { 60_000: 'asking' } },
      asking: {
        entry: sendTo('desk', { type: 'NAME' }),
        on: { ANSWER: { target: 'gone', actions: assign({ name: ({ event }) => event.name }) } },
      },
      gone: { type: 'final' },
    },
    output: ({ context }) => context.name,
  })
  return defineEntryPoint({ id: 'hotels', program: machine })
}

const slept: Scenario<ReturnType<typeof hotel>> = async (runtime) => {
  await runtime.trigger('hotels')
  await runtime.runToIdle()
}

describe('a planted defect is found, and named', () => {
  test('what steps keep in a closure is lost with their process', async () => {
    expect(await found(mailbox, opened)).toMatchObject({ code: 'memory_lost', where: 'context.mail' })
  })

  test('crashes find it as well, where each process makes its machines anew', async () => {
    const crashes = (fresh: 'run' | 'process') =>
      exploreCrashes(mailbox, opened, { fresh, pairs: 5 }).then(
        () => undefined,
        (error: ExplorationError) => error.report.failures[0]?.cause.code,
      )
    expect(await crashes('run')).toBeUndefined()
    expect(await crashes('process')).toBe('memory_lost')
  })

  test('a callback that had been told something begins from zero in the next process', async () => {
    expect(await found(hotel(), slept)).toMatchObject({ code: 'callback_restarted', where: 'desk' })
  })
})
