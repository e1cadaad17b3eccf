/** What a step says of the execution that it starts: `options` of `fromExecution`. */
import { describe, expect, test } from 'vitest'
import { createMachine, fromPromise, setup } from 'xstate'
import { defineEntryPoint, fromExecution, type ChildOptions, type ChildOptionsArguments } from '../../src/index.js'
import { SimulatedClock } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { eventually } from '../support/eventually.js'
import { places } from '../support/store-place.js'

type Said = ChildOptions | ((args: ChildOptionsArguments<string>) => ChildOptions)

/** A parent whose child is started with these options, and which ends with the child's output, or with the code of the error. */
const parentWith = (options: Said) =>
  setup({ actors: { child: fromExecution<string, string>('child', { options }) } }).createMachine({
    id: 'parent',
    initial: 'asking',
    states: {
      asking: { invoke: { src: 'child', input: 'acme', onDone: 'done', onError: 'refused' } },
      done: { type: 'final', output: ({ event }) => (event as unknown as { output: string }).output },
      refused: {
        type: 'final',
        output: ({ event }) => {
          const { code, details } = (event as unknown as { error: { code: string; details: object } }).error
          return { code, ...details }
        },
      },
    },
    output: ({ event }) => event.output as unknown,
  })

const child = defineEntryPoint({ id: 'child', program: fromPromise(async ({ input }: { input: string }) => `done for ${input}`) })
const defined = (options: Said) => [defineEntryPoint({ id: 'parent', program: parentWith(options) }), child] as const

describe.each(places)('on %s', (_, place) => {
  test('a child has the tags, the session, the correlation and the limits that its step says of it, and is found by them', async () => {
    const clock = new SimulatedClock()
    const options = ({ input, now }: ChildOptionsArguments<string>) => ({
      tags: ['payment', input],
      sessionId: input,
      correlationId: `of-${input}`,
      priority: 7,
      deadline: now + 60_000,
    })
    const runtime = await begin({ store: place().connect(), entryPoints: defined(options), clock })
    const parent = await runtime.trigger('parent')
    expect(await parent.result()).toEqual({ status: 'completed', output: 'done for acme' })
    const { executions } = await runtime.executions({ tag: 'payment', sessionId: 'acme' })
    expect(executions).toMatchObject([{ parentId: parent.id, tags: ['payment', 'acme'], correlationId: 'of-acme', priority: 7 }])
    const { executions: none } = await runtime.executions({ parentId: parent.id, tag: 'other' })
    expect(none).toEqual([])
  })

  test('a child with a startAt starts at its time and not before, and is the same one after a crash of its parent', async () => {
    const clock = new SimulatedClock()
    const shared = place()
    const asked: number[] = []
    const options = ({ now }: ChildOptionsArguments<string>) => ({ startAt: now + (asked.push(now), 60_000) })
    let store = shared.connect()
    let runtime = await begin({ store, entryPoints: defined(options), clock })
    const { id } = await runtime.trigger('parent')
    const children = async () => (await runtime.executions({ parentId: id })).executions
    await eventually('the child is accepted', async () => (await children()).length === 1)
    expect(await children()).toMatchObject([{ status: 'queued', waitsFor: ['start'] }])
    store.cut()
    store = shared.connect()
    runtime = await begin({ store, entryPoints: defined(options), clock })
    await clock.advance(59_000)
    expect(await children()).toMatchObject([{ status: 'queued' }])
    await clock.advance(5_000)
    expect(await runtime.execution(id).result()).toMatchObject({ status: 'completed', output: 'done for acme' })
    expect(await children()).toHaveLength(1)
  })

  test('what a function gives and no execution can have ends the step, and no child is started', async () => {
    for (const [bad, option] of [
      [{ tags: [''] }, 'tags'],
      [{ startAt: NaN }, 'startAt'],
      [{ id: 'mine' }, 'id'],
    ] as const) {
      const runtime = await begin({ store: place().connect(), entryPoints: defined(() => bad as ChildOptions) })
      const parent = await runtime.trigger('parent')
      expect(await parent.result()).toMatchObject({ output: { code: 'invalid_option', option, entryPoint: 'child' } })
      expect((await runtime.executions({ entryPoint: 'child' })).executions).toEqual([])
    }
  })
})

test.each([
  ['invalid_option', 'tags', { tags: 'payment' }],
  ['invalid_option', 'priority', { priority: NaN }],
  ['invalid_option', 'timeout', { timeout: -1 }],
  ['invalid_option', 'queueTimeout', { queueTimeout: 0 }],
  ['invalid_option', 'startAt', { startAt: 'tomorrow' }],
  ['invalid_option', 'deadline', { startAt: 2, deadline: 1 }],
  ['invalid_id', 'sessionId', { sessionId: '' }],
  ['invalid_id', 'correlationId', { correlationId: 'a/b' }],
  ['invalid_option', 'id', { id: 'mine' }],
  ['invalid_option', 'idempotencyKey', { idempotencyKey: 'mine' }],
  ['invalid_option', 'causationId', { causationId: 'mine' }],
  ['invalid_option', 'tag', { tag: 'payment' }],
])('%s: a bad %s is refused where the step is made: %j', (code, option, options) => {
  const details = expect.objectContaining({ option, entryPoint: 'child' })
  expect(() => fromExecution('child', { options: options as ChildOptions })).toThrow(expect.objectContaining({ code, details }))
})

test('options that are no object, and an entry point that is none, are refused where the step is made', () => {
  for (const options of [null, 5, 'tags', []] as never[])
    expect(() => fromExecution('child', { options })).toThrow(expect.objectContaining({ code: 'invalid_option' }))
  for (const entryPoint of ['', 'a b', 'a/b/c', 3, undefined] as never[])
    expect(() => fromExecution(entryPoint)).toThrow(
      expect.objectContaining({ code: 'invalid_option', details: expect.objectContaining({ option: 'entryPoint' }) }),
    )
  expect(createMachine({ invoke: { src: fromExecution('group/child') } })).toBeDefined()
})
