/** Checkpoints: which commits are kept, and what is told of them. */
import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { defineEntryPoint, fromStep } from '../../src/index.js'
import { begin } from '../support/begin.js'
import { eventually } from '../support/eventually.js'
import { places } from '../support/store-place.js'

const talkative = fromStep(async ({ progress }) => {
  for (let n = 0; n < 30; n++) {
    progress({ n })
    await new Promise((resolve) => setImmediate(resolve))
  }
  return 'told'
})
const machine = setup({ actors: { talk: talkative } }).createMachine({
  id: 'm',
  initial: 'idle',
  states: {
    idle: { on: { GO: 'talking', NOTHING: {} } },
    talking: { invoke: { id: 'talk', src: 'talk', onDone: 'resting' } },
    resting: { after: { 60: 'rested' } },
    rested: { on: { END: 'over' } },
    over: { type: 'final' },
  },
})

describe.each(places)('on %s', (_, place) => {
  test('are kept of what moved the program, each with what caused it, and not of progress', async () => {
    const runtime = await begin({
      store: place().open(),
      entryPoints: [defineEntryPoint({ id: 'm', program: machine, checkpoints: 20 })],
    })
    const execution = await runtime.trigger('m')
    await execution.send({ type: 'NOTHING' })
    await execution.send({ type: 'GO' })
    await eventually('it to rest', async () => ((await execution.get()) as { value: unknown }).value === 'rested')
    await execution.pause()
    await execution.resume()
    await execution.send({ type: 'END' })
    const kept = await execution.checkpoints()
    expect(kept.map(({ value, cause }) => [value, cause])).toEqual([
      ['idle', { type: 'start' }],
      ['talking', { type: 'event', event: 'GO' }],
      ['resting', { type: 'step', step: 'talk' }],
      ['rested', { type: 'timer', event: 'xstate.after.60.m.resting' }],
      ['over', { type: 'event', event: 'END' }],
    ])
    const revisions = kept.map(({ revision }) => revision)
    expect(revisions).toEqual(revisions.toSorted((a, b) => a - b))
    expect(kept.at(-1)?.status).toBe('completed')
    const before = kept[1]
    const fork = await execution.fork({ revision: before?.revision ?? 0 })
    expect(((await fork.get()) as { value: unknown }).value).toBe('talking')
  })

  test('of an execution that is not there are asked in vain', async () => {
    const runtime = await begin({ store: place().open(), entryPoints: [defineEntryPoint({ id: 'm', program: machine })] })
    await expect(runtime.execution('nobody').checkpoints()).rejects.toMatchObject({ code: 'not_found' })
    expect(await (await runtime.trigger('m')).checkpoints()).toEqual([])
  })
})
