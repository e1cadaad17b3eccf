/** The limit on microsteps, and the XState members on which it stands. */
import { createActor, createMachine, setup } from 'xstate'
import { expect, test } from 'vitest'
import { boundedMachine } from '../../src/actors/bounded-machine.js'

const looping = (options = {}) =>
  setup({ guards: { yes: () => true } }).createMachine({
    id: 'looping',
    initial: 'rest',
    options,
    states: {
      rest: { on: { GO: 'a' } },
      a: { always: { target: 'b', guard: 'yes' } },
      b: { always: { target: 'a', guard: 'yes' } },
    },
  })

type Machine = ReturnType<typeof looping>
const bounded = (machine: Machine, limit: number) => boundedMachine(machine as never, limit) as unknown as Machine

/** What an event does to a machine, or the error that it ends with. */
function sent(machine: Machine): unknown {
  const actor = createActor(machine)
  actor.subscribe({ error: () => undefined })
  actor.start().send({ type: 'GO' })
  return actor.getSnapshot().error
}

test("XState takes the limit from the machine's options, and says so by this message", () => {
  expect(looping({ maxIterations: 5 })).toMatchObject({ options: { maxIterations: 5 } })
  expect(sent(looping({ maxIterations: 5 }))).toMatchObject({
    message: expect.stringMatching(/^Infinite loop detected: the machine has processed more than 5 microsteps/),
  })
})

test('XState has no limit of its own', () => {
  expect(looping().options.maxIterations).toBe(Infinity)
})

test('a machine without a limit ends in `endless_loop`', () => {
  const details = { machine: 'looping', maxIterations: 7 }
  expect(sent(bounded(looping(), 7))).toMatchObject({ code: 'endless_loop', details })
})

test("the user's own limit wins, whether it is lower or higher", () => {
  expect(sent(bounded(looping({ maxIterations: 3 }), 7))).toMatchObject({ details: { maxIterations: 3 } })
  expect(sent(bounded(looping({ maxIterations: 9 }), 7))).toMatchObject({ details: { maxIterations: 9 } })
})

test('a loop in the initial state is told alike', () => {
  const machine = createMachine({ id: 'eager', initial: 'a', states: { a: { always: 'b' }, b: { always: 'a' } } })
  const actor = createActor(bounded(machine as never, 4))
  expect(actor.getSnapshot()).toMatchObject({ status: 'error', error: { code: 'endless_loop', details: { maxIterations: 4 } } })
})

test("the user's machine stays as it is, and the copy shows its definition", () => {
  const machine = looping()
  const copy = bounded(machine, 7)
  expect(copy).not.toBe(machine)
  expect(machine.options.maxIterations).toBe(Infinity)
  expect(copy.config).toBe(machine.config)
  expect(copy.implementations.guards).toEqual(machine.implementations.guards)
  expect(JSON.stringify(copy.definition)).toBe(JSON.stringify(machine.definition))
})

test('there is one copy for a machine and a limit', () => {
  const machine = looping()
  expect(bounded(machine, 7)).toBe(bounded(machine, 7))
  expect(bounded(machine, 7)).not.toBe(bounded(machine, 8))
})

test('other errors of a machine are its own', () => {
  const error = new Error('mine')
  const machine = setup({}).createMachine({
    on: {
      GO: {
        guard: () => {
          throw error
        },
      },
    },
  })
  const failed = sent(bounded(machine as never, 7)) as Error
  expect(failed).not.toHaveProperty('code')
  expect(failed.message).toContain('mine')
})
