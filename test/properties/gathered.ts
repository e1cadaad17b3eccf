/**
 * Entry points whose triggers go into executions together.
 *
 * Owns: their definitions, which are the same in each process, and the names of what goes in: a name says where it belongs.
 */
import * as fc from 'fast-check'
import { assign, setup } from 'xstate'
import { defineEntryPoint, type EntryPoint } from '../../src/index.js'

/** How they are set up. */
export interface GathersSpec {
  readonly size: number
  readonly within: number
  readonly quiet: number
  readonly atMost: number
}

/** The ids of the entry points: with the last input, and with all of them. */
export const gatheredIds = ['debounced', 'batched'] as const

export type Gathered = (typeof gatheredIds)[number]

/** What one trigger brings: where it goes, under which key, and a name of its own. */
export const elementOf = (into: Gathered, key: string, name: string) => `${into} ${key} ${name}`

/** The key under which one is gathered. */
export const keyOfElement = (element: string) => element.split(' ')[1] as string

/** How they are drawn. */
export const gathers: fc.Arbitrary<GathersSpec> = fc.record({
  size: fc.integer({ min: 2, max: 4 }),
  within: fc.constantFrom(1_000, 20_000),
  quiet: fc.constantFrom(500, 5_000),
  atMost: fc.constantFrom(5_000, 20_000),
})

/** What each of them does: it keeps what it was given, and takes some time, so that triggers come while it runs. */
const program = setup({ types: {} as { input: unknown; context: { given: unknown; pings: readonly number[] } } }).createMachine({
  id: 'gathered',
  context: ({ input }) => ({ given: input, pings: [] }),
  initial: 'writing',
  on: { PING: { actions: assign(({ context, event }) => ({ pings: [...context.pings, (event as { n?: number }).n ?? 0] })) } },
  states: { writing: { after: { 2_000: 'written' } }, written: { type: 'final' } },
  output: ({ context }) => context.given,
})

/** The entry points of one process. */
export function gatheredEntryPoints({ size, within, quiet, atMost }: GathersSpec): EntryPoint[] {
  const key = keyOfElement as never
  const [debounced, batched] = gatheredIds
  return [
    defineEntryPoint({ id: debounced, program, maxConcurrent: 1, debounce: { quiet, atMost, key } }),
    defineEntryPoint({ id: batched, program: program as never, maxConcurrent: 1, batch: { size, within, key } }),
  ] as unknown as EntryPoint[]
}
