/**
 * Machines whose own code throws or rejects, at each place where XState runs it.
 *
 * Owns: the places, and what is put there. What must then hold is what holds of every program.
 */
import * as fc from 'fast-check'
import { assign, fromCallback } from 'xstate'

const places = [
  'guard',
  'always',
  'assign',
  'input',
  'output',
  'named action',
  'inline action',
  'entry',
  'exit',
  'delay',
  'callback',
  'clean-up',
  'async action',
  'async callback',
] as const

/** Where a program throws: in which of its states, and at what place there. */
export interface Throws {
  readonly state: number
  readonly place: (typeof places)[number]
}

/** Any of the places. */
export const throws: fc.Arbitrary<Throws> = fc.record({ state: fc.nat({ max: 4 }), place: fc.constantFrom(...places) })

const boom = (): never => {
  throw new Error('boom')
}
const boomLater = () => Promise.reject(new Error('boom'))

interface Self {
  readonly self: { readonly id: string }
}

/** What a program needs besides. Its states are changed in place. */
export function throwing(
  spec: Throws | undefined,
  states: Record<string, object>,
  count: number,
  outputs: { late(executionId: string): void },
) {
  const late = ({ self }: Self) => outputs.late(self.id)
  const own = {
    actors: {
      brokenBell: fromCallback(boom),
      brokenEnd: fromCallback(() => boom),
      lateBell: fromCallback(boomLater as never),
    },
    actions: { boom, late },
    delays: { boomDelay: boom },
    output: spec?.place === 'output' ? boom : undefined,
  }
  if (!spec) return own
  const name = `s${spec.state % count}`
  const state = states[name] as { entry: readonly unknown[]; after?: object; invoke?: unknown }
  const beside = (invoke: object) => [...(state.invoke ? [state.invoke].flat() : []), invoke]
  const parts: Record<Throws['place'], object> = {
    guard: { after: { ...state.after, 50: { guard: boom, target: name } } },
    always: { always: { guard: boom, target: 'last' } },
    assign: { entry: [...state.entry, assign(boom)] },
    input: { invoke: beside({ src: 'work', id: 'boom', input: boom }) },
    output: {},
    'named action': { entry: [...state.entry, 'boom', 'late'] },
    'inline action': { entry: [...state.entry, () => boom(), (args: Self) => late(args)] },
    entry: { entry: [assign(boom), ...state.entry] },
    exit: { exit: assign(boom) },
    delay: { after: { ...state.after, boomDelay: name } },
    callback: { invoke: beside({ src: 'brokenBell', id: 'broken' }) },
    'clean-up': { invoke: beside({ src: 'brokenEnd', id: 'broken' }) },
    'async action': { entry: [...state.entry, () => boomLater()] },
    'async callback': { invoke: beside({ src: 'lateBell', id: 'broken' }) },
  }
  states[name] = { ...state, ...parts[spec.place] }
  return own
}
