/**
 * Assertions of the W3C's test suite for SCXML, each by its number, on machines of our own.
 *
 * Owns: the words in which a machine of these tests is written. One passes if it ends in the state `pass`, and has noted
 * what it should on the way. The assertions: https://www.w3.org/Voice/2013/scxml-irp/
 */
import {
  assign,
  fromCallback,
  fromPromise,
  setup,
  stateIn,
  type AnyActorLogic,
  type AnyEventObject,
  type StateValue,
} from 'xstate'

/** A machine that shows one assertion. */
export interface Assertion {
  readonly program: AnyActorLogic
  /** What is sent to it, one after the other, whenever it has come to rest. */
  readonly events?: readonly AnyEventObject[]
  /** What it notes, in this order; not looked at where it is absent. */
  readonly notes?: readonly string[]
}

/** Assertions by number and sentence. */
export type Assertions = Readonly<Record<string, Assertion>>

/** What a machine of these tests keeps. */
export interface Noted {
  readonly notes: readonly string[]
}

/** The setup that these machines share: it takes any event, and notes words. */
export const chart = setup({
  types: { context: {} as Noted, events: {} as AnyEventObject, input: {} as { words?: readonly string[] } | undefined },
  actions: {
    note: assign({ notes: ({ context }, word: string) => [...context.notes, word] }),
  },
  actors: {
    echo: fromPromise<string, string>(({ input }) => Promise.resolve(input)),
    fails: fromPromise<string>(() => Promise.reject(new Error('it fails'))),
    listens: fromCallback(() => undefined),
    says: fromCallback<AnyEventObject, readonly string[]>(({ input, sendBack }) => {
      for (const type of input) sendBack({ type })
    }),
  },
})

/** An action that notes a word. */
export const note = (word: string) => ({ type: 'note', params: word }) as const

/** The ends of every machine of these tests. */
export const ends = { pass: { type: 'final' }, fail: { type: 'final' } } as const

/** A context that has noted nothing. */
export const context: Noted = { notes: [] }

/** Events without data. */
export const send = (...types: readonly string[]): readonly AnyEventObject[] => types.map((type) => ({ type }))

/** A guard that asks where the machine stands. */
export const isIn = (value: StateValue) => stateIn(value) as unknown as (args: { context: Noted }) => boolean
