/** The supervisor inside a machine of the user's own: invoked or spawned, found by its system id, stopped with its parent. */
import { assign, createActor, sendTo, setup, type AnyActorRef, type InspectionEvent } from 'xstate'
import { describe, expect, it, vi } from 'vitest'
import { defineEntryPoint, runtimeOf, supervisorMachine, type SupervisorOptions, type SupervisorReply } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { begin } from '../support/begin.js'
import { eventually } from '../support/eventually.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { approval, worker } from '../support/programs.js'

type AppEvent = { readonly type: 'ASK' } | { readonly type: 'CLOSE' } | SupervisorReply

/** An app that asks its supervisor for one approval, and remembers what it hears. */
const app = (options: SupervisorOptions) =>
  setup({
    types: { context: {} as { readonly heard: readonly string[]; readonly outcome: unknown }, events: {} as AppEvent },
    actors: { stateward: supervisorMachine },
  }).createMachine({
    id: 'app',
    context: { heard: [], outcome: undefined },
    initial: 'open',
    on: {
      'execution.*': { actions: assign({ heard: ({ context, event }) => [...context.heard, event.type] }) },
    },
    states: {
      open: {
        invoke: { src: 'stateward', id: 'stateward', systemId: 'stateward', input: options },
        on: {
          ASK: {
            actions: sendTo(
              ({ system }) => system.get('stateward') as AnyActorRef,
              ({ self }) => ({ type: 'execution.trigger', entryPoint: 'approvals', options: { id: 'a1' }, replyTo: self }),
            ),
          },
          'execution.settled': {
            target: 'settled',
            actions: assign({ outcome: ({ event }) => event.outcome }),
          },
          CLOSE: 'closed',
        },
      },
      settled: {},
      closed: {},
    },
  })

const approvals = () => defineEntryPoint({ id: 'approvals', program: approval })

describe('a supervisor that a machine invokes', () => {
  it('is found by its system id, takes events and calls, and answers its parent', async () => {
    const actor = createActor(app({ store: memoryStore(), entryPoints: [approvals()] })).start()
    actor.send({ type: 'ASK' })
    await eventually('the acceptance', () => actor.getSnapshot().context.heard.includes('execution.accepted'))
    const supervisor = actor.system.get('stateward') as AnyActorRef
    const runtime = runtimeOf<[ReturnType<typeof approvals>]>(supervisor)
    expect(await runtime.execution('a1').get()).toMatchObject({ entryPoint: 'approvals' })
    expect(runtime.registry.streams.getSnapshot().context).toHaveProperty('approvals')
    const other = await runtime.trigger('approvals', undefined, { id: 'a2' })
    await other.send({ type: 'APPROVE' })
    expect(await other.result()).toMatchObject({ status: 'completed' })
    await runtime.execution('a1').send({ type: 'APPROVE' })
    await eventually('the outcome', () => actor.getSnapshot().value === 'settled')
    expect(actor.getSnapshot().context.outcome).toEqual({ status: 'completed', output: { notes: [] } })
    await runtime.stop()
    actor.stop()
  })

  it('gives its executions back when its parent stops, and they go on in the next one', async () => {
    const store = memoryStore()
    const flights = new StepsInFlight()
    const entryPoints = [defineEntryPoint({ id: 'work', program: worker(flights) }), approvals()] as const
    const actor = createActor(app({ store, entryPoints })).start()
    const supervisor = actor.system.get('stateward') as AnyActorRef
    const runtime = runtimeOf<typeof entryPoints>(supervisor)
    await runtime.start()
    await runtime.trigger('work', { label: 'w' }, { id: 'w1' })
    await flights.started('w.1')
    actor.stop()
    await runtime.stop()
    expect(flights.all[0]?.signal.aborted).toBe(true)

    flights.free.add('w.1').add('w.2')
    const next = await begin({ store, entryPoints })
    expect(await next.execution('w1').result({ timeout: 5_000 })).toMatchObject({
      status: 'completed',
      output: { results: ['w.1 done', 'w.2 done'] },
    })
  })

  it('is stopped as well when its parent leaves the state, and started anew, on the same input, when it comes back', async () => {
    const options = { store: memoryStore(), entryPoints: [approvals()] }
    const first = createActor(app(options)).start()
    const earlier = runtimeOf(first.system.get('stateward') as AnyActorRef)
    await earlier.start()
    first.send({ type: 'CLOSE' })
    expect(first.system.get('stateward')).toBeUndefined()
    await earlier.stop()
    const second = createActor(app(options)).start()
    const later = runtimeOf<[ReturnType<typeof approvals>]>(second.system.get('stateward') as AnyActorRef)
    await later.start()
    expect((await (await later.trigger('approvals')).get()) as object).toMatchObject({ entryPoint: 'approvals' })
    second.stop()
    await later.stop()
  })

  it('is seen, with all that is below it, by an inspector that the parent was given for itself', async () => {
    const seen: InspectionEvent[] = []
    const actor = createActor(app({ store: memoryStore(), entryPoints: [approvals()] }), {
      id: 'app',
      inspect: (event) => void seen.push(event),
    }).start()
    actor.send({ type: 'ASK' })
    await eventually('the acceptance', () => actor.getSnapshot().context.heard.includes('execution.accepted'))
    const runtime = runtimeOf(actor.system.get('stateward') as AnyActorRef)
    await runtime.execution('a1').send({ type: 'APPROVE' } as never)
    await eventually('the outcome', () => actor.getSnapshot().value === 'settled')
    await runtime.stop()
    interface Drawn {
      readonly id: string
      readonly _parent?: Drawn
    }
    const path = ({ id, _parent }: Drawn): string => (_parent ? `${path(_parent)}/${id}` : id)
    const paths = seen.filter(({ type }) => type === '@xstate.actor').map(({ actorRef }) => path(actorRef as unknown as Drawn))
    expect(paths.toSorted()).toEqual([
      'app',
      'app/stateward',
      'app/stateward/approvals',
      'app/stateward/approvals/a1',
      'app/stateward/approvals/a1/a1',
      'app/stateward/lifeline',
    ])
    expect(new Set(seen.map(({ rootId }) => rootId))).toEqual(new Set([actor.sessionId]))
  })
})

describe('a supervisor that a machine spawns', () => {
  it('works in the same way, also two of them side by side, each on its own store', async () => {
    const warn = vi.spyOn(console, 'warn')
    const shop = setup({
      types: { context: {} as { readonly refs: readonly AnyActorRef[] } },
      actors: { stateward: supervisorMachine },
    }).createMachine({
      context: ({ spawn }) => ({
        refs: ['left', 'right'].map((systemId) =>
          spawn('stateward', { systemId, input: { store: memoryStore(), entryPoints: [approvals()] } }),
        ),
      }),
    })
    const actor = createActor(shop).start()
    const runtimes = actor.getSnapshot().context.refs.map((ref) => runtimeOf<[ReturnType<typeof approvals>]>(ref))
    for (const runtime of runtimes) {
      await runtime.start()
      const execution = await runtime.trigger('approvals', undefined, { id: 'a1' })
      await execution.send({ type: 'APPROVE' })
      expect(await execution.result()).toMatchObject({ status: 'completed' })
    }
    actor.stop()
    for (const runtime of runtimes) await runtime.stop()
    expect(warn).not.toHaveBeenCalled()
    warn.mockRestore()
  })
})
