/** A delivery while the process dies or restarts at every point: its sender tries again, and it starts one execution that comes to its end. */
import { setup } from 'xstate'
import { describe, expect, test } from 'vitest'
import { createRuntime, defineEntryPoint, fromStep } from '../../src/index.js'
import { exploreCrashes, exploreRestarts, type TestRuntime } from '../../src/testing/index.js'
import { header, hmac, webhook } from '../../src/triggers.js'
import { begin } from '../support/begin.js'
import { places } from '../support/store-place.js'
import { delivery, doubles, read, secret } from '../support/webhooks.js'

function shop() {
  /** What the step has done, by its idempotency key, as the real world has to keep it. */
  const ledger = new Map<string, number>()
  const machine = setup({
    types: { input: {} as { n: number }, context: {} as { n: number }, output: {} as number },
    actors: { note: fromStep<void, number>(async ({ input, idempotencyKey }) => void ledger.set(idempotencyKey, input)) },
  }).createMachine({
    id: 'noted',
    context: ({ input }) => input,
    initial: 'noting',
    states: { noting: { invoke: { src: 'note', input: ({ context }) => context.n, onDone: 'noted' } }, noted: { type: 'final' } },
    output: ({ context }) => context.n,
  })
  const entryPoint = defineEntryPoint({
    id: 'notes',
    program: machine,
    trigger: webhook({
      path: '/doubles',
      verify: hmac({ header: 'x-signature', secret }),
      idempotencyKey: header('x-delivery'),
      input: ({ body }) => body as { n: number },
    }),
  })
  const scenario = async (runtime: TestRuntime) => {
    ledger.clear()
    const idOf = async (name: string) => String((await read(await runtime.fetch(delivery(name)))).body['id'])
    const first = await idOf('d-1')
    const outcome = await runtime.execution(first).result()
    const [again, other] = [await idOf('d-1'), await idOf('d-2')]
    await runtime.execution(other).result()
    const { executions } = await runtime.executions()
    return { outcome, isSame: again === first, isOther: other !== first, count: executions.length, noted: [...ledger.values()] }
  }
  return { entryPoint, scenario }
}

test.each([
  ['crash', exploreCrashes],
  ['restart', exploreRestarts],
] as const)('a %s at every point of two deliveries changes nothing for their sender', async (_, explore) => {
  const { entryPoint, scenario } = shop()
  const report = await explore(entryPoint, scenario as never)
  expect(report.failures).toEqual([])
})

describe.each(places)('on %s', (_, place) => {
  test('a process that dies before or after any of its commits has said no 202 for what is not stored', async () => {
    for (let nth = 1; ; nth++) {
      let wasReached = false
      for (const when of ['before', 'after'] as const) {
        const shared = place()
        let commits = 0
        let cut = () => undefined as void
        const died = new Promise<void>((resolve) => (cut = resolve))
        const connection = shared.connect((store) => ({
          commit: async (batch) => {
            if (++commits !== nth) return store.commit(batch)
            const written = when === 'after' ? store.commit(batch) : undefined
            await written
            connection.cut()
            cut()
            return written ?? store.commit([])
          },
        }))
        const dying = createRuntime({ store: connection, entryPoints: [doubles()], pollInterval: 5 })
        await dying.start()
        const answers: string[] = []
        const delivered = async () => {
          const { status, body } = await read(await dying.fetch(delivery('d-1')))
          if (status === 202) answers.push(String(body['id']))
          await dying.execution(String(body['id'])).result()
        }
        await Promise.race([delivered(), died])
        wasReached = connection.isCut
        const next = await begin({ store: shared.connect(), entryPoints: [doubles()] })
        const { status, body } = await read(await next.fetch(delivery('d-1')))
        expect([200, 202]).toContain(status)
        for (const id of answers) expect([status, id]).toEqual([200, body['id']])
        expect(await next.execution(String(body['id'])).result()).toEqual({ status: 'completed', output: 42 })
        expect((await next.executions()).executions).toHaveLength(1)
        await next.stop()
        if (!wasReached) await dying.stop()
      }
      if (!wasReached) {
        expect(nth).toBeGreaterThan(2)
        return
      }
    }
  })
})
