/** How XState runs actions: what the program system relies on to hold custom ones back and to find them again by name. */
import { assign, cancel, createMachine, emit, fromCallback, log, raise, sendTo, setup, spawnChild, stopChild } from 'xstate'
import { expect, test } from 'vitest'
import { actorOf } from './inner-actors.js'
import type { ActorScope } from '../../../../src/actors/program/xstate/xstate-internals.js'

type Action = Parameters<ActorScope['actionExecutor']>[0]

/** A started machine, and the actions that its root asked for; they run only if `runs`. */
function executed(machine: Parameters<typeof actorOf>[0], runs = true) {
  const actions: Action[] = []
  const ref = actorOf(machine, ({ _actorScope: scope }) => {
    const execute = scope.actionExecutor
    scope.actionExecutor = (action) => {
      actions.push(action)
      if (runs) execute(action)
    }
  })
  ref.start()
  return { ref, actions }
}

test('a custom action goes through `actionExecutor` with its type, info, params and function', () => {
  const named = () => undefined
  const machine = setup({ actions: { named } }).createMachine({
    context: { count: 1 },
    on: { GO: { actions: { type: 'named', params: { a: 1 } } as never } },
  })
  const { ref, actions } = executed(machine)
  ref.send({ type: 'GO' })
  expect(actions).toHaveLength(1)
  const [action] = actions as [Action]
  expect(Object.keys(action).toSorted()).toEqual(['exec', 'info', 'params', 'type'])
  expect(action).toMatchObject({ type: 'named', params: { a: 1 } })
  expect(action.info).toEqual({
    context: { count: 1 },
    event: { type: 'GO' },
    self: expect.anything(),
    system: expect.anything(),
  })
  expect((action.info as unknown as { self: unknown }).self).toBe(ref)
  expect((action.info as unknown as { system: unknown }).system).toBe(ref._actorScope.system)
})

test("a named action's function is the machine's implementation, an inline one's is itself", () => {
  const named = () => undefined
  function inline() {}
  const machine = setup({ actions: { named } }).createMachine({ entry: ['named', inline, () => undefined] })
  const { actions } = executed(machine)
  const implementations: Record<string, unknown> = machine.implementations.actions
  expect(actions.map(({ type }) => type)).toEqual(['named', 'inline', '(anonymous)'])
  expect(actions[0]?.exec).toBe(named)
  expect(implementations['named']).toBe(named)
  expect(actions[1]?.exec).toBe(inline)
  expect(implementations['inline']).toBeUndefined()
})

test('an action that nobody implements has no function', () => {
  const { actions } = executed(createMachine({ entry: 'missing' }))
  expect(actions).toMatchObject([{ type: 'missing', exec: undefined }])
})

test("XState's own actions have types that begin with `xstate.`; `assign` is none", () => {
  const child = fromCallback(() => undefined)
  const { actions } = executed(
    createMachine({
      context: { count: 0 },
      entry: [
        assign({ count: 1 }),
        spawnChild(child, { id: 'child' }),
        sendTo('child', { type: 'HELLO' }),
        raise({ type: 'LATER' }, { id: 'later', delay: 1_000 }),
        cancel('later'),
        emit({ type: 'TOLD' }),
        log('a line'),
        stopChild('child'),
      ],
    }),
    false,
  )
  expect(actions.map(({ type }) => type)).toEqual(
    ['spawnChild', 'sendTo', 'raise', 'cancel', 'emit', 'log', 'stopChild'].map((name) => `xstate.${name}`),
  )
})

test('an action that is not run when it is asked for does not hold up the transition', () => {
  let ran = 0
  const machine = createMachine({
    initial: 'a',
    states: { a: { on: { GO: { target: 'b', actions: () => void ran++ } } }, b: {} },
  })
  const { ref, actions } = executed(machine, false)
  ref.send({ type: 'GO' })
  expect(ref.getSnapshot()).toMatchObject({ value: 'b' })
  expect(ran).toBe(0)
  actions[0]?.exec?.(actions[0].info, actions[0].params)
  expect(ran).toBe(1)
})

test('`emit` and `log` are taken from the scope when they run, so that a scope of one’s own hears them', () => {
  const heard: unknown[] = []
  const ref = actorOf(createMachine({ entry: [emit({ type: 'TOLD' }), log('a line', 'label')] }), ({ _actorScope: scope }) => {
    scope.emit = (event) => heard.push(event)
    scope.logger = (...args) => heard.push(args)
  })
  ref.start()
  // a line is logged within the transition, an event is emitted after it
  expect(heard).toEqual([['label', 'a line'], { type: 'TOLD' }])
})
