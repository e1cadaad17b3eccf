/**
 * The program of a trial: two steps with a wait between them.
 *
 * Owns: the machine, and telling the ledger of every step that starts. Steps take simulated time and heed their signal.
 */
import { assign, setup } from 'xstate'
import { fromStep, type StepArguments } from '../../actors/program/step.js'
import type { Clock } from '../../clock.js'
import { defineEntryPoint } from '../../runtime/entry-point.js'
import type { TrialContext, TrialLedger } from './trial-ledger.js'

/** How many executions may run at the same time. */
export const trialSlots = 2

/** The label of the execution whose second step fails. */
export const failingLabel = 'failing'

/** Executions whose label begins like this soon go on by themselves. */
const timed = 'timed'

/** The entry point of a trial, as `process` runs it. */
export function trialEntryPoint(process: string, ledger: TrialLedger, clock: Clock) {
  let running = 0
  const step = async ({ input, signal, idempotencyKey: key, executionId: execution }: StepArguments<string>) => {
    ledger.steps.push({ n: ++ledger.n, process, execution, key })
    ledger.most.set(process, Math.max(ledger.most.get(process) ?? 0, ++running))
    try {
      await slept(clock, 40, signal)
    } finally {
      running--
    }
    if (input === `${failingLabel}.2`) throw new Error('the step fails, as it should')
    return input
  }
  const program = setup({
    types: {
      input: {} as string,
      context: {} as TrialContext,
      events: {} as { type: 'PING'; n: number } | { type: 'GO' },
      output: {} as TrialContext,
    },
    actors: { step: fromStep(step) },
    delays: { patience: ({ context }) => (context.label.startsWith(timed) ? 250 : 4_000) },
    actions: {
      keep: assign({ done: ({ context }, { name }: { name: string }) => [...context.done, name] }),
    },
  }).createMachine({
    id: 'trial',
    context: ({ input }) => ({ label: input, done: [], pings: [] }),
    initial: 'first',
    on: { PING: { actions: assign({ pings: ({ context, event }) => [...context.pings, event.n] }) } },
    states: {
      first: {
        invoke: {
          src: 'step',
          input: ({ context }) => `${context.label}.1`,
          onDone: { target: 'open', actions: { type: 'keep', params: ({ event }) => ({ name: event.output }) } },
        },
      },
      open: { on: { GO: 'second' }, after: { patience: 'second' } },
      second: {
        invoke: {
          src: 'step',
          input: ({ context }) => `${context.label}.2`,
          onDone: { target: 'ended', actions: { type: 'keep', params: ({ event }) => ({ name: event.output }) } },
        },
      },
      ended: { type: 'final' },
    },
    output: ({ context }) => context,
  })
  return defineEntryPoint({ id: 'trial', program, maxConcurrent: trialSlots, passivateAfter: 60, checkpoints: 3 })
}

function slept(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(resolve, ms)
    const leave = () => {
      clock.clearTimeout(timer)
      reject(signal.reason as Error)
    }
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
  })
}
