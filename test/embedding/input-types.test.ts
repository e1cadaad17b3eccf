/** The types of an embedded supervisor hold: its input is `SupervisorOptions`, its requests and their answers are known. */
import { createActor, setup, type InputFrom } from 'xstate'
import { describe, expectTypeOf, it } from 'vitest'
import {
  defineEntryPoint,
  supervisorMachine,
  type SupervisorOptions,
  type SupervisorReply,
  type SupervisorRequest,
} from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { approval } from '../support/programs.js'

const entryPoints = [defineEntryPoint({ id: 'approvals', program: approval })]

describe('the types of supervisorMachine', () => {
  it('demand the options of a supervisor as its input', () => {
    expectTypeOf<InputFrom<typeof supervisorMachine>>().toEqualTypeOf<SupervisorOptions>()
    createActor(supervisorMachine, { input: { store: memoryStore(), entryPoints, lease: 20_000 } })
    // @ts-expect-error a store can commit, it is no name
    createActor(supervisorMachine, { input: { store: { name: 'memory', location: 'memory' }, entryPoints } })
    // @ts-expect-error entry points are made with defineEntryPoint
    createActor(supervisorMachine, { input: { store: memoryStore(), entryPoints: [{ id: 'approvals' }] } })
    // @ts-expect-error nothing runs without a store
    createActor(supervisorMachine, { input: { entryPoints } })
  })

  it('demand it of an invoke, too', () => {
    const { createMachine } = setup({ actors: { stateward: supervisorMachine } })
    createMachine({ invoke: { src: 'stateward', input: { store: memoryStore(), entryPoints } } })
    // @ts-expect-error nothing runs without entry points
    createMachine({ invoke: { src: 'stateward', input: { store: memoryStore() } } })
  })

  it('know the requests and their answers', () => {
    const actor = createActor(supervisorMachine, { input: { store: memoryStore(), entryPoints } })
    type Sent = Parameters<typeof actor.send>[0]
    expectTypeOf<SupervisorRequest>().toExtend<Sent>()
    expectTypeOf<{ type: 'execution.pause'; id: string; options: { mode: 'now'; reason: string } }>().toExtend<Sent>()
    expectTypeOf<{ type: 'execution.pause'; id: string; options: { mode: 'soon' } }>().not.toExtend<Sent>()
    expectTypeOf<{ type: 'execution.trigger'; input: number }>().not.toExtend<Sent>()
    expectTypeOf<Extract<SupervisorReply, { type: 'execution.accepted' }>['id']>().toBeString()
  })
})
