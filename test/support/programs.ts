/** Machines for tests. Owns: one that works in steps that the test ends, and one that waits for events. */
import { assign, fromPromise, setup, type PromiseActorLogic } from 'xstate'

/** What a worker is given; its steps are called `<label>.1`, `<label>.2`. */
export interface WorkerInput {
  readonly label: string
}

const unmocked: PromiseActorLogic<string, string> = fromPromise(() => Promise.reject(new Error('to be mocked')))

/** Takes two steps, one after the other, and notes the events that it gets meanwhile. */
export function worker({ step = unmocked }: { readonly step?: PromiseActorLogic<string, string> } = {}) {
  return setup({
    types: {
      input: {} as WorkerInput,
      context: {} as { label: string; results: string[]; notes: string[] },
      events: {} as { type: 'NOTE'; text: string },
      output: {} as { results: string[]; notes: string[] },
    },
    actors: { step },
    actions: {
      keep: assign({ results: ({ context, event }) => [...context.results, (event as unknown as { output: string }).output] }),
    },
  }).createMachine({
    id: 'worker',
    context: ({ input }) => ({ label: input.label, results: [], notes: [] }),
    initial: 'first',
    on: { NOTE: { actions: assign({ notes: ({ context, event }) => [...context.notes, event.text] }) } },
    states: {
      first: {
        invoke: { src: 'step', input: ({ context }) => `${context.label}.1`, onDone: { target: 'second', actions: 'keep' } },
      },
      second: {
        invoke: { src: 'step', input: ({ context }) => `${context.label}.2`, onDone: { target: 'done', actions: 'keep' } },
      },
      done: { type: 'final' },
    },
    output: ({ context: { results, notes } }) => ({ results, notes }),
  })
}

/** Waits for APPROVE, and notes the events that it gets until then. */
export const approval = setup({
  types: {
    context: {} as { notes: string[] },
    events: {} as { type: 'NOTE'; text: string } | { type: 'APPROVE' },
    output: {} as { notes: string[] },
  },
}).createMachine({
  id: 'approval',
  context: { notes: [] },
  initial: 'open',
  on: { NOTE: { actions: assign({ notes: ({ context, event }) => [...context.notes, event.text] }) } },
  states: { open: { on: { APPROVE: 'approved' } }, approved: { type: 'final' } },
  output: ({ context }) => ({ notes: context.notes }),
})
