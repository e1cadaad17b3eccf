/**
 * A state whose actors know each other by refs alone: two siblings, their parent, and what each was told of the others.
 *
 * Owns: the way that a message goes (parent, right, left, right, parent), with a wait before each turn, so that the refs which it
 * goes by stand in contexts, in inputs, in delayed events and in their targets meanwhile. One ref that leads elsewhere
 * after a restart, and the message never comes round: its program never ends.
 */
import { assign, createActor, createMachine, sendTo, setup, type ActorRef, type Snapshot } from 'xstate'

type Node = ActorRef<Snapshot<unknown>, NodeEvent>

type NodeEvent =
  | { readonly type: 'PASS'; readonly to: Node; readonly from: Node }
  | { readonly type: 'HELLO'; readonly from: Node; readonly via: Node }
  | { readonly type: 'ANSWER'; readonly from: Node; readonly to: Node }
  | { readonly type: 'ROUND'; readonly known: boolean }

interface NodeContext {
  readonly above: Node
  readonly peer: Node | undefined
  readonly met: Readonly<Record<string, Node>>
}

/** An actor of no program: a ref to it can be stored nowhere. */
export const outsider = createActor(createMachine({}))

/** How long each waits before it sends on, in ms. */
const WAIT = 700

/** One of the siblings. */
export const node = setup({
  types: { context: {} as NodeContext, events: {} as NodeEvent, input: {} as Pick<NodeContext, 'above' | 'peer'> },
}).createMachine({
  id: 'node',
  context: ({ input }) => ({ ...input, met: {} }),
  initial: 'open',
  states: {
    open: {
      on: {
        // the right one: to its sibling, in a delayed event
        PASS: {
          actions: [
            assign({ met: ({ event }) => ({ to: event.to, from: event.from }) }),
            sendTo(
              ({ event }) => event.to,
              ({ event, self }) => ({ type: 'HELLO', from: event.from, via: self as unknown as Node }) as const,
              { delay: WAIT, id: 'hello' },
            ),
          ],
        },
        HELLO: { target: 'answering', actions: assign({ met: ({ event }) => ({ from: event.from, via: event.via }) }) },
        ANSWER: {
          target: 'telling',
          actions: assign({ met: ({ context, event }) => ({ ...context.met, from: event.from, to: event.to }) }),
        },
      },
    },
    // the left one: to whom it knows by the event
    answering: {
      after: {
        [WAIT]: {
          target: 'open',
          actions: sendTo(
            ({ context }) => context.met['via'] as Node,
            ({ context, self }) => ({ type: 'ANSWER', from: self as unknown as Node, to: context.met['from'] as Node }) as const,
          ),
        },
      },
    },
    // the right one again: to whom it knows by its input, and what it was told is the same
    telling: {
      after: {
        [WAIT]: {
          target: 'open',
          actions: sendTo(
            ({ context }) => context.above,
            ({ context: { peer, met, above } }) =>
              ({ type: 'ROUND', known: met['from'] === peer && met['to'] === above }) as const,
          ),
        },
      },
    },
  },
})

interface Above {
  readonly context: { readonly refs?: readonly unknown[] }
  readonly self: unknown
  readonly spawn: (src: 'node', options: object) => unknown
}

/** What the state does as it is entered: its siblings begin, and the right one is told of the left one. */
export function ringEntry(index: number, nameless: boolean | undefined): readonly unknown[] {
  const named = (name: string) => (nameless ? {} : { id: `${name}${index}` })
  return [
    assign((({ context, self, spawn }: Above) => {
      const left = spawn('node', { ...named('left'), input: { above: self } })
      const right = spawn('node', { ...named('right'), input: { above: self, peer: left } })
      return { refs: [...(context.refs ?? []), left, right] }
    }) as never),
    sendTo(
      (({ context }: Above) => context.refs?.at(-1)) as never,
      (({ context, self }: Above) => ({ type: 'PASS', to: context.refs?.at(-2), from: self })) as never,
    ),
  ]
}

/** How it is left: once the message has come round, and everybody was who he had been. */
export const ringRound = (target: string) => ({
  ROUND: { guard: ({ event }: { event: { known: boolean } }) => event.known, target },
})
