/** Crashes at every point of what is admitted by keys, by a rate, or gathered: nothing is lost, and nothing is found that does not survive. */
import { expect, test } from 'vitest'
import { defineEntryPoint, fromStep } from '../../../src/index.js'
import { exploreCrashes } from '../../../src/testing/index.js'

const keyed = defineEntryPoint({
  id: 'keyed',
  program: fromStep<string, { tenant: string; n: number }>(({ input }) => `${input.tenant}${input.n}`),
  concurrency: { key: ({ tenant }) => tenant, limit: 1 },
  rate: { limit: 2, per: 1_000, key: ({ tenant }) => tenant },
})
const reindex = defineEntryPoint({
  id: 'reindex',
  program: fromStep<string, { text: string }>(({ input }) => input.text),
  debounce: { quiet: 100 },
})
const lines = defineEntryPoint({
  id: 'lines',
  program: fromStep<string, readonly string[]>(({ input }) => input.join('+')),
  batch: { size: 3, within: 1_000 },
})

test('keyed concurrency and a rate survive a crash at every point', { timeout: 60_000 }, async () => {
  const report = await exploreCrashes(keyed, async (runtime) => {
    const handles = []
    for (const n of [1, 2, 3]) handles.push(await runtime.trigger('keyed', { tenant: 'x', n }, { idempotencyKey: `x${n}` }))
    await runtime.advance(1_500)
    return Promise.all(handles.map((handle) => handle.result()))
  })
  expect(report.failures).toEqual([])
  expect(report).toMatchObject({ leftOut: 0, unreached: 0 })
})

test('debounced and batched triggers survive a crash at every point', { timeout: 60_000 }, async () => {
  const report = await exploreCrashes([reindex, lines], async (runtime) => {
    await runtime.trigger('reindex', { text: 'draft' }, { idempotencyKey: 'draft' })
    const last = await runtime.trigger('reindex', { text: 'final' }, { idempotencyKey: 'final' })
    const handles = []
    for (const line of ['a', 'b', 'c']) handles.push(await runtime.trigger('lines', line, { idempotencyKey: line }))
    await runtime.advance(2_000)
    return [await last.result(), ...(await Promise.all(handles.map((handle) => handle.result())))]
  })
  expect(report.failures).toEqual([])
  expect(report).toMatchObject({ leftOut: 0, unreached: 0 })
})
