/** A supervisor started as an actor answers requests that come as events, each with its own request id. */
import { createActor, fromTransition, type AnyActorRef, type ActorRefFrom } from 'xstate'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defineEntryPoint, runtimeOf, supervisorMachine, type SupervisorReply } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { eventually } from '../support/eventually.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { approval, worker } from '../support/programs.js'

/** An actor that keeps what it is told. */
const mailbox = fromTransition((kept: readonly SupervisorReply[], reply: SupervisorReply) => [...kept, reply], [])

let supervisor: ActorRefFrom<typeof supervisorMachine>
let replies: () => readonly SupervisorReply[]
let replyTo: AnyActorRef
let flights: StepsInFlight

beforeEach(() => {
  flights = new StepsInFlight()
  const entryPoints = [
    defineEntryPoint({ id: 'approvals', program: approval }),
    defineEntryPoint({ id: 'work', program: worker(flights) }),
  ]
  supervisor = createActor(supervisorMachine, { input: { store: memoryStore(), entryPoints } }).start()
  const box = createActor(mailbox).start()
  replyTo = box as AnyActorRef
  replies = () => box.getSnapshot().context
})

afterEach(() => runtimeOf(supervisor).stop())

const reply = async (requestId: string, type: SupervisorReply['type']): Promise<SupervisorReply> => {
  const found = () => replies().find((each) => each.requestId === requestId && each.type === type)
  await eventually(`${type} for ${requestId}`, () => found() !== undefined)
  return found() as SupervisorReply
}

describe('a request by event', () => {
  it('to trigger is accepted once that is durable, and settled with the outcome, also if it came before the start was over', async () => {
    supervisor.send({ type: 'execution.trigger', entryPoint: 'approvals', options: { id: 'a1' }, replyTo, requestId: 'r1' })
    expect(supervisor.getSnapshot().value).toBe('starting')
    expect(await reply('r1', 'execution.accepted')).toEqual({
      type: 'execution.accepted',
      id: 'a1',
      created: true,
      requestId: 'r1',
    })
    expect(await runtimeOf(supervisor).execution('a1').get()).toMatchObject({ revision: expect.any(Number) as number })
    supervisor.send({ type: 'execution.send', id: 'a1', event: { type: 'APPROVE' }, replyTo, requestId: 'r2' })
    expect(await reply('r2', 'execution.answered')).toMatchObject({ id: 'a1', outcome: { status: 'delivered' } })
    expect(await reply('r1', 'execution.settled')).toEqual({
      type: 'execution.settled',
      id: 'a1',
      outcome: { status: 'completed', output: { notes: [] } },
      requestId: 'r1',
    })
  })

  it('to pause, resume and cancel is answered with the outcome of the call of the same name, and keeps who asked and why', async () => {
    const by = { reason: 'audit', actor: 'anna' }
    supervisor.send({ type: 'execution.trigger', entryPoint: 'approvals', options: { id: 'a1' }, replyTo, requestId: 'r1' })
    await reply('r1', 'execution.accepted')
    supervisor.send({ type: 'execution.pause', id: 'a1', options: by, replyTo, requestId: 'pause' })
    expect(await reply('pause', 'execution.answered')).toMatchObject({ id: 'a1', outcome: { status: 'paused' } })
    const record = await runtimeOf(supervisor).execution('a1').get()
    expect(record).toMatchObject({ status: 'paused', pause: { ...by, mode: 'boundary' } })
    const events = [{ type: 'NOTE', text: 'mended' }]
    supervisor.send({ type: 'execution.resume', id: 'a1', options: { events }, replyTo, requestId: 'resume' })
    expect(await reply('resume', 'execution.answered')).toMatchObject({ outcome: { status: 'resumed' } })
    await eventually('the note', async () => {
      const { context } = (await runtimeOf(supervisor).execution('a1').get()) as { context?: { notes: string[] } }
      return context?.notes[0] === 'mended'
    })
    supervisor.send({ type: 'execution.cancel', id: 'a1', options: by, replyTo, requestId: 'cancel' })
    expect(await reply('cancel', 'execution.answered')).toMatchObject({ outcome: { status: 'cancelled' } })
    expect(await reply('r1', 'execution.settled')).toMatchObject({ outcome: { status: 'cancelled', ...by } })
    supervisor.send({ type: 'execution.cancel', id: 'a1', replyTo, requestId: 'again' })
    expect(await reply('again', 'execution.answered')).toMatchObject({
      outcome: { status: 'already_finished', as: 'cancelled' },
    })
  })

  it('delivers all events of a resume, or none: one that is refused keeps the others from the program', async () => {
    supervisor.send({ type: 'execution.trigger', entryPoint: 'approvals', options: { id: 'a1' }, replyTo, requestId: 'r1' })
    await reply('r1', 'execution.accepted')
    supervisor.send({ type: 'execution.pause', id: 'a1', replyTo, requestId: 'pause' })
    await reply('pause', 'execution.answered')
    const events = [{ type: 'NOTE', text: 'early' }, { type: 'xstate.done.actor.x' }]
    const mended = [{ type: 'NOTE', text: 'mended' }]
    supervisor.send({ type: 'execution.resume', id: 'a1', options: { events }, replyTo, requestId: 'both' })
    expect(await reply('both', 'execution.refused')).toMatchObject({ error: { code: 'invalid_event' } })
    supervisor.send({
      type: 'execution.resume',
      id: 'a1',
      options: { events: mended },
      replyTo,
      requestId: 'one',
    })
    await reply('one', 'execution.answered')
    await eventually('the note', async () => {
      const { context } = (await runtimeOf(supervisor).execution('a1').get()) as { context?: { notes: string[] } }
      return context?.notes.length === 1 && context.notes[0] === 'mended'
    })
  })

  it('waits no longer than its timeout says', async () => {
    supervisor.send({
      type: 'execution.trigger',
      entryPoint: 'work',
      input: { label: 'w' },
      options: { id: 'w1' },
      replyTo,
      requestId: 'r1',
    })
    await reply('r1', 'execution.accepted')
    await eventually('the step', () => flights.all.length > 0)
    supervisor.send({ type: 'execution.pause', id: 'w1', options: { timeout: 1 }, replyTo, requestId: 'pause' })
    expect(await reply('pause', 'execution.answered')).toMatchObject({ outcome: { status: 'pausing' } })
  })

  it('is refused, with the error that the call would have thrown, and nothing is written', async () => {
    const refused = async (requestId: string) =>
      ((await reply(requestId, 'execution.refused')) as { error?: { code?: string } }).error?.code
    supervisor.send({ type: 'execution.trigger', entryPoint: 'nowhere', replyTo, requestId: 'unknown' })
    supervisor.send({ type: 'execution.trigger', entryPoint: 'approvals', options: { id: '../../x' }, replyTo, requestId: 'id' })
    supervisor.send({ type: 'execution.trigger', entryPoint: 'approvals', input: () => 1, replyTo, requestId: 'input' })
    expect(await refused('unknown')).toBe('unknown_entry_point')
    expect(await refused('id')).toBe('invalid_id')
    expect(await refused('input')).toBe('not_storable')
    expect((await runtimeOf(supervisor).executions()).executions).toEqual([])
    for (const requestId of ['first', 'second'])
      supervisor.send({ type: 'execution.trigger', entryPoint: 'approvals', options: { id: 'a1' }, replyTo, requestId })
    await reply('first', 'execution.accepted')
    expect(await refused('second')).toBe('duplicate_execution')
    supervisor.send({ type: 'execution.send', id: 'nobody', event: { type: 'APPROVE' }, replyTo, requestId: 'absent' })
    expect(await reply('absent', 'execution.answered')).toMatchObject({ outcome: { status: 'not_found' } })
  })

  it('is refused once the supervisor drains, and while it stops', async () => {
    const runtime = runtimeOf(supervisor)
    await eventually('the start', () => supervisor.getSnapshot().value === 'running')
    supervisor.send({ type: 'supervisor.drain' })
    supervisor.send({ type: 'execution.trigger', entryPoint: 'approvals', replyTo, requestId: 'draining' })
    expect(await reply('draining', 'execution.refused')).toMatchObject({ error: { code: 'draining' } })
    supervisor.send({ type: 'supervisor.stop' })
    supervisor.send({ type: 'execution.trigger', entryPoint: 'approvals', replyTo, requestId: 'stopping' })
    expect(await reply('stopping', 'execution.refused')).toMatchObject({ error: { code: 'already_stopped' } })
    await runtime.stop()
    expect(supervisor.getSnapshot()).toMatchObject({ status: 'done', value: 'stopped' })
  })
})
