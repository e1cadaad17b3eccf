/** A program inspected alone looks as it does under plain `createActor`: the same events, values and contexts, in the same order. */
import { assign, createActor, createMachine, emit, fromCallback, fromPromise, raise, sendParent, sendTo, setup } from 'xstate'
import type { AnyActorLogic, AnyActorRef, AnyEventObject, InspectionEvent } from 'xstate'
import { expect, test } from 'vitest'
import { defineEntryPoint } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'

const count = assign({ n: ({ context }: { context: { n: number } }) => context.n + 1 }) as never

const programs: Record<string, { logic: AnyActorLogic; events: readonly AnyEventObject[] }> = {
  'raise, always and guards': {
    logic: createMachine({
      id: 'hops',
      context: { n: 0 },
      initial: 'a',
      states: {
        a: { on: { GO: { actions: [count, raise({ type: 'NEXT' })] }, NEXT: 'b' } },
        b: { entry: count, always: [{ guard: ({ context }) => context.n > 5, target: 'a' }, { target: 'c' }] },
        c: { on: { GO: [{ guard: () => false, target: 'a' }, { target: 'end' }] } },
        end: { type: 'final' },
      },
    }),
    events: [{ type: 'GO' }, { type: 'UNKNOWN' }, { type: 'GO' }],
  },
  'parallel states and history': {
    logic: createMachine({
      id: 'sides',
      context: { n: 0 },
      initial: 'on',
      states: {
        on: {
          type: 'parallel',
          on: { OFF: 'off' },
          states: {
            left: { initial: 'a', states: { a: { on: { GO: 'b' } }, b: { entry: count } } },
            right: { initial: 'a', states: { a: { on: { GO: { target: 'b', actions: count } } }, b: {} } },
            past: { type: 'history', history: 'deep' },
          },
        },
        off: { exit: count, on: { ON: 'on.past', END: 'end' } },
        end: { type: 'final' },
      },
    }),
    events: ['GO', 'OFF', 'ON', 'OFF', 'END'].map((type) => ({ type })),
  },
  'steps, callbacks and child machines': {
    logic: setup({
      actors: {
        step: fromPromise(async () => 'done'),
        echo: fromCallback(({ receive, sendBack }) => receive(() => sendBack({ type: 'ECHO' }))),
        child: createMachine({
          id: 'child',
          entry: sendParent({ type: 'HELLO' }),
          on: { ASK: { actions: sendParent({ type: 'ANSWER' }) } },
        }),
      },
    }).createMachine({
      id: 'family',
      context: { n: 0 },
      invoke: [
        { src: 'echo', id: 'echo' },
        { src: 'child', id: 'child' },
      ],
      on: { HELLO: { actions: count }, ANSWER: { actions: [count, emit({ type: 'told' })] }, ECHO: { actions: count } },
      initial: 'a',
      states: {
        a: { invoke: { src: 'step', onDone: { target: 'b', actions: count } } },
        b: {
          on: {
            ASK: { actions: sendTo('child', { type: 'ASK' }) },
            SAY: { actions: sendTo('echo', { type: 'SAY' }) },
            END: 'end',
          },
        },
        end: { type: 'final' },
      },
    }),
    events: ['ASK', 'SAY', 'ASK', 'END'].map((type) => ({ type })),
  },
}

interface Watched {
  readonly type: string
  readonly actorRef: AnyActorRef
  readonly event?: AnyEventObject
  readonly snapshot?: { readonly value?: unknown; readonly context?: unknown; readonly status: string }
}

/** What the root did, in words that hold for every run. */
const story = (seen: readonly InspectionEvent[], id: string) =>
  (seen as unknown as Watched[])
    .filter(({ actorRef, type }) => actorRef.id === id && (type === '@xstate.event' || type === '@xstate.snapshot'))
    .map(({ type, event, snapshot }) => [type, event?.type, snapshot?.status, snapshot?.value, snapshot?.context])

test.each(Object.entries(programs))('%s look as they do under plain createActor', async (_, { logic, events }) => {
  const plain: InspectionEvent[] = []
  const actor = createActor(logic, { id: 'program', inspect: (event) => void plain.push(event) }).start()
  await turns()
  for (const event of events) {
    actor.send(event)
    await turns()
  }
  expect(actor.getSnapshot().status).toBe('done')

  const hosted: InspectionEvent[] = []
  const entryPoint = defineEntryPoint({ id: 'like', program: logic })
  const runtime = await begin({ store: memoryStore(), entryPoints: [entryPoint], inspect: (event) => void hosted.push(event) })
  const execution = await runtime.trigger('like', undefined, { id: 'program' })
  const isProgram = ({ actorRef }: InspectionEvent) => (actorRef as AnyActorRef).getSnapshot()?.machine?.id !== 'execution'
  await eventually('its start', () => story(hosted.filter(isProgram), 'program').length > 0)
  await turns()
  for (const event of events) {
    await execution.send(event as never)
    await turns()
  }
  expect(await execution.result()).toMatchObject({ status: 'completed' })
  const own = hosted.filter(isProgram)
  expect(story(own, 'program')).toEqual(story(plain, 'program'))
})
