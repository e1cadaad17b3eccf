/** Law 6: what becomes of an execution, alone and beside another one. Owns what is compared. */
import * as fc from 'fast-check'
import { programSpecs, type ProgramSpec } from './random-program.js'
import type { Line, Script, StreamSpec } from './script.js'
import type { StorePlace } from '../support/store-place.js'
import { World } from './world.js'

/** Two programs, and a number that decides how each step of both ends. */
export interface Pair {
  readonly one: ProgramSpec
  readonly other: ProgramSpec
  readonly seed: number
}

/** Both programs have a child with the same `systemId`; the other one may come to an error that it does not catch. */
export const pairs: fc.Arbitrary<Pair> = fc.record({
  one: programSpecs.map(withHelper),
  other: fc.tuple(programSpecs, fc.boolean()).map(([spec, poisoned]) => ({ ...withHelper(spec), poisoned })),
  seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
})

function withHelper(spec: ProgramSpec): ProgramSpec {
  const alone = spec.states.map((state) => (state.kind === 'execution' ? ({ ...state, kind: 'step' } as const) : state))
  return { ...spec, states: [{ kind: 'child', skip: 0, onError: 'again', delay: 0, heeds: false }, ...alone] }
}

const streamOf = (program: ProgramSpec): StreamSpec => ({
  program,
  options: { maxConcurrent: 1, compensates: false, checkpoints: 0, passivateAfter: Infinity, pausedTimers: 'freeze' },
})

const start = (stream: number): Line => ({ do: 'trigger', stream, key: undefined, priority: 0, bad: false, turns: 0 })

/** Everything that can be seen of an execution; `together`: beside one that was there before it. */
export async function fateOfOne({ one, other, seed }: Pair, together: boolean, place: StorePlace): Promise<string> {
  const script: Script = { seed, streams: [streamOf(one), streamOf(other)], lines: together ? [start(1), start(0)] : [start(0)] }
  const world = await World.run(script, place, undefined, (key) => hash(`${seed} ${key.slice(key.indexOf('/'))}`) % 3 > 0)
  const row = [...world.ledger.rows.values()].find(({ entryPoint }) => entryPoint === 'stream0')
  const id = row?.id ?? ''
  const events = await world.store.events({ since: 0, execution: id, limit: 10_000 })
  const outputs = world.ledger.outputs.filter((output) => output.id === id).map(({ key }) => key)
  const result = await world.primary.runtime.execution(id).result({ timeout: 0 })
  return JSON.stringify({ result, events: events.map(({ type, at }) => [type, at]), outputs }, withoutStacks, 2).replaceAll(
    id,
    'it',
  )
}

const withoutStacks = (name: string, value: unknown) => (name === 'stack' || name === 'label' ? undefined : value)

/** FNV-1a (Fowler, Noll, Vo). */
function hash(text: string): number {
  let value = 2_166_136_261
  for (const letter of text) value = Math.imul(value ^ (letter.codePointAt(0) ?? 0), 16_777_619) >>> 0
  return value >>> 4
}
