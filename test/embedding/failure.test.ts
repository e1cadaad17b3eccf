/** A supervisor that fails ends as an error, which its parent hears as it hears that of any actor. */
import { assign, createActor, fromCallback, setup, type AnyActorRef } from 'xstate'
import { describe, expect, it } from 'vitest'
import {
  defineEntryPoint,
  isStatewardError,
  runtimeOf,
  supervisorMachine,
  type SupervisorOptions,
  type SupervisorReply,
} from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { eventually } from '../support/eventually.js'
import { approval } from '../support/programs.js'

const app = (options: SupervisorOptions) =>
  setup({ types: { context: {} as { readonly error: unknown } }, actors: { stateward: supervisorMachine } }).createMachine({
    context: { error: undefined },
    initial: 'open',
    states: {
      open: {
        invoke: {
          src: 'stateward',
          input: options,
          onDone: 'closed',
          onError: { target: 'broken', actions: assign({ error: ({ event }) => event.error }) },
        },
      },
      closed: {},
      broken: {},
    },
  })

const entryPoints = () => [defineEntryPoint({ id: 'approvals', program: approval })]

const broken = (): SupervisorOptions => ({
  store: { ...memoryStore(), open: () => Promise.reject(new Error('no such disk')) },
  entryPoints: entryPoints(),
})

describe('a supervisor that can’t start', () => {
  it('is heard by onError of the machine that invokes it, with the error itself', async () => {
    const actor = createActor(app(broken())).start()
    await eventually('the failure', () => actor.getSnapshot().value === 'broken')
    expect(String(actor.getSnapshot().context.error)).toContain('no such disk')
  })

  it('is heard in the same way if its options are wrong', () => {
    const options = { store: memoryStore(), entryPoints: entryPoints(), lease: -1 }
    const actor = createActor(app(options)).start()
    expect(actor.getSnapshot().value).toBe('broken')
    expect(isStatewardError(actor.getSnapshot().context.error, 'invalid_definition')).toBe(true)
  })

  it('tells those who subscribed to it, and stands in the state failed with the reason', async () => {
    const actor = createActor(supervisorMachine, { input: broken() })
    const errors: unknown[] = []
    actor.subscribe({ error: (error) => void errors.push(error) })
    actor.start()
    await eventually('the failure', () => errors.length > 0)
    expect(String(errors[0])).toContain('no such disk')
    expect(actor.getSnapshot()).toMatchObject({
      status: 'error',
      value: 'failed',
      context: { error: { message: expect.stringContaining('no such disk') as string } },
    })
  })
})

describe('requests to a supervisor that can’t start', () => {
  it('are refused with the reason', async () => {
    const answers: SupervisorReply[] = []
    const replyTo = createActor(
      fromCallback<SupervisorReply>(({ receive }) => receive((answer) => void answers.push(answer))),
    ).start()
    const actor = createActor(supervisorMachine, { input: broken() })
    actor.subscribe({ error: () => undefined })
    actor.start()
    actor.send({ type: 'execution.trigger', entryPoint: 'approvals', replyTo, requestId: 'r1' })
    await eventually('the answer', () => answers.length > 0)
    expect(answers).toMatchObject([{ type: 'execution.refused', request: 'execution.trigger', requestId: 'r1' }])
    expect(JSON.stringify(answers)).toContain('no such disk')
  })
})

describe('a supervisor whose streams fail too often', () => {
  it('stops, and is heard by onError of its parent with the error of the stream', async () => {
    const streams: AnyActorRef[] = []
    const options = { store: memoryStore(), entryPoints: entryPoints(), supervision: { intensity: 0 } }
    const actor = createActor(app(options), {
      inspect: ({ type, actorRef }) => {
        if (type === '@xstate.actor' && (actorRef as AnyActorRef).id === 'approvals') streams.push(actorRef as AnyActorRef)
      },
    }).start()
    await eventually('the stream', () => streams.length > 0)
    await runtimeOf(Object.values(actor.getSnapshot().children)[0] as AnyActorRef).start()
    streams[0]?.send({ type: 'stream.crash', error: new Error('a bug') })
    await eventually('the failure', () => actor.getSnapshot().value === 'broken')
    expect(String(actor.getSnapshot().context.error)).toBe('Error: a bug')
    expect(streams).toHaveLength(1)
  })
})

describe('a supervisor that was stopped', () => {
  it('is done, and its parent hears that as the end of its invocation', async () => {
    const actor = createActor(app({ store: memoryStore(), entryPoints: entryPoints() })).start()
    const supervisor = Object.values(actor.getSnapshot().children)[0]
    supervisor?.send({ type: 'supervisor.stop' })
    await eventually('the end', () => actor.getSnapshot().value === 'closed')
  })
})
