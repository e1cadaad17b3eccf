/** Programs that are no machines: a bare `fromPromise`, `fromTransition`, `fromCallback`, `fromObservable`, `fromStore`. */
import { fromStore } from '@xstate/store'
import { fromCallback, fromObservable, fromPromise, fromTransition, type AnyEventObject } from 'xstate'
import { describe, expect, test } from 'vitest'
import { defineEntryPoint } from '../../src/index.js'
import { decode } from '../../src/codec/snapshot-codec.js'
import { createTestRuntime } from '../../src/testing/index.js'
import { crashEverywhere } from '../support/crash-everywhere.js'
import { places } from '../support/store-place.js'

describe('a program that is', () => {
  crashEverywhere(
    'a bare fromPromise ends with what it resolves to',
    {
      program: (say) => fromPromise(async ({ input }: { input: { n: number } }) => (say('step'), input.n * 2)),
      input: { n: 21 },
    },
    (trace) => expect(trace).toMatchObject({ status: 'completed', output: 42, said: ['step'] }),
  )

  crashEverywhere(
    'a bare fromPromise fails with what it rejects with',
    { program: () => fromPromise(async () => Promise.reject(Object.assign(new TypeError('no'), { code: 'E_NO' }))) },
    (trace) => expect(trace).toMatchObject({ status: 'failed', error: { name: 'TypeError', message: 'no', code: 'E_NO' } }),
  )

  crashEverywhere(
    'a bare fromTransition keeps what its events made of it',
    {
      program: () =>
        fromTransition(
          (state: { n: number }, event: AnyEventObject) => ({ n: state.n + Number(event['n']) }),
          ({ input }) => input as { n: number },
        ),
      input: { n: 1 },
      events: [2, 1, 3].map((n) => ({ type: 'ADD', n })),
    },
    (trace) => expect(trace).toMatchObject({ status: 'waiting', context: { n: 7 } }),
  )

  crashEverywhere(
    'a bare fromStore keeps what its events made of it',
    {
      program: () => fromStore({ context: { n: 0 }, on: { add: ({ n }, event: { by: number }) => ({ n: n + event.by }) } }),
      events: [1, 3].map((by) => ({ type: 'add', by })),
    },
    (trace) => expect(trace).toMatchObject({ status: 'waiting', context: { n: 4 } }),
  )

  // what a callback has heard is not told to it again after a crash (README, "not promised")
  test.each(places)('a bare fromCallback hears its events, and emits, on %s', async (_, place) => {
    const program = fromCallback(({ receive, emit }) =>
      receive((event) => emit({ type: 'heard', text: (event as AnyEventObject)['text'] } as never)),
    )
    const world = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'run', program })], store: place().open })
    const execution = await world.trigger('run')
    await execution.send({ type: 'SAY', text: 'a' } as never)
    await execution.send({ type: 'SAY', text: 'b' } as never)
    await world.settle()
    expect(await execution.get()).toMatchObject({ status: 'running' })
    const emitted = (await world.store.events({ since: 0, limit: 100 })).filter(({ type }) => type === 'execution.emitted')
    expect(emitted.map(({ executionId, data }) => decode(data ?? '', { id: executionId ?? '', what: 'event' }))).toEqual(
      ['a', 'b'].map((text) => ({ type: 'heard', text })),
    )
    await world.stop()
  })

  crashEverywhere(
    'a bare fromObservable completes with it',
    {
      program: () =>
        fromObservable(() => ({
          subscribe(observer: unknown) {
            const { next, complete } = observer as { next(value: number): void; complete(): void }
            void Promise.resolve().then(() => (next(5), complete()))
            return { unsubscribe: () => undefined }
          },
        })),
    },
    (trace) => expect(trace.status).toBe('completed'),
  )
})
