/** What an execution has started ends with it, and a retry after its failure starts another one. */
import { expect, onTestFinished, test } from 'vitest'
import { setup } from 'xstate'
import { defineEntryPoint, fromExecution, fromStep, type ChildStepOptions, type EntryPointOptions } from '../../src/index.js'
import { createTestRuntime, fails, returns } from '../../src/testing/index.js'

function family(options: ChildStepOptions = {}, more: Partial<EntryPointOptions> = {}, order?: 'children first') {
  const work = fromStep<unknown>(() => Promise.reject(new Error('to be mocked')))
  const child = setup({ actors: { work } }).createMachine({
    id: 'child',
    initial: 'working',
    states: { working: { invoke: { src: 'work', onDone: 'done' } }, done: { type: 'final' } },
  })
  const parent = setup({
    types: { events: {} as { type: 'LEAVE' | 'END' } },
    actors: { child: fromExecution('children', options) },
  }).createMachine({
    id: 'parent',
    initial: 'asking',
    states: {
      asking: { invoke: { id: 'ask', src: 'child', onDone: 'done' }, on: { LEAVE: 'idle', END: 'done' } },
      idle: {},
      done: { type: 'final' },
    },
  })
  const parents = defineEntryPoint({ id: 'parents', program: parent, ...more })
  const children = defineEntryPoint({ id: 'children', program: child })
  const entryPoints = order ? ([children, parents] as const) : ([parents, children] as const)
  const world = createTestRuntime({ entryPoints })
  onTestFinished(() => world.stop())
  const childrenOf = async (parentId: string) => (await world.store.query({ parentId, limit: 10 })).executions
  return { world, childrenOf }
}

const statuses = (all: readonly { readonly status: string }[]) => all.map(({ status }) => status)

test.each(['completes', 'times out', 'is cancelled'] as const)(
  'a parent that %s has no living child when it is answered',
  async (how) => {
    const { world, childrenOf } = family({}, how === 'times out' ? { timeout: 1_000 } : {})
    const held = world.hold('work')
    const parent = await world.trigger('parents')
    await held.started()
    if (how === 'completes') await parent.send({ type: 'END' })
    if (how === 'is cancelled') await parent.cancel()
    await parent.result()
    expect(statuses(await childrenOf(parent.id))).toEqual(['cancelled'])
  },
)

test('a child whose step is left, or out of time, is cancelled', async () => {
  const left = family()
  const held = left.world.hold('work')
  const parent = await left.world.trigger('parents')
  await held.started()
  await parent.send({ type: 'LEAVE' })
  await left.world.settle()
  expect(await parent.get()).toMatchObject({ value: 'idle' })
  expect(statuses(await left.childrenOf(parent.id))).toEqual(['cancelled'])
  const timed = family({ timeout: 500 })
  timed.world.hold('work')
  const other = await timed.world.trigger('parents')
  await other.result()
  expect(statuses(await timed.childrenOf(other.id))).toEqual(['cancelled'])
})

test('with whenLeft leave it goes on by itself', async () => {
  const { world, childrenOf } = family({ whenLeft: 'leave' })
  const held = world.hold('work')
  const parent = await world.trigger('parents')
  const call = await held.started()
  await parent.send({ type: 'END' })
  await parent.result()
  expect(statuses(await childrenOf(parent.id))).toEqual(['running'])
  call.resolve('done')
  await world.settle()
  expect(statuses(await childrenOf(parent.id))).toEqual(['completed'])
})

test('a retry of the step starts another child after one has failed, and its record names that one', async () => {
  const { world, childrenOf } = family({ retry: { maxAttempts: 2, backoff: { initial: 10 } } })
  world.mock('work', fails('broken'), returns('mended'))
  const parent = await world.trigger('parents')
  expect(await parent.result()).toMatchObject({ status: 'completed' })
  const [second, first] = await childrenOf(parent.id)
  expect(statuses([first, second].filter((each) => each !== undefined))).toEqual(['failed', 'completed'])
  expect(await world.execution(second?.id ?? '').get()).toMatchObject({ retryOf: first?.id })
})

test('an execution that tries again, or is resumed for that, starts another child, and a recovery finds the one there is', async () => {
  const { world, childrenOf } = family({}, { retry: { maxAttempts: 2, backoff: { initial: 10 }, onExhausted: 'pause' } })
  world.mock('work', fails('broken'))
  const parent = await world.trigger('parents')
  await world.advance(5_000)
  expect(await parent.get()).toMatchObject({ status: 'paused' })
  expect(statuses(await childrenOf(parent.id))).toEqual(['failed', 'failed'])
  const held = world.hold('work')
  await parent.resume({ retry: true })
  await held.started()
  await world.restart()
  ;(await held.started(2)).resolve('mended')
  expect(await parent.result()).toMatchObject({ status: 'completed' })
  expect(await childrenOf(parent.id)).toHaveLength(3)
})

test('a child that was paused with its parent ends with it, also if that never comes to rest in its pause', async () => {
  const step = fromStep<unknown>(() => Promise.reject(new Error('to be mocked')))
  const parent = setup({ actors: { child: fromExecution('children'), step } }).createMachine({
    id: 'parent',
    invoke: [{ src: 'child' }, { src: 'step' }],
  })
  const child = setup({}).createMachine({ id: 'child' })
  const entryPoints = [
    defineEntryPoint({ id: 'parents', program: parent }),
    defineEntryPoint({ id: 'children', program: child }),
  ] as const
  const world = createTestRuntime({ entryPoints })
  onTestFinished(() => world.stop())
  const held = world.hold('step', { heedsSignal: false })
  const execution = await world.trigger('parents', undefined, { deadline: world.clock.now() + 1_000 })
  await held.started()
  await execution.pause({ mode: 'now', timeout: 0 })
  const childrenOf = async () => statuses((await world.store.query({ parentId: execution.id, limit: 10 })).executions)
  expect(await childrenOf()).toEqual(['paused'])
  expect(await execution.get()).toMatchObject({ status: 'pausing' })
  await world.advance(1_000)
  held.calls[0]?.resolve('late')
  expect(await execution.result()).toMatchObject({ status: 'timed_out' })
  expect(await childrenOf()).toEqual(['cancelled'])
})

test.each(['is cancelled', 'runs out of time', 'is cancelled after a restart', 'ends while it is being paused'] as const)(
  'a child that outlives its parent, and was paused with it, goes on when the parent %s',
  async (how) => {
    const { world, childrenOf } = family({ whenLeft: 'leave' })
    const held = world.hold('work')
    const parent = await world.trigger('parents', undefined, { deadline: world.clock.now() + 10_000 })
    await held.started()
    const pausing = parent.pause({ mode: how === 'ends while it is being paused' ? 'boundary' : 'now' })
    if (how === 'ends while it is being paused') {
      await world.settle()
      expect(statuses(await childrenOf(parent.id))).toEqual(['pausing'])
      await parent.send({ type: 'END' })
      held.calls[0]?.resolve('done')
      await world.settle()
    }
    await pausing
    if (how === 'is cancelled after a restart') await world.restart()
    if (how.startsWith('is cancelled')) expect(await parent.cancel()).toMatchObject({ status: 'cancelled' })
    if (how === 'runs out of time') await world.advance(10_000)
    await parent.result()
    if (how === 'ends while it is being paused') await world.settle()
    else (await held.started(2)).resolve('done')
    await world.settle()
    expect(statuses(await childrenOf(parent.id))).toEqual(['completed'])
  },
)

test('one that was paused by itself stays paused when its parent ends', async () => {
  const { world, childrenOf } = family({ whenLeft: 'leave' })
  const held = world.hold('work')
  const parent = await world.trigger('parents')
  await held.started()
  const [child] = await childrenOf(parent.id)
  await world.execution(child?.id ?? '').pause({ mode: 'now' })
  await parent.pause({ mode: 'now' })
  await parent.cancel()
  await world.settle()
  expect(statuses(await childrenOf(parent.id))).toEqual(['paused'])
})

test('a cancel of the runtime ends a parent as cancelled, also if what it waits for is cancelled first', async () => {
  const { world, childrenOf } = family({}, {}, 'children first')
  const held = world.hold('work')
  const parent = await world.trigger('parents')
  await held.started()
  expect(await world.cancel()).toEqual({ cancelled: 2 })
  expect(statuses(await childrenOf(parent.id))).toEqual(['cancelled'])
  expect(await parent.get()).toMatchObject({ status: 'cancelled' })
})
