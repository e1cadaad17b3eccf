/** What the story says of single transitions: that what acts does not ignore, and what happened first comes first. */
import { expect, test } from 'vitest'
import { emit, sendTo, setup } from 'xstate'
import { defineEntryPoint, fromStep } from '../../../src/index.js'
import { createTestRuntime, executionSnapshot } from '../../../src/testing/index.js'

const reviewer = setup({ types: { events: {} as { type: 'VERDICT' } } }).createMachine({
  id: 'reviewer',
  initial: 'reading',
  states: { reading: { on: { VERDICT: 'done' } }, done: { type: 'final' } },
})
const review = setup({
  types: { events: {} as { type: 'SAY' } | { type: 'NUDGE' } | { type: 'SHOUT' }, emitted: {} as { type: 'NUDGED' } },
  actors: { reviewer, publish: fromStep<URL, RegExp>(() => new URL('https://stateward.dev/a')) },
}).createMachine({
  id: 'review',
  initial: 'reviewing',
  states: {
    reviewing: {
      invoke: { src: 'reviewer', id: 'reviewer', onDone: 'publishing' },
      on: { SAY: { actions: sendTo('reviewer', { type: 'VERDICT' }) }, NUDGE: { actions: emit({ type: 'NUDGED' }) } },
    },
    publishing: { invoke: { src: 'publish', input: /a+/g, onDone: 'published' } },
    published: { type: 'final' },
  },
})

test('an event that makes a machine act or send is not told as ignored, and a child ends before its parent hears of it', async () => {
  const world = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'reviews', program: review })] })
  const execution = await world.trigger('reviews')
  for (const type of ['SHOUT', 'NUDGE', 'SAY'] as const) await execution.send({ type })
  await execution.result()
  expect(world.history(execution).lines).toEqual([
    '+0s  trigger of reviews',
    '+0s  reviewer: starts in reading',
    '+0s  starts in reviewing',
    '+0s  send { type: "SHOUT" }',
    '+0s  reviewing ignores SHOUT',
    '+0s  send { type: "NUDGE" }',
    '+0s  reviewing —NUDGE→ reviewing',
    '+0s  emits { type: "NUDGED" }',
    '+0s  send { type: "SAY" }',
    '+0s  reviewing —SAY→ reviewing',
    '+0s  reviewer: reading —VERDICT→ done',
    '+0s  reviewing —reviewer done→ publishing',
    '+0s  step publish begins with /a+/g',
    '+0s  step publish done: https://stateward.dev/a',
    '+0s  publishing —publish done→ published',
    '+0s  is completed',
  ])
  await world.stop()
})

test('a moment between two milliseconds reads alike in the story and in a snapshot', async () => {
  const machine = setup({}).createMachine({
    id: 'm',
    initial: 'a',
    states: { a: { after: { 162.7: 'b' } }, b: { type: 'final' } },
  })
  const world = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'short', program: machine })] })
  const execution = await world.trigger('short')
  await execution.result()
  expect(world.history(execution).lines.at(-1)).toBe('+162ms  is completed')
  expect((await executionSnapshot(world, execution)).events.at(-1)?.at).toBe(162)
  await world.stop()
})
