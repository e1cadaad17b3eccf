/** The limit on microsteps, and the XState members on which it stands. */
import { createActor, createMachine, setup, type AnyActorLogic } from 'xstate'
import { expect, test } from 'vitest'
import { recordedProgram } from './recorded-system.js'

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

/** What an event does to a program that may take 100 microsteps, or the error that it ends with. */
function sent(logic: AnyActorLogic): unknown {
  const { program } = recordedProgram(logic)
  program.start()
  program.send({ type: 'GO' })
  return (program.root.getSnapshot() as { error?: unknown }).error
}

test("XState takes a limit from the machine's options, and says so by this message", () => {
  const actor = createActor(looping({ maxIterations: 5 }))
  actor.subscribe({ error: () => undefined })
  actor.start().send({ type: 'GO' })
  expect(actor.getSnapshot().error).toMatchObject({
    message: expect.stringMatching(/^Infinite loop detected: the machine has processed more than 5 microsteps/),
  })
})

test('XState has no limit of its own', () => {
  expect(looping().options.maxIterations).toBe(Infinity)
})

test('XState tells of each microstep, with the snapshot that names the machine', () => {
  const told: unknown[] = []
  const machine = createMachine({ id: 'm', initial: 'a', states: { a: { on: { GO: 'b' } }, b: { always: 'c' }, c: {} } })
  const inspect = ({ type, snapshot }: { type: string; snapshot?: { machine?: unknown } }) =>
    type === '@xstate.microstep' && told.push(snapshot?.machine === machine)
  const actor = createActor(machine, { inspect: inspect as never }).start()
  told.length = 0
  actor.send({ type: 'GO' })
  expect(told).toEqual([true, true])
})

test('a machine without a limit ends in `endless_loop`', () => {
  expect(sent(looping())).toMatchObject({ code: 'endless_loop', details: { machine: 'looping', maxIterations: 100 } })
})

test("the user's own limit wins, whether it is lower or higher", () => {
  expect(sent(looping({ maxIterations: 3 }))).toMatchObject({ details: { maxIterations: 3 } })
  expect(sent(looping({ maxIterations: 900 }))).toMatchObject({ details: { maxIterations: 900 } })
})

test('a loop in the initial state is told alike', () => {
  const machine = createMachine({ id: 'eager', initial: 'a', states: { a: { always: 'b' }, b: { always: 'a' } } })
  expect(sent(machine)).toMatchObject({ code: 'endless_loop', details: { machine: 'eager', maxIterations: 100 } })
})

test('each event has the whole limit for itself', () => {
  const machine = createMachine({
    id: 'hops',
    initial: 'a',
    states: { a: { on: { GO: 'b' } }, b: { always: 'c' }, c: { always: 'd' }, d: { always: 'a' } },
  })
  const { program } = recordedProgram(machine)
  program.start()
  for (let n = 0; n < 60; n++) program.send({ type: 'GO' })
  expect(program.root.getSnapshot()).toMatchObject({ status: 'active', value: 'a' })
})

test.each([
  ['a copy of its members', (machine: AnyActorLogic) => ({ ...machine })],
  ['an object derived from it', (machine: AnyActorLogic) => Object.create(machine) as AnyActorLogic],
  [
    'logic that hides it',
    (machine: AnyActorLogic): AnyActorLogic => ({
      transition: (...args) => machine.transition(...args) as never,
      getInitialSnapshot: (...args) => machine.getInitialSnapshot(...args) as never,
      getPersistedSnapshot: (...args) => machine.getPersistedSnapshot(...args) as never,
    }),
  ],
])('%s is bounded as the machine is', (_, wrapped) => {
  expect(sent(wrapped(looping()))).toMatchObject({ code: 'endless_loop' })
})

test("the program runs on the user's own machine", () => {
  const machine = looping()
  const { program } = recordedProgram(machine)
  program.start()
  expect((program.root.getSnapshot() as unknown as { machine: unknown }).machine).toBe(machine)
  expect(machine.options.maxIterations).toBe(Infinity)
})

test('other errors of a machine are its own', () => {
  const error = new Error('mine')
  const guard = () => {
    throw error
  }
  const failed = sent(setup({}).createMachine({ on: { GO: { guard } } })) as Error
  expect(failed).not.toHaveProperty('code')
  expect(failed.message).toContain('mine')
})
