/**
 * Machines with one planted defect each, or with a trait that only a careful host gets right: an exploration must find
 * them, and name the cause.
 *
 * Owns: five factories of `{ machine, entryPoint, scenario }`, each with what it plants. Does not know who explores them.
 */
import { assign, setup } from 'xstate'
import { defineEntryPoint } from '../../../src/index.js'
import type { Scenario } from '../../../src/testing/explore/scenario.js'
import { service } from '../../workflows/service.js'

/** Its end hangs on an `after`: a host that stores `getPersistedSnapshot()` alone forgets it, and it waits for ever. */
export function timerDecides() {
  const day = 24 * 3_600_000
  const machine = setup({
    types: {
      context: {} as { handler: string | null },
      events: {} as { type: 'APPROVE' },
      output: {} as { handler: string | null },
    },
    actors: { escalate: service<string, undefined>('mail') },
    delays: { reminder: 2 * day, patience: day },
  }).createMachine({
    id: 'timerDecides',
    context: { handler: null },
    initial: 'awaitingApproval',
    states: {
      awaitingApproval: { on: { APPROVE: 'approved' }, after: { reminder: 'reminded' } },
      reminded: { on: { APPROVE: 'approved' }, after: { patience: 'escalating' } },
      escalating: {
        invoke: { src: 'escalate', onDone: { target: 'escalated', actions: assign({ handler: ({ event }) => event.output }) } },
      },
      approved: { type: 'final' },
      escalated: { type: 'final' },
    },
    output: ({ context }) => context,
  })
  const entryPoint = defineEntryPoint({ id: 'timer-decides', program: machine })
  const scenario: Scenario<typeof entryPoint> = async (runtime) => {
    runtime.mock('escalate', () => 'the boss')
    await runtime.trigger('timer-decides')
    await runtime.runToIdle()
  }
  return { machine, entryPoint, scenario }
}

/** An inline action charges: it is owed by nobody, so that a crash at the wrong instant loses it or repeats it. */
export function inlineActionCharges() {
  const ledger: number[] = []
  const machine = setup({
    types: {
      input: {} as { amount: number },
      context: {} as { amount: number },
      events: {} as { type: 'CHECK_OUT' } | { type: 'PAY' } | { type: 'LEAVE' },
    },
    actors: { thank: service<void, number>('mail') },
  }).createMachine({
    id: 'inlineActionCharges',
    context: ({ input }) => input,
    initial: 'shopping',
    states: {
      shopping: { on: { CHECK_OUT: 'ready', LEAVE: 'left' } },
      ready: { on: { PAY: { target: 'thanking', actions: ({ context }) => void ledger.push(context.amount) }, LEAVE: 'left' } },
      thanking: { invoke: { src: 'thank', input: ({ context }) => context.amount, onDone: 'charged' } },
      charged: { type: 'final' },
      left: { type: 'final' },
    },
  })
  const entryPoint = defineEntryPoint({ id: 'inline-action-charges', program: machine })
  const scenario: Scenario<typeof entryPoint> = async (runtime) => {
    ledger.length = 0
    runtime.mock('thank', () => undefined)
    const payment = await runtime.trigger('inline-action-charges', { amount: 42 })
    await payment.send({ type: 'CHECK_OUT' })
    await payment.send({ type: 'PAY' })
    await runtime.runToIdle()
    return [...ledger]
  }
  return { machine, entryPoint, scenario, ledger }
}

/** An id is drawn in an `assign` and shows in the output: drawn again after a crash, it is another one. */
export function assignDrawsAnId() {
  const machine = setup({
    types: { context: {} as { ticket: string }, output: {} as { ticket: string } },
    actors: { prepare: service<void, undefined>('desk'), open: service<void, string>('tickets') },
  }).createMachine({
    id: 'assignDrawsAnId',
    context: { ticket: '' },
    initial: 'preparing',
    states: {
      preparing: { invoke: { src: 'prepare', onDone: 'numbering' } },
      numbering: {
        entry: assign({ ticket: () => `T-${Math.random().toString(36).slice(2)}` }),
        always: 'opening',
      },
      opening: { invoke: { src: 'open', input: ({ context }) => context.ticket, onDone: 'telling' } },
      telling: { after: { 1_000: 'open' } },
      open: { type: 'final' },
    },
    output: ({ context }) => ({ ticket: context.ticket }),
  })
  const entryPoint = defineEntryPoint({ id: 'assign-draws-an-id', program: machine })
  const scenario: Scenario<typeof entryPoint> = async (runtime) => {
    runtime.mock('prepare', () => undefined)
    runtime.mock('open', () => undefined)
    await runtime.trigger('assign-draws-an-id')
    await runtime.runToIdle()
  }
  return { machine, entryPoint, scenario }
}

const inspection = setup({
  types: { output: {} as string },
  actors: { inspect: service<string, undefined>('inspector') },
}).createMachine({
  id: 'inspection',
  context: { verdict: '' },
  initial: 'inspecting',
  states: {
    inspecting: {
      invoke: { src: 'inspect', onDone: { target: 'inspected', actions: assign({ verdict: ({ event }) => event.output }) } },
    },
    inspected: { type: 'final' },
  },
  output: ({ context }) => String(context.verdict),
})

/** The end of a child machine moves its parent: a host that stores the child's end before its parent heard is stuck. */
export function childsEndMovesParent() {
  const machine = setup({
    types: { context: {} as { verdict: string }, output: {} as { verdict: string } },
    actors: { inspection, report: service<void, string>('mail') },
  }).createMachine({
    id: 'childsEndMovesParent',
    context: { verdict: '' },
    initial: 'inspecting',
    states: {
      inspecting: {
        invoke: { src: 'inspection', onDone: { target: 'reporting', actions: assign({ verdict: ({ event }) => event.output }) } },
      },
      reporting: { invoke: { src: 'report', input: ({ context }) => context.verdict, onDone: 'reported' } },
      reported: { type: 'final' },
    },
    output: ({ context }) => context,
  })
  const entryPoint = defineEntryPoint({ id: 'childs-end-moves-parent', program: machine })
  const scenario: Scenario<typeof entryPoint> = async (runtime) => {
    runtime.mock('inspect', () => 'sound')
    runtime.mock('report', () => undefined)
    await runtime.trigger('childs-end-moves-parent')
    await runtime.runToIdle()
  }
  return { machine, entryPoint, scenario }
}

/** Its context holds a Map: a host that stores plain JSON gets `{}` back. */
export function contextHoldsAMap() {
  const machine = setup({
    types: {
      context: {} as { votes: Map<string, number> },
      events: {} as { type: 'VOTE'; for: string } | { type: 'COUNT' },
      output: {} as { votes: readonly (readonly [string, number])[] },
    },
    actors: { openPolls: service<void, undefined>('hall'), announce: service<void, undefined>('press') },
  }).createMachine({
    id: 'contextHoldsAMap',
    context: { votes: new Map() },
    initial: 'opening',
    states: {
      opening: { invoke: { src: 'openPolls', onDone: 'voting' } },
      voting: {
        on: {
          VOTE: {
            actions: assign({
              votes: ({ context, event }) => new Map(context.votes).set(event.for, (context.votes.get(event.for) ?? 0) + 1),
            }),
          },
          COUNT: 'announcing',
        },
      },
      announcing: { invoke: { src: 'announce', onDone: 'over' } },
      over: { type: 'final' },
    },
    output: ({ context }) => ({ votes: [...context.votes] }),
  })
  const entryPoint = defineEntryPoint({ id: 'context-holds-a-map', program: machine })
  const scenario: Scenario<typeof entryPoint> = async (runtime) => {
    runtime.mock('openPolls', () => undefined)
    runtime.mock('announce', () => undefined)
    const poll = await runtime.trigger('context-holds-a-map')
    await runtime.settle()
    await poll.send({ type: 'VOTE', for: 'ann' })
    await poll.send({ type: 'VOTE', for: 'bob' })
    await poll.send({ type: 'VOTE', for: 'ann' })
    await poll.send({ type: 'COUNT' })
    await runtime.runToIdle()
  }
  return { machine, entryPoint, scenario }
}
