/** A supervisor that is an actor gets and loses entry points by events, and an inspector sees each stream come and end. */
import { createActor, fromPromise, fromTransition, type AnyActorRef, type InspectionEvent } from 'xstate'
import { expect, onTestFinished, test } from 'vitest'
import { defineEntryPoint, defineGroup, runtimeOf, supervisorMachine, type SupervisorReply } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { eventually } from '../support/eventually.js'

const quick = defineEntryPoint({ id: 'quick', program: fromPromise(async () => 'done') })

test('entry points are added and removed by events, each with its answer', async () => {
  const seen: InspectionEvent[] = []
  const supervisor = createActor(supervisorMachine, {
    input: { store: memoryStore(), entryPoints: [] },
    inspect: (event) => void seen.push(event),
  }).start()
  const runtime = runtimeOf(supervisor)
  onTestFinished(() => runtime.stop())
  const box = createActor(
    fromTransition((kept: readonly SupervisorReply[], reply: SupervisorReply) => [...kept, reply], []),
  ).start()
  const answer = async (requestId: string) => {
    const found = () => box.getSnapshot().context.find((each) => each.requestId === requestId)
    await eventually(`an answer to ${requestId}`, () => found() !== undefined)
    return found()
  }
  const group = defineGroup('billing', [quick])
  // also while it starts
  supervisor.send({ type: 'supervisor.add', entryPoints: group, replyTo: box, requestId: 'add' })
  expect(await answer('add')).toMatchObject({
    type: 'supervisor.added',
    outcome: { status: 'added', entryPoints: ['billing/quick'] },
  })
  expect(supervisor.getSnapshot().context.entryPoints).toEqual(['billing/quick'])
  supervisor.send({ type: 'execution.trigger', entryPoint: 'billing/quick', replyTo: box, requestId: 'work' })
  expect(await answer('work')).toMatchObject({ type: 'execution.accepted' })
  await runtime.waitFor({ type: 'execution.completed' }, { since: 0 })
  supervisor.send({ type: 'supervisor.add', entryPoints: [{ id: 'none' }], replyTo: box, requestId: 'bad' })
  expect(await answer('bad')).toMatchObject({
    type: 'execution.refused',
    request: 'supervisor.add',
    error: { code: 'invalid_definition' },
  })
  const remove = { type: 'supervisor.remove', target: { group: 'billing' }, options: { drain: true } } as const
  supervisor.send({ ...remove, replyTo: box, requestId: 'remove' })
  expect(await answer('remove')).toMatchObject({
    type: 'supervisor.removed',
    outcome: { status: 'removed', entryPoints: ['billing/quick'], drained: true },
  })
  supervisor.send({ ...remove, replyTo: box, requestId: 'again' })
  expect(await answer('again')).toMatchObject({ type: 'supervisor.removed', outcome: { status: 'not_found' } })
  supervisor.send({ ...remove, options: { drain: -1 }, replyTo: box, requestId: 'negative' })
  expect(await answer('negative')).toMatchObject({ type: 'execution.refused', error: { code: 'invalid_option' } })
  expect(supervisor.getSnapshot().context.entryPoints).toEqual([])
  const states = seen.flatMap((event) =>
    event.type === '@xstate.snapshot' && (event.actorRef as AnyActorRef).id === 'billing/quick'
      ? [(event.snapshot as { value?: unknown }).value]
      : [],
  )
  expect([...new Set(states)]).toEqual(['running', 'draining', 'stopped'])
  // an inspector is shown names, never programs
  const asked = seen.find((event) => event.type === '@xstate.event' && event.event.type === 'supervisor.add')
  expect(JSON.stringify((asked as unknown as { event: { entryPoints: unknown } }).event.entryPoints)).toBe(
    '[{"id":"billing/quick","programId":"billing/quick","version":"1","trigger":"manual"}]',
  )
})

test('what comes and goes is in the registry while it is here', async () => {
  const supervisor = createActor(supervisorMachine, { input: { store: memoryStore(), entryPoints: [quick] } }).start()
  const runtime = runtimeOf(supervisor)
  onTestFinished(() => runtime.stop())
  await runtime.start()
  const [other] = defineGroup('billing', [quick])
  const added = await runtime.add(other)
  await (await added.trigger('billing/quick')).result()
  const counts = () => runtime.registry.streams.getSnapshot().context
  expect(counts()).toMatchObject({ quick: {}, 'billing/quick': { completed: 1 } })
  await added.remove()
  expect(counts()).toEqual({ quick: {} })
  await runtime.add(other)
  expect(counts()).toMatchObject({ 'billing/quick': { completed: 1 } })
})
