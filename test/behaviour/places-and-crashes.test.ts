/** Limits hold at every instant, in whichever process and at whichever write one dies; and everything that was accepted ends. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isTerminal } from '../../src/events/execution-status.js'
import { dyingAt } from '../support/mortal-process.js'
import { makePlace, places } from '../support/store-place.js'
import { tenants, type TenantLimits } from '../support/tenants.js'

const limits = {
  queue: { concurrency: { limit: 1 }, rate: { limit: 3, per: 400 } },
  skip: { concurrency: { limit: 1, onBusy: 'skip' } },
  replace: { concurrency: { limit: 1, onBusy: 'replace' } },
} as const satisfies Record<string, TenantLimits>

const kinds = Object.entries(limits) as readonly (readonly [string, TenantLimits])[]

describe.each(kinds)('with %s', (kind, of) => {
  test.each(places)('a process may die before or after each of its writes (%s)', async (name, place) => {
    let writes = 0
    const step = name === 'memory' ? 1 : 4
    for (const when of ['before', 'after'] as const)
      for (let nth = 1; nth <= 40; nth += step) {
        const shared = place()
        const { start, pass, rows } = tenants(shared, of)
        const mortal = dyingAt(shared, nth, when)
        const b = await start('b')
        const a = await start('a', undefined, {}, mortal).catch(() => undefined)
        const triggers = [
          ['x', 1],
          ['x', 2],
          ['y', 1],
        ] as const
        if (a && !mortal.isCut)
          for (const [tenant, n] of triggers) {
            const accepted = a.trigger(tenant, n, { id: `${tenant}${n}` }).catch(() => undefined)
            await Promise.race([accepted, pass(25)])
          }
        await b.trigger('x', 3, { id: 'x3' })
        await pass(100, 100)
        // a sender who got no answer comes again
        for (const [tenant, n] of triggers) {
          await b
            .trigger(tenant, n, { id: `${tenant}${n}` })
            .catch(({ code }: { code: string }) => expect(code).toBe('duplicate_execution'))
          await pass(25)
        }
        for (let turn = 0; turn < 40 && (await rows()).some(({ status }) => !isTerminal(status)); turn++) await pass(100, 100)
        const all = await rows()
        expect(all.map(({ id }) => id).toSorted(), `${when} ${nth}`).toEqual(['x1', 'x2', 'x3', 'y1'])
        expect(
          all.filter(({ status }) => !isTerminal(status)),
          `${when} ${nth}`,
        ).toEqual([])
        if (kind === 'queue')
          expect(
            all.every(({ status }) => status === 'completed'),
            `${when} ${nth}`,
          ).toBe(true)
        if (!mortal.isCut) {
          writes = nth
          break
        }
      }
    expect(writes).toBeGreaterThan(5)
  })
})

type Step =
  | { readonly kind: 'trigger'; readonly process: 0 | 1; readonly tenant: string; readonly length: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'kill'; readonly process: 0 | 1 }
  | { readonly kind: 'command'; readonly process: 0 | 1; readonly command: 'pause' | 'resume' | 'cancel'; readonly nth: number }

const process = fc.constantFrom<0 | 1>(0, 1)
const aStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('trigger'),
      process,
      tenant: fc.constantFrom('x', 'y', 'z'),
      length: fc.constantFrom(10, 60, 300),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass'), ms: fc.constantFrom(25, 75, 200) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill'), process }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('command'),
      process,
      command: fc.constantFrom('pause', 'resume', 'cancel'),
      nth: fc.nat(9),
    }),
  },
) as fc.Arbitrary<Step>

const aLimit: fc.Arbitrary<TenantLimits> = fc.record(
  {
    concurrency: fc.record({ limit: fc.constantFrom(1, 2), onBusy: fc.constantFrom('queue', 'skip', 'replace') }),
    rate: fc.record({ limit: fc.constantFrom(1, 3), per: fc.constantFrom(150, 500), isKeyed: fc.boolean() }),
    maxConcurrent: fc.constantFrom(1, 2, 10),
  },
  { requiredKeys: ['maxConcurrent'] },
)

/** Plays one script; the rows are looked at after each step of time. */
async function play(shared: ReturnType<typeof makePlace.memory>, of: TenantLimits, steps: readonly Step[]): Promise<void> {
  const { start, pass, rows, clock } = tenants(shared, of)
  let started = 0
  const next = () => start(`p${started++}`)
  const running = [await next(), await next()]
  let triggered = 0
  const ids: string[] = []
  const inBackground: Promise<unknown>[] = []
  for (const step of steps) {
    if (step.kind === 'pass') await pass(step.ms)
    else if (step.kind === 'kill') {
      running[step.process]?.store.cut()
      running[step.process] = await next()
    } else if (step.kind === 'trigger') {
      const id = `e${triggered++}`
      ids.push(id)
      inBackground.push(
        (running[step.process] as (typeof running)[number])
          .trigger(step.tenant, triggered, { id }, step.length)
          .catch(() => undefined),
      )
      await pass(5, 5)
    } else if (ids.length > 0) {
      const execution = running[step.process]?.runtime.execution(ids[step.nth % ids.length] as string)
      inBackground.push(Promise.resolve(execution?.[step.command]()).catch(() => undefined))
      await pass(5, 5)
    }
  }
  for (const { runtime } of running) inBackground.push(runtime.resume().catch(() => undefined))
  for (let turn = 0; turn < 40 && (await rows()).some(({ status }) => !isTerminal(status)); turn++) {
    await pass(200, 100)
    for (const row of await rows())
      if (row.status === 'paused')
        inBackground.push(
          running[0]!.runtime
            .execution(row.id)
            .resume()
            .catch(() => undefined),
        )
  }
  const left = (await rows()).filter(({ status }) => !isTerminal(status)).map(({ id, status }) => `${id} ${status}`)
  expect(left, `at ${clock.now()}`).toEqual([])
  for (const { runtime, store } of running) if (!store.isCut) await runtime.stop()
}

describe('whatever happens to two processes', () => {
  test.each(['memory', 'sqlite'] as const)(
    'no limit is broken at any instant, and all that was accepted ends (%s)',
    async (kind) => {
      const runs = Number(globalThis.process.env['STATEWARD_RUNS'] ?? (kind === 'memory' ? 12 : 4))
      await fc.assert(
        fc.asyncProperty(aLimit, fc.array(aStep, { minLength: 5, maxLength: 25 }), async (of, steps) => {
          const shared = makePlace[kind]()
          try {
            await play(shared, of, steps)
          } finally {
            await shared.remove()
          }
        }),
        { numRuns: runs },
      )
    },
  )
})
