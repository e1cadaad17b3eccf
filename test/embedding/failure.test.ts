/** A supervisor that fails ends as an error, which its parent hears as it hears that of any actor. */
import { assign, createActor, setup } from 'xstate'
import { describe, expect, it } from 'vitest'
import { defineEntryPoint, isStatewardError, supervisorMachine, type SupervisorOptions } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { eventually } from '../harness/eventually.js'
import { approval } from '../harness/programs.js'

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

describe('a supervisor that was stopped', () => {
  it('is done, and its parent hears that as the end of its invocation', async () => {
    const actor = createActor(app({ store: memoryStore(), entryPoints: entryPoints() })).start()
    const supervisor = Object.values(actor.getSnapshot().children)[0]
    supervisor?.send({ type: 'supervisor.stop' })
    await eventually('the end', () => actor.getSnapshot().value === 'closed')
  })
})
