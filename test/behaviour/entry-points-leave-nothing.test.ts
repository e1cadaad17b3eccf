/** Entry points that come and go a thousand times leave nothing behind in the process. */
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { fromPromise, setup } from 'xstate'
import { defineEntryPoint, defineGroup } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { every } from '../../src/triggers.js'
import { begin } from '../support/begin.js'
import { quiet } from '../support/ticks.js'

const CYCLES = 250

/** Counts the timers that are armed now. */
class CountingClock extends SimulatedClock {
  readonly armed = new Set<unknown>()

  override setTimeout(fn: () => void, ms: number, options?: Parameters<SimulatedClock['setTimeout']>[2]): unknown {
    const handle = super.setTimeout(
      () => {
        this.armed.delete(handle)
        fn()
      },
      ms,
      options,
    )
    this.armed.add(handle)
    return handle
  }

  override clearTimeout(handle: unknown): void {
    this.armed.delete(handle)
    super.clearTimeout(handle)
  }
}

test('a thousand that come and go leave no timer, no stream, no row of the registry and no actor', async () => {
  const clock = new CountingClock()
  const runtime = await begin({ ...quiet, store: memoryStore(), clock, entryPoints: [] })
  const waits = setup({}).createMachine({
    id: 'waits',
    initial: 'here',
    states: { here: { after: { 1_000_000: 'there' } }, there: {} },
  })
  const list = [
    defineEntryPoint({ id: 'waits', program: waits }),
    ...[1, 2, 3].map((n) =>
      defineEntryPoint({ id: `ticks-${n}`, program: fromPromise(async () => 'done'), trigger: every(60_000) }),
    ),
  ]
  const { system } = runtime.actor
  let stopped = 0
  system.inspect(({ type, actorRef }) => {
    if (type === '@xstate.snapshot' && (actorRef.getSnapshot() as { status: string }).status === 'done') stopped++
  })
  let before = 0
  for (let n = 0; n < CYCLES; n++) {
    const added = await runtime.add(defineGroup(`tenant-${n}`, list))
    if (n % 10 === 0) await runtime.add(defineGroup(`tenant-${n}`, list))
    if (n % 25 === 0) await (added.trigger as (id: string) => Promise<unknown>)(`tenant-${n}/waits`)
    if (n % 50 === 0) await added.pause()
    await runtime.remove({ group: `tenant-${n}` }, { drain: n % 2 === 0 })
    if (n === 30) before = clock.armed.size
  }
  await turn()
  // what the executions wait for is one alarm of the runtime, whoever has their entry points
  expect(clock.armed.size).toBeLessThanOrEqual(before)
  expect(stopped).toBeGreaterThanOrEqual(CYCLES * list.length)
  expect(runtime.entryPoints).toEqual([])
  expect(runtime.registry.streams.getSnapshot().context).toEqual({})
  expect(runtime.registry.triggers.getSnapshot().context).toEqual({})
  expect((await runtime.executions({ limit: 1_000 })).executions).toHaveLength(CYCLES / 25)
})
