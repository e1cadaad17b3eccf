/** What an exploration says of a value that is missing because a callback never heard of it: not that it is random. */
import { expect, test } from 'vitest'
import { assign, fromCallback, sendTo, setup } from 'xstate'
import { defineEntryPoint } from '../../../src/index.js'
import { exploreCrashes } from '../../../src/testing/explore/explore-crashes.js'
import { ExplorationError } from '../../../src/testing/explore/report.js'

const echo = fromCallback(({ sendBack, receive }) => receive(() => sendBack({ type: 'ANSWER' })))

const counting = setup({ types: { context: {} as { got: string[] } }, actors: { echo } }).createMachine({
  id: 'counting',
  context: { got: [] },
  initial: 'open',
  states: {
    open: {
      invoke: { src: 'echo', id: 'echo' },
      on: {
        SAY: { actions: sendTo('echo', { type: 'SAY' }) },
        ANSWER: { actions: assign({ got: ({ context }) => [...context.got, `answer ${context.got.length + 1}`] }) },
      },
      always: { guard: ({ context }) => context.got.length === 2, target: 'end' },
    },
    end: { type: 'final' },
  },
})

test('an event on its way to a callback is lost where two crashes follow each other, and the callback is named, not chance', async () => {
  const error: unknown = await exploreCrashes(defineEntryPoint({ id: 'counting', program: counting }), async (runtime) => {
    const execution = await runtime.trigger('counting')
    for (const _each of [1, 2]) {
      await runtime.settle()
      await execution.send({ type: 'SAY' })
    }
  }).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ExplorationError)
  const { failures } = (error as ExplorationError).report
  expect(failures[0]?.differences).toContainEqual({
    execution: 'execution-1',
    path: 'context.got',
    expected: ['answer 1', 'answer 2'],
    actual: ['answer 1'],
  })
  expect(failures.map(({ actual, cause }) => [actual.plan.length, cause.code])).toEqual(
    failures.map(() => [2, 'callback_restarted']),
  )
})
