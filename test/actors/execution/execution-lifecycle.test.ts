/** The ref of an execution's lifecycle: what it needs of XState to begin in any state, and the order of its effects. */
import { createActor, createMachine } from 'xstate'
import { expect, test, vi } from 'vitest'
import {
  executionRef,
  tell,
  type ExecutionEffects,
  type ExecutionMachineRef,
} from '../../../src/actors/execution/execution-lifecycle.js'
import type { ExecutionContext, ExecutionEvent } from '../../../src/events/execution-events.js'

const context = (executionId: string): ExecutionContext => ({
  executionId,
  entryPoint: 'orders',
  attempt: 1,
  maxAttempts: 1,
  onExhausted: 'fail',
  compensates: false,
  limits: {},
})
const granted: ExecutionEvent = { type: 'slot.granted', at: 1 }

/** A ref in a state, its parent, and what it asked of its host; `ask` may do more then. */
function refIn(value: string, id = 'e1', ask: (what: string, ref: ExecutionMachineRef) => void = () => undefined) {
  const asked: string[] = []
  const heard: string[] = []
  const parent = createActor(createMachine({ on: { '*': { actions: ({ event }) => heard.push(event.type) } } })).start()
  const note = (what: string) => () => {
    asked.push(what)
    ask(what, ref)
  }
  const host: ExecutionEffects = {
    enter: (as, { executionId }) => note(`${as} ${executionId}`)(),
    runProgram: note('runProgram'),
    compensate: note('compensate'),
    program: {
      setMode: (mode) => note(mode)(),
      drop: note('drop'),
    },
  }
  const ref = executionRef(id, { value, context: context(id) }, parent, host)
  return { ref, asked, heard }
}

test('begins in the state that it is given, with its own context, and runs no entry actions', () => {
  const { ref, asked } = refIn('waiting')
  ref.start()
  expect(ref.getSnapshot()).toMatchObject({ value: 'waiting', status: 'active', context: { executionId: 'e1' } })
  expect(ref.getSnapshot().hasTag('waiting')).toBe(true)
  expect(asked).toEqual([])
})

test('two refs that begin in the same state share nothing that one can change', () => {
  const one = refIn('queued', 'e1')
  const two = refIn('queued', 'e2')
  one.ref.start()
  two.ref.start()
  tell(one.ref, granted)
  expect(one.ref.getSnapshot()).toMatchObject({ value: 'running', context: { executionId: 'e1' } })
  expect(two.ref.getSnapshot()).toMatchObject({ value: 'queued', context: { executionId: 'e2' } })
  expect(one.ref.getSnapshot().children).not.toBe(undefined)
  tell(two.ref, granted)
  expect(two.asked).toEqual(['runProgram', 'running e2'])
  expect(one.asked).toEqual(['runProgram', 'running e1'])
})

test('XState asks the logic of an actor for its snapshot by `restoreSnapshot`, found on the prototype chain too', () => {
  const machine = createMachine({ id: 'm' })
  const resolved = machine.resolveState({ value: {} })
  const restoreSnapshot = vi.fn<(snapshot: unknown) => unknown>((snapshot) => snapshot)
  const logic = Object.create(machine, { restoreSnapshot: { value: restoreSnapshot } }) as typeof machine
  const ref = createActor(logic, { snapshot: resolved })
  expect(restoreSnapshot).toHaveBeenCalledOnce()
  expect(ref.getSnapshot()).toBe(resolved)
})

test('effects come after the transition that asked for them, in its order', () => {
  const states: unknown[] = []
  const { ref, asked } = refIn('queued', 'e1', (_, { getSnapshot }) => states.push(getSnapshot.call(ref).value))
  ref.start()
  tell(ref, granted)
  expect(asked).toEqual(['runProgram', 'running e1'])
  expect(states).toEqual(['running', 'running'])
})

test('what an effect tells waits for the effects before it', () => {
  const { ref, asked } = refIn('queued', 'e1', (what, self) => {
    if (what === 'runProgram') tell(self, { type: 'program.idle' })
  })
  ref.start()
  tell(ref, granted)
  expect(ref.getSnapshot().value).toBe('waiting')
  expect(asked).toEqual(['runProgram', 'running e1', 'waiting e1'])
})

test('an effect that throws is not followed by its successors then, and the ref still hears', () => {
  const { ref } = refIn('queued', 'e1', (what) => {
    if (what === 'runProgram') throw new Error('no')
  })
  ref.start()
  expect(() => tell(ref, granted)).toThrow('no')
  expect(ref.getSnapshot()).toMatchObject({ value: 'running', status: 'active' })
  tell(ref, { type: 'program.idle' })
  expect(ref.getSnapshot().value).toBe('waiting')
})

test('its end is not told to its parent, and one that has ended is told nothing', () => {
  const warned = vi.spyOn(console, 'warn')
  const { ref, asked, heard } = refIn('queued')
  ref.start()
  tell(ref, { type: 'execution.reject', reason: 'full' })
  expect(ref.getSnapshot()).toMatchObject({ value: 'rejected', status: 'done' })
  expect(heard).toEqual([])
  asked.length = 0
  tell(ref, granted)
  expect(asked).toEqual([])
  expect(warned).not.toHaveBeenCalled()
})
