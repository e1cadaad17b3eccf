/** `onBusy: 'replace'` among executions that wait for one another: none replaces what waits for it. */
import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { defineEntryPoint, fromExecution } from '../../src/index.js'
import { begin } from '../support/begin.js'
import { eventually } from '../support/eventually.js'
import { places, type StorePlace } from '../support/store-place.js'

/** Starts an execution of another entry point when told to, or ends. */
const starting = (id: string, below: string, begins: 'idle' | 'waiting') =>
  setup({ actors: { below: fromExecution(below) } }).createMachine({
    id,
    initial: begins,
    states: {
      idle: { on: { DOWN: 'waiting', GO: 'done' } },
      waiting: { invoke: { src: 'below', onDone: 'done' } },
      done: { type: 'final' },
    },
  })

/** Jobs, of which two have a permit; one starts another one through so many entry points between them. */
async function working(place: StorePlace, between: number) {
  const name = (n: number) => (n === between ? 'jobs' : `level${n}`)
  const jobs = defineEntryPoint({
    id: 'jobs',
    program: starting('jobs', name(0), 'idle'),
    concurrency: { limit: 2, onBusy: 'replace' },
  })
  const levels = Array.from({ length: between }, (_, n) =>
    defineEntryPoint({ id: name(n), program: starting(name(n), name(n + 1), 'waiting') }),
  )
  return begin({ store: place.connect(), entryPoints: [jobs, ...levels] })
}

describe.each(places)('with replace, on %s', (_, place) => {
  test.each([0, 1, 3])(
    'one that waits for the new one, %d levels between, keeps its permit, and another one goes',
    async (between) => {
      const runtime = await working(place(), between)
      const top = await runtime.trigger('jobs')
      const other = await runtime.trigger('jobs')
      await top.send({ type: 'DOWN' } as never)
      expect(await other.result({ timeout: 5_000 })).toMatchObject({ status: 'cancelled', reason: 'replaced' })
      let below: string | undefined
      await eventually('the new one runs', async () => {
        const { executions } = await runtime.executions({ entryPoint: 'jobs', status: 'waiting' })
        below = executions.find(({ id }) => id !== top.id)?.id
        return below !== undefined
      })
      await runtime.execution(below as string).send({ type: 'GO' } as never)
      expect(await top.result({ timeout: 5_000 })).toMatchObject({ status: 'completed' })
    },
  )
})
