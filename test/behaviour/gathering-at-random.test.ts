/** Debounced and batched triggers under random scripts: two processes, crashes, freezes, clocks that jump; and a death at each write. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { eventually, turns } from '../support/eventually.js'
import { freezable, gatherers, type Gathers } from '../support/gatherers.js'
import { dyingAt } from '../support/mortal-process.js'
import { makePlace, places } from '../support/store-place.js'

const kinds: [string, Gathers][] = [
  ['debounce', { debounce: { quiet: 300, atMost: 900 } }],
  ['batch', { batch: { size: 3, within: 500 } }],
]

type Move =
  | { readonly do: 'trigger'; readonly who: number; readonly times: number }
  | { readonly do: 'crash' | 'freeze' | 'thaw' | 'pause' | 'resume' | 'cancel'; readonly who: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'jump'; readonly ms: number }

const who = fc.nat(1)
const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.record({ do: fc.constant('trigger' as const), who, times: fc.constantFrom(1, 1, 1, 4) }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(0, 50, 200, 400, 1_000) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('crash' as const, 'cancel' as const), who }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('freeze' as const, 'thaw' as const), who }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('pause' as const, 'resume' as const), who }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('jump' as const), ms: fc.constantFrom(-3_600_000, -200, 200, 3_600_000) }),
    },
  ),
  { minLength: 4, maxLength: 30 },
)

async function play(script: readonly Move[], gathers: Gathers, kind: 'memory' | 'sqlite'): Promise<void> {
  const place = makePlace[kind]()
  const world = gatherers(place, gathers)
  let born = 0
  const live = async () => {
    const frozen = freezable(place)
    return { ...(await world.start(`p${++born}`, frozen.store)), ...frozen, line: Promise.resolve() as Promise<unknown> }
  }
  const processes = [await live(), await live()]
  for (const move of script) {
    if (move.do === 'pass') await world.pass(move.ms, 100)
    else if (move.do === 'jump') world.clock.jump(move.ms)
    else {
      const at = move.who
      const process = processes[at] as (typeof processes)[number]
      // one burst of calls after the other, each waits for the answers before it
      if (move.do === 'trigger') {
        const burst = () => Promise.all(Array.from({ length: move.times }, () => process.trigger()))
        process.line = process.line.then(burst).catch(() => undefined)
      } else if (move.do === 'freeze') process.freeze()
      else if (move.do === 'thaw') process.thaw()
      else if (move.do === 'crash') {
        process.store.cut()
        processes[at] = await live()
      } else {
        const target = (await world.rows()).at(-1)
        const execution = target && process.runtime.execution(target.id)
        // its process may die, or the execution end, before it answers
        if (execution) void execution[move.do]().catch(() => undefined)
      }
      await turns(4)
    }
  }
  for (const process of processes) process.thaw()
  await world.pass(2_000, 200)
  for (const { status, id } of await world.rows())
    if (status === 'paused') await (processes[0] as (typeof processes)[number]).runtime.execution(id).resume()
  await eventually('all to be over', async () => {
    await world.pass(500, 250)
    return (await world.rows()).every(({ status }) => status === 'completed' || status === 'cancelled')
  })
  await world.check()
  for (const { store, runtime } of processes) if (!store.isCut) await runtime.stop()
  await place.remove()
}

describe.each(kinds)('%s', (_, gathers) => {
  test.each([
    ['memory', 12],
    ['sqlite', 3],
  ] as const)('loses nothing and doubles nothing, on %s', { timeout: 120_000 }, async (kind, numRuns) => {
    await fc.assert(
      fc.asyncProperty(moves, (script) => play(script, gathers, kind)),
      { numRuns },
    )
  })

  test.each(places)('a process may die before or after each of its writes, on %s', { timeout: 60_000 }, async (__, placeOf) => {
    for (const when of ['before', 'after'] as const) {
      for (let nth = 1; ; nth++) {
        const place = placeOf()
        const world = gatherers(place, gathers)
        const mortal = dyingAt(place, nth, when)
        const first = await world.start('first', mortal)
        const script = (async () => {
          for (let n = 0; n < 4; n++) await first.trigger()
        })()
        let isOver = false
        void script.finally(() => (isOver = true))
        await turns(80)
        await world.pass(1_000, 250)
        const second = await world.start('second')
        await second.trigger()
        await world.pass(3_000, 250)
        await world.check()
        expect(world.ran.length).toBeGreaterThan(0)
        if (!mortal.isCut) {
          expect(isOver).toBe(true)
          break
        }
      }
    }
  })
})
