/** A supervisor that is an actor answers requests by event that concern many executions, and those about schedules. */
import { createActor, fromPromise, fromTransition } from 'xstate'
import { expect, expectTypeOf, onTestFinished, test } from 'vitest'
import {
  defineEntryPoint,
  defineGroup,
  runtimeOf,
  supervisorMachine,
  type ScheduleRecord,
  type SupervisorReply,
  type SupervisorRequest,
} from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { eventually } from '../support/eventually.js'
import { approval } from '../support/programs.js'

type Asked = SupervisorRequest extends infer TRequest
  ? TRequest extends SupervisorRequest
    ? Omit<TRequest, 'replyTo' | 'requestId'>
    : never
  : never

/** A supervisor, and a function that asks it and waits for the answer of that type. */
function asked() {
  const entryPoints = [
    defineEntryPoint({ id: 'approvals', program: approval }),
    ...defineGroup('billing', [defineEntryPoint({ id: 'quick', program: fromPromise(async () => 'done') })]),
  ] as const
  const supervisor = createActor(supervisorMachine, { input: { store: memoryStore(), entryPoints } }).start()
  const runtime = runtimeOf<typeof entryPoints>(supervisor)
  onTestFinished(() => runtime.stop())
  const box = createActor(
    fromTransition((kept: readonly SupervisorReply[], reply: SupervisorReply) => [...kept, reply], []),
  ).start()
  let last = 0
  const ask = async (request: Asked) => {
    const requestId = `r${++last}`
    supervisor.send({ ...(request as SupervisorRequest), replyTo: box, requestId })
    const found = () => box.getSnapshot().context.find((each) => each.requestId === requestId)
    await eventually(`an answer to ${request.type}`, () => found() !== undefined)
    const { requestId: _, ...answer } = found() as SupervisorReply
    return answer
  }
  const told = () => box.getSnapshot().context
  return { supervisor, runtime, ask, told }
}

const answered = (request: string, outcome: unknown) => ({ type: 'supervisor.answered', request, outcome })
const aboutSchedule = (request: string, outcome: unknown) => ({ type: 'schedule.answered', request, outcome })

test('pause, resume, cancel and send reach all, those of a target, or what a filter finds, and are answered with counts', async () => {
  const { runtime, ask } = asked()
  await runtime.start()
  for (const id of ['a', 'b', 'c']) {
    const handle = await runtime.trigger('approvals', undefined, { id, tags: id === 'c' ? ['vip'] : [] })
    await handle.waitFor({ status: 'waiting' })
  }
  expect(await ask({ type: 'supervisor.count', where: { tag: 'vip' } })).toEqual({ type: 'supervisor.counted', count: 1 })
  expect(await ask({ type: 'supervisor.count' })).toEqual({ type: 'supervisor.counted', count: 3 })
  const by = { reason: 'audit', actor: 'anna' }
  expect(await ask({ type: 'supervisor.pause', target: 'approvals', options: by })).toEqual(
    answered('supervisor.pause', { paused: 3 }),
  )
  expect(await runtime.execution('a').get()).toMatchObject({ status: 'paused', pause: { ...by, scope: 'stream' } })
  expect(await ask({ type: 'supervisor.resume', target: 'approvals' })).toEqual(answered('supervisor.resume', { resumed: 3 }))
  expect(await ask({ type: 'supervisor.pause', target: { group: 'billing' } })).toEqual(answered('supervisor.pause', {}))
  const quick = await runtime.trigger('billing/quick')
  expect(await quick.get()).toMatchObject({ status: 'queued' })
  expect(await ask({ type: 'supervisor.resume', target: { group: 'billing' } })).toMatchObject({ request: 'supervisor.resume' })
  expect(await quick.result()).toMatchObject({ status: 'completed' })
  const note = { type: 'NOTE', text: 'vip' }
  expect(await ask({ type: 'supervisor.send', to: { where: { tag: 'vip' } }, event: note })).toEqual(
    answered('supervisor.send', { delivered: 1 }),
  )
  expect(await ask({ type: 'supervisor.cancel', options: { where: { tag: 'vip' }, reason: 'late' } })).toEqual(
    answered('supervisor.cancel', { cancelled: 1 }),
  )
  expect(await runtime.execution('c').result()).toMatchObject({ status: 'cancelled', reason: 'late' })
  expect(await ask({ type: 'supervisor.cancel' })).toEqual(answered('supervisor.cancel', { cancelled: 2 }))
})

test('a schedule is set, read, listed, paused, resumed, fired and removed by events; what it fires is settled', async () => {
  const { ask, told } = asked()
  const options = { entryPoint: 'billing/quick', cron: '0 9 * * *', timeZone: 'Europe/Berlin' }
  // also while the streams start
  const set = await ask({ type: 'schedule.set', id: 'daily', options })
  expect(set).toMatchObject(aboutSchedule('schedule.set', { status: 'created', id: 'daily' }))
  expect(await ask({ type: 'schedule.get', id: 'daily' })).toMatchObject(
    aboutSchedule('schedule.get', { id: 'daily', status: 'active', ...options }),
  )
  const listed = await ask({ type: 'schedule.list', options: { entryPoint: 'billing/quick' } })
  expect(listed).toMatchObject(aboutSchedule('schedule.list', { schedules: [{ id: 'daily' }] }))
  const upcoming = await ask({ type: 'schedule.upcoming', id: 'daily', count: 2 })
  expect(upcoming).toEqual(aboutSchedule('schedule.upcoming', [expect.any(Number), expect.any(Number)]))
  for (const [type, status] of [
    ['schedule.pause', 'paused'],
    ['schedule.pause', 'already_paused'],
    ['schedule.resume', 'resumed'],
  ] as const)
    expect(await ask({ type, id: 'daily', options: { reason: 'holidays' } })).toEqual(aboutSchedule(type, { status }))
  expect(await ask({ type: 'schedule.fire', id: 'daily', options: { id: 'by-hand' } })).toEqual(
    aboutSchedule('schedule.fire', { status: 'fired', id: 'by-hand' }),
  )
  await eventually('the end is told', () => told().some(({ type }) => type === 'execution.settled'))
  expect(told().find(({ type }) => type === 'execution.settled')).toMatchObject({
    id: 'by-hand',
    outcome: { status: 'completed', output: 'done' },
  })
  expect(await ask({ type: 'schedule.remove', id: 'daily' })).toEqual(aboutSchedule('schedule.remove', { status: 'removed' }))
  for (const type of ['schedule.get', 'schedule.fire', 'schedule.pause', 'schedule.remove'] as const)
    expect(await ask({ type, id: 'daily' })).toEqual(aboutSchedule(type, { status: 'not_found' }))
})

test('what is wrong is refused with the error that the call would have thrown, and nothing changes', async () => {
  const { runtime, ask } = asked()
  await runtime.start()
  const options = { entryPoint: 'billing/quick', every: -1 }
  for (const [request, code] of [
    [{ type: 'supervisor.pause', target: 'nowhere' }, 'unknown_entry_point'],
    [{ type: 'supervisor.pause', target: { group: 'nowhere' } }, 'unknown_entry_point'],
    [{ type: 'supervisor.cancel', target: 5 }, 'invalid_option'],
    [{ type: 'supervisor.cancel', target: { name: 'billing' } }, 'invalid_option'],
    [{ type: 'supervisor.cancel', options: { where: { stat: 'paused' } } }, 'invalid_option'],
    [{ type: 'supervisor.resume', options: { mode: 'now' } }, 'invalid_option'],
    [{ type: 'supervisor.send', to: {}, event: { type: 'NOTE' } }, 'invalid_option'],
    [{ type: 'supervisor.send', to: { sessionId: 's' }, event: { type: '' } }, 'invalid_event'],
    [{ type: 'supervisor.count', where: { limit: 5 } }, 'invalid_option'],
    [{ type: 'schedule.set', id: 'x', options }, 'invalid_option'],
    [{ type: 'schedule.set', id: '../x', options: { ...options, every: 5_000 } }, 'invalid_id'],
    [{ type: 'schedule.upcoming', id: 'x' }, 'not_found'],
    [{ type: 'schedule.list', options: { limit: 0 } }, 'invalid_option'],
  ] as const) {
    const answer = await ask(request as unknown as Asked)
    expect([request, answer]).toEqual([
      request,
      { type: 'execution.refused', request: request.type, error: expect.objectContaining({ code }) },
    ])
  }
  expect((await runtime.schedules.list()).schedules).toEqual([])
  expect(await runtime.count()).toBe(0)
})

test('the answers are typed by their request', () => {
  type About<TType extends string> = Extract<SupervisorReply, { type: 'schedule.answered'; request: TType }>['outcome']
  expectTypeOf<About<'schedule.upcoming'>>().toEqualTypeOf<readonly number[]>()
  expectTypeOf<Extract<About<'schedule.get'>, { cron?: string }>>().toExtend<ScheduleRecord>()
  expectTypeOf<Extract<SupervisorReply, { type: 'supervisor.counted' }>['count']>().toBeNumber()
})
