/**
 * What it costs to set one more timer, and to take an event that touches none, by how many are set already; and to take such
 * a program up again. Prints ms an event.
 *
 * The program encodes what has changed alone, and the stores write it so: the memory store refers to the pieces, SQLite keeps
 * them in rows.
 */
import { assign, enqueueActions, raise, setup } from 'xstate'
import { expect, test } from 'vitest'
import { defineEntryPoint } from '../../src/index.js'
import { begin } from '../support/begin.js'
import { places } from '../support/store-place.js'

const rounds = 60
const day = 86_400_000

interface SetTimers {
  readonly type: 'SET'
  readonly from: number
  readonly count: number
}

/** Sets timers by the dozen. */
const reminders = setup({
  types: { context: {} as { looks: number }, events: {} as SetTimers | { type: 'REMIND'; n: number } | { type: 'LOOK' } },
}).createMachine({
  id: 'reminders',
  context: { looks: 0 },
  on: {
    LOOK: { actions: assign({ looks: ({ context }) => context.looks + 1 }) },
    SET: {
      actions: enqueueActions(({ enqueue, event: { from, count } }) => {
        for (let n = from; n < from + count; n++) enqueue(raise({ type: 'REMIND', n }, { id: `reminder-${n}`, delay: day + n }))
      }),
    },
  },
})

const median = (all: readonly number[]) => all.toSorted((a, b) => a - b)[all.length >> 1] as number

async function msOf(work: () => Promise<unknown>): Promise<number> {
  const before = performance.now()
  await work()
  return performance.now() - before
}

test.each(places)(
  'the 10,000th timer, and each event beside 10,000, costs its program at most twice what it costs beside a hundred, on %s',
  { timeout: 300_000 },
  async (name, placeOf) => {
    const place = placeOf()
    const entryPoints = [defineEntryPoint({ id: 'run', program: reminders })] as const
    const runtime = await begin({ store: place.open(), entryPoints })
    const execution = await runtime.trigger('run')
    let set = 0
    /** The medians of some rounds, in ms an event. */
    const cost = async (live: number) => {
      if (live > set) await execution.send({ type: 'SET', from: set, count: live - set })
      set = Math.max(set, live)
      const [one, none]: [number[], number[]] = [[], []]
      for (let round = 0; round < rounds; round++) {
        one.push(await msOf(() => execution.send({ type: 'SET', from: set++, count: 1 })))
        none.push(await msOf(() => execution.send({ type: 'LOOK' })))
      }
      return { one: median(one), none: median(none) }
    }
    await cost(1)
    const few = await cost(100)
    for (const live of [1_000, 4_000]) {
      const { one, none } = await cost(live)
      process.stdout.write(`${name}, ${live} live: ${one.toFixed(2)} ms for one more, ${none.toFixed(2)} for an event\n`)
    }
    const many = await cost(10_000)
    process.stdout.write(
      `${name}, 100 and 10,000 live: ${few.one.toFixed(2)} and ${many.one.toFixed(2)} ms for one more, ${few.none.toFixed(2)} and ${many.none.toFixed(2)} for an event\n`,
    )
    await runtime.stop()
    const next = await begin({ store: place.open(), entryPoints })
    const first = await msOf(() => next.execution(execution.id).send({ type: 'LOOK' }))
    const second = await msOf(() => next.execution(execution.id).send({ type: 'LOOK' }))
    process.stdout.write(
      `${name}, ${set} live: ${first.toFixed(0)} ms for the first event after a restart, ${second.toFixed(1)} for the next\n`,
    )
    expect(many.one).toBeLessThan(2 * few.one)
    expect(many.none).toBeLessThan(2 * few.none)
    await next.stop()
  },
)
