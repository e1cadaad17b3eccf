/** Two copies of the package in one process: what one made, the other knows. */
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { createActor, setup } from 'xstate'
import * as ours from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { begin } from '../support/begin.js'

let other: typeof ours

beforeAll(async () => {
  vi.resetModules()
  other = await import('../../src/index.js')
  expect(other.StatewardError).not.toBe(ours.StatewardError)
})

const machineOf = (step: ReturnType<typeof ours.fromStep<unknown>>) =>
  setup({ actors: { step } }).createMachine({
    id: 'm',
    initial: 'on',
    states: {
      on: { invoke: { src: 'step', onDone: 'done', onError: 'failed' } },
      done: { type: 'final' },
      failed: { type: 'final' },
    },
  })

describe('errors', () => {
  test('of the other copy are known by their brand, with their code and their details', () => {
    const error = new other.StatewardError('queue_full', 'full', { details: { queued: 3 } })
    expect(ours.isStatewardError(error, 'queue_full')).toBe(true)
    expect(ours.isStatewardError(error, 'draining')).toBe(false)
    expect(error instanceof ours.StatewardError).toBe(true)
    expect(ours.toErrorRecord(error)).toMatchObject({ code: 'queue_full', details: { queued: 3 } })
  })

  test('that only look like one are not', () => {
    expect(ours.isStatewardError(Object.assign(new Error('x'), { name: 'StatewardError', code: 'queue_full' }))).toBe(false)
    expect(new Error('x') instanceof ours.StatewardError).toBe(false)
  })

  test('of a subclass are told apart from others', () => {
    class Special extends ours.StatewardError {}
    expect(new Special('stuck', 'x') instanceof Special).toBe(true)
    expect(new ours.StatewardError('stuck', 'x') instanceof Special).toBe(false)
  })
})

describe('a step of the other copy', () => {
  test('keeps its onRecovery when its process dies', async () => {
    const store = memoryStore()
    let effects = 0
    const step = other.fromStep(() => (effects++, new Promise(() => undefined)), { onRecovery: 'fail' })
    const entryPoints = [ours.defineEntryPoint({ id: 'e', program: machineOf(step) })]
    const first = await begin({ store: { ...store, close: () => Promise.resolve() }, entryPoints })
    const { id } = await first.trigger('e')
    await vi.waitFor(() => expect(effects).toBe(1))
    for (const { key } of await store.owners()) await store.retire(key, { giveBack: false })
    const second = await begin({ store, entryPoints })
    expect(await second.execution(id).result()).toMatchObject({ status: 'completed' })
    expect(await second.execution(id).get()).toMatchObject({ value: 'failed' })
    expect(effects).toBe(1)
  })

  test('that waits for an execution does not hold a pause up', async () => {
    const leaf = other.defineEntryPoint({ id: 'leaf', program: setup({}).createMachine({ id: 'leaf' }) })
    const program = machineOf(other.fromExecution('leaf') as never)
    const parent = other.defineEntryPoint({ id: 'parent', program })
    const runtime = await begin({ store: memoryStore(), entryPoints: [leaf, parent] as never[] })
    const execution = await runtime.trigger('parent' as never, undefined as never)
    await vi.waitFor(async () => expect((await runtime.executions({ entryPoint: 'leaf' })).executions).toHaveLength(1))
    expect(await execution.pause()).toMatchObject({ status: 'paused' })
  })

  test('of another make is refused where it is defined', () => {
    const step = ours.fromStep(() => 1)
    const strange = { ...step, config: Object.assign(() => undefined, { [Symbol.for('stateward.step')]: { format: 99 } }) }
    expect(() => ours.defineEntryPoint({ id: 'e', program: machineOf(strange as never) })).toThrow(
      expect.objectContaining({ code: 'invalid_definition', details: { format: 99, known: [1] } }),
    )
  })
})

test('an entry point of another make is refused', () => {
  const entryPoint = ours.defineEntryPoint({ id: 'e', program: setup({}).createMachine({ id: 'm' }) })
  const strange = { ...entryPoint, [Symbol.for('stateward.entry-point')]: 99 }
  expect(() => ours.createRuntime({ store: memoryStore(), entryPoints: [strange] as never })).toThrow(
    expect.objectContaining({ code: 'invalid_definition', details: expect.objectContaining({ format: 99 }) }),
  )
})

test('the calls of a supervisor that the other copy started can be had', async () => {
  const entryPoints = [ours.defineEntryPoint({ id: 'e', program: ours.fromStep(() => 42) })] as const
  const supervisor = createActor(other.supervisorMachine, { input: { store: memoryStore(), entryPoints } }).start()
  const runtime = ours.runtimeOf<typeof entryPoints>(supervisor)
  await runtime.start()
  expect(await (await runtime.trigger('e')).result()).toEqual({ status: 'completed', output: 42 })
  await runtime.stop()
})
