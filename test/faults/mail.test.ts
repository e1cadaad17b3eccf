/** Attacks on events: none that was acknowledged is lost, and none overtakes another. */
import { describe, expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { encode } from '../../src/codec/snapshot-codec.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { faultyStore } from '../../src/testing/store/faulty-store.js'
import { approval } from '../support/programs.js'

const fussy = (mood: { fine: boolean }) =>
  setup({
    types: {
      context: {} as { notes: string[] },
      events: {} as { type: 'NOTE'; text: string } | { type: 'END' },
      output: {} as { notes: string[] },
    },
  }).createMachine({
    id: 'fussy',
    context: { notes: [] },
    initial: 'open',
    on: {
      NOTE: {
        actions: assign({
          notes: ({ context, event }) => {
            if (event.text === 'bad' && !mood.fine) throw new Error('not in the mood')
            return [...context.notes, event.text]
          },
        }),
      },
    },
    states: { open: { on: { END: 'done' } }, done: { type: 'final' } },
    output: ({ context }) => context,
  })

describe('events', () => {
  test('a send whose attempt failed is answered only when its event stands in the inbox again', async () => {
    const store = faultyStore(memoryStore())
    const retry = { maxAttempts: 2, backoff: { initial: 60_000 } }
    const work = defineEntryPoint({ id: 'work', program: fussy({ fine: false }), retry })
    const runtime = await begin({ store, entryPoints: [work] })
    const execution = await runtime.trigger('work')
    await eventually('it to wait', async () => ((await execution.get()) as { status: string }).status === 'waiting')
    store.inject({ kind: 'hang', call: 'enqueue' })
    let answered = false
    const sent = execution.send({ type: 'NOTE', text: 'bad' }).finally(() => (answered = true))
    await eventually('the event to be given back', () => store.waiting === 1)
    await turns()
    expect(answered).toBe(false)
    store.heal()
    expect(await sent).toMatchObject({ status: 'queued' })
    expect(await store.inbox({ execution: execution.id })).toHaveLength(1)
  })

  test('an event whose attempt failed is delivered again when a person has mended what was wrong', async () => {
    const mood = { fine: false }
    const retry = { maxAttempts: 1, onExhausted: 'pause' } as const
    const work = defineEntryPoint({ id: 'work', program: fussy(mood), retry })
    const runtime = await begin({ store: memoryStore(), entryPoints: [work] })
    const execution = await runtime.trigger('work')
    await eventually('it to wait', async () => ((await execution.get()) as { status: string }).status === 'waiting')
    const [good, bad] = await Promise.all([
      execution.send({ type: 'NOTE', text: 'good' }),
      execution.send({ type: 'NOTE', text: 'bad' }),
    ])
    expect([good.status, bad.status]).toEqual(['queued', 'queued'])
    expect(await execution.get()).toMatchObject({ status: 'paused' })
    mood.fine = true
    await execution.resume({ retry: true })
    await execution.send({ type: 'END' })
    expect(await execution.result()).toMatchObject({ status: 'completed', output: { notes: ['good', 'bad'] } })
  })

  test('an event that another process puts into the inbox while that is being read is delivered', async () => {
    const inner = memoryStore()
    const store = faultyStore(inner)
    const runtime = await begin({ store, entryPoints: [defineEntryPoint({ id: 'work', program: approval })] })
    const execution = await runtime.trigger('work')
    await eventually('it to wait', async () => ((await execution.get()) as { status: string }).status === 'waiting')
    await execution.pause()
    store.inject({ kind: 'hang', call: 'inbox', when: 'after' })
    const resumed = execution.resume()
    await eventually('the inbox to be read', () => store.waiting > 0)
    const payload = encode({ type: 'NOTE', text: 'from afar' }, { id: execution.id, what: 'event' })
    await inner.enqueue({ executionId: execution.id, kind: 'event', payload, at: 0 })
    let looks = 0
    await eventually('looks for mail', () => {
      if (store.waiting > 1) {
        store.releaseLast()
        looks++
      }
      return looks === 3
    })
    store.heal()
    await resumed
    await eventually('the event', async () => JSON.stringify(await execution.get()).includes('from afar'))
  })

  test('an execution that is claimed again before this process knows that it gave it back goes on', async () => {
    const inner = memoryStore()
    const store = faultyStore(inner)
    const work = defineEntryPoint({ id: 'work', program: approval, passivateAfter: 1 })
    const runtime = await begin({ store, entryPoints: [work] })
    const execution = await runtime.trigger('work')
    await eventually('it to wait', async () => ((await execution.get()) as { status: string }).status === 'waiting')
    store.inject({ kind: 'hang', call: 'commit', when: 'after' })
    await eventually('it to be given back', async () => (await inner.load(execution.id))?.owner === null)
    const payload = encode({ type: 'NOTE', text: 'from afar' }, { id: execution.id, what: 'event' })
    await inner.enqueue({ executionId: execution.id, kind: 'event', payload, at: 0 })
    await eventually('it to be claimed', async () => (await inner.load(execution.id))?.owner !== null)
    await turns()
    store.heal()
    await eventually('the event', async () => JSON.stringify(await execution.get()).includes('from afar'))
  })

  test('an event that is on its way to the inbox is not overtaken by the next one', async () => {
    const store = faultyStore(memoryStore())
    const runtime = await begin({
      store,
      pollInterval: 60_000,
      entryPoints: [defineEntryPoint({ id: 'work', program: approval })],
    })
    const execution = await runtime.trigger('work')
    await eventually('it to wait', async () => ((await execution.get()) as { status: string }).status === 'waiting')
    await execution.pause()
    await execution.send({ type: 'NOTE', text: '0' })
    store.inject({ kind: 'hang', call: 'inbox', when: 'after' })
    const resumed = execution.resume()
    await eventually('the inbox to be read', () => store.waiting === 1)
    store.heal()
    store.inject({ kind: 'hang', call: 'enqueue' })
    const first = execution.send({ type: 'NOTE', text: '1' })
    await resumed
    await turns()
    const second = execution.send({ type: 'NOTE', text: '2' })
    await turns()
    store.heal()
    await Promise.all([first, second])
    await execution.send({ type: 'APPROVE' })
    expect(await execution.result({ timeout: 2_000 })).toMatchObject({ output: { notes: ['0', '1', '2'] } })
  })
})
