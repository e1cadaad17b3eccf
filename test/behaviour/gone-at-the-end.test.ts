/** A cancel, a time limit and a pause are answered once no step runs any more, also those that the program has left by then. */
import { describe, expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import { defineEntryPoint, fromStep, type ExecutionHandle } from '../../src/index.js'
import { faultyStore } from '../../src/testing/store/faulty-store.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { places } from '../support/store-place.js'

const boom = () => {
  throw new Error('boom')
}

describe.each(places)('on %s', (_, place) => {
  /** A step that ends when it is told to, once its signal has fired; beside it one that fails when it is told to. */
  async function open(options: object) {
    const running = new Map<string, () => void>()
    const signals: AbortSignal[] = []
    const fails: (() => void)[] = []
    const work = fromStep<void, string>(
      ({ input, signal }) =>
        new Promise((resolve) => {
          signals.push(signal)
          running.set(input, () => void (running.delete(input) && resolve()))
        }),
    )
    const bad = fromStep(
      ({ signal }) =>
        new Promise<void>((resolve, reject) => {
          signal.addEventListener('abort', () => resolve())
          fails.push(() => reject(new Error('bad')))
        }),
    )
    const invoke = (input: string) => ({ src: 'work', input }) as const
    const program = setup({ types: { context: {} as { a?: unknown } }, actors: { work, bad } }).createMachine({
      id: 'two-steps',
      context: {},
      initial: 'on',
      on: {
        END: '.end',
        FAIL: '.undoing',
        THROW: { actions: assign(boom) },
        KEEP: { target: '.undoing', actions: assign({ a: () => () => 1 }) },
      },
      states: {
        on: { type: 'parallel', states: { a: { invoke: invoke('first') }, b: { invoke: { src: 'bad' } } } },
        undoing: { type: 'parallel', states: { a: { invoke: invoke('second') }, b: { invoke: { src: 'bad' } } } },
        end: { type: 'final' },
      },
    })
    const entryPoint = defineEntryPoint({ id: 'one', program, maxConcurrent: 1, ...options })
    const store = faultyStore(place().open())
    const runtime = await begin({ store, entryPoints: [entryPoint] })
    const execution = await runtime.trigger('one')
    await eventually('its steps', () => running.size === 1 && fails.length === 1)
    /** Resolves with what is answered, which nothing is while a step runs. */
    const answered = async (asked: Promise<object>) => {
      let isOver = false
      void asked.finally(() => (isOver = true))
      await eventually('the steps that are left to be told', () => signals.every(({ aborted }) => aborted))
      await turns(20)
      expect(isOver).toBe(false)
      for (const end of [...running.values()]) end()
      return asked
    }
    return { execution, running, fails, answered, store }
  }

  test.each(['END', 'THROW', 'KEEP'])('a cancel whose compensation is over at once, by %s', async (type) => {
    const { execution, answered } = await open({ cancelEvent: { type } })
    expect(await answered(execution.cancel())).toEqual({ status: 'cancelled' })
    expect(await execution.result()).toMatchObject({ status: 'cancelled' })
  })

  test('a cancel whose compensation fails while another step of it runs', async () => {
    const { execution, answered, running, fails } = await open({ cancelEvent: { type: 'FAIL' } })
    const cancel = execution.cancel()
    await eventually('the compensation', () => running.size === 2 && fails.length === 2)
    fails[1]?.()
    expect(await answered(cancel)).toEqual({ status: 'cancelled' })
    expect(await execution.result()).toMatchObject({ status: 'cancelled', error: { message: 'bad' } })
  })

  test('a cancel whose compensation is over waits no longer than its time', async () => {
    const { execution } = await open({ cancelEvent: { type: 'END' }, cancelTimeout: 30 })
    expect(await execution.cancel()).toEqual({ status: 'cancelled' })
  })

  const commands: readonly (readonly [string, (execution: ExecutionHandle) => Promise<object>, string])[] = [
    ['a cancel', (execution) => execution.cancel(), 'cancelled'],
    ['a pause', (execution) => execution.pause(), 'paused'],
    ['a pause at once', (execution) => execution.pause({ mode: 'now' }), 'paused'],
  ]
  const retry = { maxAttempts: 3, backoff: { initial: 60_000 } }

  test.each(commands)('%s between two attempts, of which the first has left a step running', async (_name, command, status) => {
    const { execution, fails, answered } = await open({ retry })
    fails[0]?.()
    await eventually('the attempt to have failed', async () => (await execution.get()).status === 'waiting')
    expect(await answered(command(execution))).toMatchObject({ status })
  })

  test.each(commands)(
    '%s between two attempts that are far apart: the execution stays in memory for the step',
    async (_n, command, status) => {
      const { execution, fails, answered } = await open({ retry, passivateAfter: 1 })
      fails[0]?.()
      await eventually('the attempt to have failed', async () => (await execution.get()).status === 'waiting')
      await turns(50)
      expect(await answered(command(execution))).toMatchObject({ status })
    },
  )

  test('an execution between two attempts leaves memory once the step that was left is gone', async () => {
    const { execution, fails, running, store } = await open({ retry, passivateAfter: 1 })
    fails[0]?.()
    await eventually('the attempt to have failed', async () => (await execution.get()).status === 'waiting')
    for (const end of [...running.values()]) end()
    await eventually('the store to own it', async () => (await store.load(execution.id))?.owner === null)
  })

  test('an execution whose attempts are used up is paused once the step that was left is gone', async () => {
    const { execution, fails, running } = await open({ retry: { maxAttempts: 1, onExhausted: 'pause' } })
    fails[0]?.()
    await eventually('the attempt to have failed', async () => (await execution.get()).status === 'pausing')
    await turns(50)
    expect(await execution.get()).toMatchObject({ status: 'pausing', pause: { reason: 'retries_exhausted' } })
    for (const end of [...running.values()]) end()
    await eventually('the pause', async () => (await execution.get()).status === 'paused')
    expect(await execution.get()).toMatchObject({ pause: { reason: 'retries_exhausted' }, error: { message: 'bad' } })
  })

  test('an execution whose attempts are used up waits for the step that was left no longer than its time', async () => {
    const { execution, fails } = await open({ retry: { maxAttempts: 1, onExhausted: 'pause' }, cancelTimeout: 30 })
    fails[0]?.()
    await eventually('the pause', async () => (await execution.get()).status === 'paused')
  })

  test.each(commands)(
    '%s of an execution that was lost to a failing store while a step of it ran',
    async (_name, command, status) => {
      const { execution, store, answered } = await open({})
      store.inject({ kind: 'throw', call: 'commit' })
      await expect(execution.send({ type: 'END' })).rejects.toMatchObject({ code: 'store_failed' })
      store.heal()
      // it is taken up again
      await execution.send({ type: 'NOTHING' })
      expect(await answered(command(execution))).toMatchObject({ status })
    },
  )

  test.each(commands)('%s while the attempt fails', async (_name, command, status) => {
    const { execution, fails, answered } = await open({ retry })
    const asked = command(execution)
    fails[0]?.()
    expect(await answered(asked)).toMatchObject({ status })
  })

  test('a time limit that comes between two attempts', async () => {
    const { execution, fails, answered } = await open({ retry, timeout: 50 })
    fails[0]?.()
    await eventually('the limit', async () => (await execution.get()).status !== 'waiting')
    expect(await answered(execution.result())).toMatchObject({ status: 'timed_out' })
  })

  test('what was paused while its attempt failed goes on with the next one', async () => {
    const { execution, fails, running, answered } = await open({ retry })
    const pause = execution.pause()
    fails[0]?.()
    expect(await answered(pause)).toMatchObject({ status: 'paused' })
    expect(await execution.resume()).toMatchObject({ status: 'resumed' })
    await eventually('the next attempt', () => running.size === 1 && fails.length === 2)
    expect(await answered(execution.cancel())).toEqual({ status: 'cancelled' })
  })
})
