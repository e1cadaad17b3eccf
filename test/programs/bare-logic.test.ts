/** Programs that are no machines: a bare `fromPromise`, `fromTransition`, `fromCallback`, `fromObservable`, `fromStore`. */
import { fromStore } from '@xstate/store'
import { fromCallback, fromObservable, fromPromise, fromTransition, type AnyEventObject } from 'xstate'
import { describe, expect, test } from 'vitest'
import { crashEverywhere } from '../harness/crash-everywhere.js'
import { playThrough } from '../harness/crash-in-process.js'
import { places } from '../harness/store-place.js'

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
      next: () => ({ type: 'ADD', n: 2 }),
      until: ({ context }) => (context as { n: number } | undefined)?.n === 7,
    },
    (trace) => expect(trace).toMatchObject({ status: 'waiting', context: { n: 7 } }),
  )

  crashEverywhere(
    'a bare fromStore keeps what its events made of it',
    {
      program: () => fromStore({ context: { n: 0 }, on: { add: ({ n }, event: { by: number }) => ({ n: n + event.by }) } }),
      next: () => ({ type: 'add', by: 2 }),
      until: ({ context }) => (context as { n: number } | undefined)?.n === 4,
    },
    (trace) => expect(trace).toMatchObject({ status: 'waiting', context: { n: 4 } }),
  )

  // what a callback has heard is not told to it again after a crash (README, "not promised")
  test.each(places)('a bare fromCallback hears its events, and emits, on %s', async (_, place) => {
    const trace = await playThrough(place(), {
      program: () =>
        fromCallback(({ receive, emit }) =>
          receive((event) => emit({ type: 'heard', text: (event as AnyEventObject)['text'] } as never)),
        ),
      next: () => ({ type: 'SAY', text: 'a' }),
      until: ({ revision }) => revision >= 4,
    })
    expect(trace.status).toBe('running')
    expect(JSON.stringify(trace.emitted)).toContain('heard')
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
