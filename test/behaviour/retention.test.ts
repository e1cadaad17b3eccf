/** Retention keeps up with what ends, however much that is. */
import { describe, expect, test } from 'vitest'
import { createMachine, fromPromise } from 'xstate'
import { defineEntryPoint, fromExecution } from '../../src/index.js'
import { begin } from '../support/begin.js'
import { eventually } from '../support/eventually.js'
import { places } from '../support/store-place.js'
import type { Connection } from '../../src/testing/world/shared-store.js'

const program = fromPromise(async () => 'x')
const entryPoint = (retention: object) => defineEntryPoint({ id: 'e', program, maxConcurrent: 500, retention })

describe.each(places)('on %s', (_, place) => {
  test('one look forgets all that is due, not a page of it', async () => {
    const store = place().open()
    const runtime = await begin({ store, entryPoints: [entryPoint({ keep: 10_000 })] })
    await Promise.all(Array.from({ length: 1_300 }, () => runtime.trigger('e')))
    await runtime.drain()
    await runtime.stop()
    const other = await begin({ store, entryPoints: [entryPoint({ keep: 10 })], retentionInterval: 20 })
    await eventually('all but ten to be forgotten', async () => (await store.counts())['e']?.completed === 10)
    await other.stop()
  })

  test('what ends between two intervals is forgotten once it is a quarter more than is kept', async () => {
    const store = place().open()
    const runtime = await begin({ store, entryPoints: [entryPoint({ keep: 400 })], retentionInterval: 3_600_000 })
    for (let round = 0; round < 3; round++)
      await Promise.all(Array.from({ length: 400 }, async () => (await runtime.trigger('e')).result()))
    await eventually('no more than that to be kept', async () => ((await store.counts())['e']?.completed ?? 0) <= 500)
  })

  describe.each([
    ['was stopped', async (runtime: { stop(): Promise<unknown> }) => void (await runtime.stop())],
    ['was killed before a further commit', async (_dead: object, store: Connection) => store.cut()],
  ])('whose process %s', (_how, end) => {
    test('what a step has started is not started again once that has ended and is forgotten', async () => {
      const shared = place()
      const door = createMachine({
        id: 'door',
        initial: 'shut',
        states: { shut: { on: { OPEN: 'open' } }, open: { type: 'final' } },
      })
      const doors = defineEntryPoint({ id: 'doors', program: door, retention: { maxAge: 1 } })
      const parents = defineEntryPoint({ id: 'parents', program: fromExecution('doors') })
      const store = shared.connect()
      const first = await begin({ store, id: 'first', entryPoints: [doors, parents] })
      const { id } = await first.trigger('parents')
      const started = async () => (await first.executions({ parentId: id })).executions[0]
      await eventually('the child to wait', async () => (await started())?.status === 'waiting')
      const child = (await started())!.id
      await end(first, store)
      const other = await begin({ store: shared.connect(), id: 'other', entryPoints: [doors], retentionInterval: 5 })
      await other.execution(child).send({ type: 'OPEN' })
      await eventually('the child to be forgotten', async () => (await other.execution(child).get()).status === 'expired')
      const second = await begin({ store: shared.connect(), id: 'second', entryPoints: [doors, parents] })
      expect(await second.execution(id).result()).toMatchObject({
        status: 'failed',
        error: { code: 'execution_failed', details: { id: child, outcome: { status: 'expired' } } },
      })
      expect(await second.executions({ parentId: id })).toMatchObject({ executions: [] })
    })
  })
})
