/** Which kind of logic each of XState's creators makes, as `program-logic.ts` tells them apart; see also `step.ts`. */
import { fromStore } from '@xstate/store'
import {
  createMachine,
  fromCallback,
  fromEventObservable,
  fromObservable,
  fromPromise,
  fromTransition,
  setup,
  type AnyActorLogic,
} from 'xstate'
import { describe, expect, test } from 'vitest'
import { isProgramMachine, isPromiseLogic } from '../../../../src/actors/program/xstate/program-logic.js'
import { stepOptionsOf, waitsForExecution } from '../../../../src/actors/program/step.js'
import { fromExecution, fromStep } from '../../../../src/index.js'

const silent = { subscribe: () => ({ unsubscribe: () => undefined }) }
const machine = createMachine({ id: 'm' })
const custom = {
  start: () => undefined,
  transition: (snapshot: object) => snapshot,
  getInitialSnapshot: () => ({ status: 'active', output: undefined, error: undefined }),
  getPersistedSnapshot: (snapshot: object) => snapshot,
} as unknown as AnyActorLogic
/** It takes everything for its end, and has no promise. */
const endsAtOnce = {
  ...custom,
  config: () => undefined,
  transition: (snapshot: object) => ({ ...snapshot, status: 'done', output: 1 }),
} as unknown as AnyActorLogic

const kinds: [string, AnyActorLogic, 'promise' | 'machine' | 'other'][] = [
  ['fromPromise', fromPromise(() => Promise.resolve(1)), 'promise'],
  ['fromPromise that throws', fromPromise(() => expect.fail('a probe does not run it')), 'promise'],
  ['fromStep', fromStep(() => 1), 'promise'],
  ['fromExecution', fromExecution('elsewhere'), 'promise'],
  ['fromCallback', fromCallback(() => expect.fail('a probe does not run it')), 'other'],
  ['fromObservable', fromObservable(() => silent as never), 'other'],
  ['fromEventObservable', fromEventObservable(() => silent as never), 'other'],
  ['fromTransition', fromTransition((state: object) => state, {}), 'other'],
  ['fromTransition that keeps events', fromTransition((_: object, event) => event, {}), 'other'],
  ['fromStore', fromStore({ context: {}, on: {} }) as unknown as AnyActorLogic, 'other'],
  ['createMachine', machine, 'machine'],
  ['setup().createMachine', setup({}).createMachine({}), 'machine'],
  ['machine.provide', machine.provide({}), 'machine'],
  ['custom logic', custom, 'other'],
  ['custom logic that ends at once', endsAtOnce, 'other'],
]

test.each(kinds)('%s makes logic that is known for what it is', (_, logic, kind) => {
  expect([isPromiseLogic(logic), isProgramMachine(logic)]).toEqual([kind === 'promise', kind === 'machine'])
  // asked again, the answer is the same
  expect(isPromiseLogic(logic)).toBe(kind === 'promise')
})

test('what starts something has a `start`; a transition function and a store have none', () => {
  const starting = kinds.filter(([, logic]) => logic.start).map(([name]) => name)
  expect(kinds.map(([name]) => name).filter((name) => !starting.includes(name))).toEqual([
    'fromTransition',
    'fromTransition that keeps events',
    'fromStore',
  ])
})

describe('the settings of a step', () => {
  test('are found through the `config` of its logic, also on a copy', () => {
    const options = { timeout: 5 }
    const step = fromStep(() => 1, options)
    expect(stepOptionsOf(step)).toBe(options)
    expect(stepOptionsOf({ ...step })).toBe(options)
    expect(stepOptionsOf(fromPromise(() => Promise.resolve(1)))).toBeUndefined()
  })

  test('only `fromExecution` waits for an execution', () => {
    expect(waitsForExecution(fromExecution('elsewhere'))).toBe(true)
    expect(waitsForExecution(fromStep(() => 1))).toBe(false)
    expect(waitsForExecution(machine)).toBe(false)
  })
})
