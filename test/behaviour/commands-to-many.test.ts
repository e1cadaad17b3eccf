/** A command to many: everything in its scope is told at once, within the time of the whole, and what fails keeps it from nobody. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { fromPromise, setup } from 'xstate'
import { createClient, defineEntryPoint, fromExecution, type StatewardError } from '../../src/index.js'
import type { SnapshotStore } from '../../src/persistence/snapshot-store.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { createTestRuntime } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { approval, worker } from '../support/programs.js'
import { memoryPlace, places } from '../support/store-place.js'

const approvals = defineEntryPoint({ id: 'approvals', program: approval, passivateAfter: 0 })
const stopped = { pause: 'paused', cancel: 'cancelled' } as const
const commands = ['pause', 'cancel'] as const

/** The store of a process, some calls of which fail. */
const failing = (fails: (call: string, about: unknown) => boolean) => (inner: SnapshotStore) => ({
  setControl: async (name: string, value: string | null) => {
    if (fails('setControl', name)) throw new Error('the disk is tired')
    return inner.setControl(name, value)
  },
  query: async (query: Parameters<SnapshotStore['query']>[0]) => {
    if (fails('query', query)) throw new Error('the disk is tired')
    const page = await inner.query(query)
    const executions = page.executions.map((stored) => (fails('read', stored.id) ? { ...stored, state: '{' } : stored))
    return { ...page, executions }
  },
})

const refusal = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (error: unknown) => error as StatewardError,
  )

describe.each(places)('on %s', (_, place) => {
  test.each(commands)('a stream that takes its time to %s keeps the command from none of the others', async (name) => {
    const flights = new StepsInFlight()
    const slow = defineEntryPoint({ id: 'slow', program: worker(flights) })
    const runtime = await begin({ store: place().connect(), entryPoints: [slow, approvals] })
    await runtime.trigger('slow', { label: 'a' })
    const quick = await runtime.trigger('approvals')
    const { end } = await flights.started('a.1').then((flight) => ({ end: () => flight.end() }))
    const answer = runtime[name]()
    await eventually('the others to be told', async () => (await quick.get()).status === stopped[name])
    end()
    expect(await answer).toEqual({ [stopped[name]]: 2 })
  })

  test.each(commands)('a %s that fails for a stream is told to all the others, and the error names that stream', async (name) => {
    let isTired = false
    const about = (call: string, of: unknown) =>
      isTired && call === 'query' && (of as { entryPoint?: string }).entryPoint === 'first'
    const first = defineEntryPoint({ id: 'first', program: approval })
    const runtime = await begin({ store: place().connect(failing(about)), entryPoints: [first, approvals] })
    const [unreached, told] = [await runtime.trigger('first'), await runtime.trigger('approvals')]
    isTired = true
    const error = await refusal(runtime[name]())
    expect(error).toMatchObject({
      code: 'store_failed',
      details: {
        failed: 1,
        answered: { [stopped[name]]: 1 },
        failures: [{ entryPoint: 'first', error: { code: 'store_failed' } }],
      },
    })
    expect(error?.message).toContain('stream first')
    expect((await told.get()).status).toBe(stopped[name])
    isTired = false
    await runtime[name]()
    expect((await unreached.get()).status).toBe(stopped[name])
  })

  test('a stream whose pause can not be kept keeps it from none of the others, and a resume leaves that stream alone', async () => {
    let isTired = true
    const about = (call: string, of: unknown) => isTired && call === 'setControl' && String(of) === 'stream:first:pause'
    const first = defineEntryPoint({ id: 'first', program: approval })
    const runtime = await begin({ store: place().connect(failing(about)), entryPoints: [first, approvals] })
    const all = [await runtime.trigger('first'), await runtime.trigger('approvals')]
    const statuses = async () => Promise.all(all.map(async (each) => (await each.get()).status))
    expect((await refusal(runtime.pause()))?.details).toMatchObject({
      failures: [{ entryPoint: 'first' }],
      answered: { paused: 2 },
    })
    expect(await statuses()).toEqual(['paused', 'paused'])
    expect((await refusal(runtime.resume()))?.details).toMatchObject({
      failures: [{ entryPoint: 'first' }],
      answered: { resumed: 1 },
    })
    await eventually('the others to go on', async () => (await statuses()).join() === 'paused,waiting')
    isTired = false
    expect(await runtime.resume()).toEqual({ resumed: 1 })
    await eventually('all of them to go on', async () => (await statuses()).join() === 'waiting,waiting')
  })

  test('a command is told to all that can be read, and the error names those that can not', async () => {
    const broken = new Set<unknown>()
    const about = (call: string, of: unknown) => call === 'read' && broken.has(of)
    const shared = place()
    const runtime = await begin({ store: shared.connect(failing(about)), entryPoints: [approvals] })
    const all = await Promise.all(Array.from({ length: 5 }, () => runtime.trigger('approvals')))
    const statuses = () => Promise.all(all.map(async (each) => (await each.get()).status))
    expect(await runtime.stream('approvals').pause()).toEqual({ paused: 5 })
    broken.add(all[4]?.id).add(all[2]?.id)
    const error = await refusal(runtime.stream('approvals').resume())
    expect(error).toMatchObject({ code: 'corrupt', retryable: false, details: { failed: 2, answered: { resumed: 3 } } })
    const failures = error?.details['failures'] as { id: string }[]
    expect(new Set(failures.map(({ id }) => id))).toEqual(broken)
    expect((await statuses()).filter((status) => status === 'paused')).toHaveLength(2)
  })

  test.each(commands)(
    'a %s is told to what nobody holds while another process keeps it waiting for all that it holds',
    async (name) => {
      const shared = place()
      const client = createClient({ store: shared.connect(), entryPoints: [held, approvals], pollInterval: 20 })
      onTestFinished(() => client.close())
      const free = await client.trigger('approvals')
      // it holds them, and does not look for what others ask
      const frozen = await begin({ store: shared.connect(), entryPoints: [held], pollInterval: 100_000 })
      const all = await Promise.all(Array.from({ length: 52 }, () => frozen.trigger('held')))
      const answer = refusal(client[name]())
      await eventually('the other to be told', async () => (await free.get()).status === stopped[name])
      for (const { id } of all) await eventually('it to be told', async () => (await inboxOf(shared.connect(), id)).length > 0)
      await client.close()
      expect(await answer).toMatchObject({ code: 'already_stopped', details: { failed: 52, answered: { [stopped[name]]: 1 } } })
    },
  )
})

const held = defineEntryPoint({ id: 'held', program: fromPromise(() => new Promise(() => undefined)), maxConcurrent: 100 })

async function inboxOf(store: SnapshotStore, execution: string) {
  await store.open()
  return store.inbox({ execution })
}

test.each(commands)(
  'the timeout of a %s is that of the whole, however many another process does not answer for',
  async (name) => {
    const shared = memoryPlace()
    const frozen = await begin({ store: shared.connect(), entryPoints: [held], pollInterval: 100_000 })
    await Promise.all(Array.from({ length: 120 }, () => frozen.trigger('held')))
    const clock = new SimulatedClock()
    const client = createClient({ store: shared.connect(), entryPoints: [held], clock })
    onTestFinished(() => client.close())
    let counts: unknown
    void client[name]({ timeout: 100 }).then((answer) => (counts = answer))
    await turns(20)
    expect(counts).toBeUndefined()
    await clock.advance(100)
    await eventually('the answer', () => counts !== undefined)
    expect(counts).toEqual({ [name === 'pause' ? 'pausing' : 'cancelling']: 120 })
  },
)

test.each(commands)('the timeout of a %s is that of all streams together', async (name) => {
  const entryPoints = ['a', 'b', 'c'].map((id) => defineEntryPoint({ id, program: worker() }))
  const world = createTestRuntime({ entryPoints })
  onTestFinished(() => world.stop())
  world.hold('step', { heedsSignal: false })
  for (const { id } of entryPoints) await world.trigger(id as never, { label: id } as never)
  await world.settle()
  const before = world.clock.now()
  expect(await world[name]({ timeout: 100 })).toEqual({ [name === 'pause' ? 'pausing' : 'cancelling']: 3 })
  expect(world.clock.now() - before).toBe(100)
})

test('a pause whose time is up waits for no resume before it any longer, and takes back what that has not told yet', async () => {
  const shared = memoryPlace()
  const clock = new SimulatedClock()
  let free: () => void = () => undefined
  let isHeld = false
  const store = shared.connect((inner) => ({
    query: async (query) => {
      const page = await inner.query(query)
      if (isHeld && query.entryPoint === 'approvals') {
        isHeld = false
        await new Promise<void>((resolve) => (free = resolve))
      }
      return page
    },
  }))
  const runtime = await begin({ store, clock, entryPoints: [approvals] })
  const execution = await runtime.trigger('approvals')
  await runtime.stream('approvals').pause()
  isHeld = true
  const resumed = runtime.stream('approvals').resume()
  await eventually('the resume to ask whom it concerns', () => !isHeld)
  const paused = runtime.stream('approvals').pause({ timeout: 50 })
  await turns()
  await clock.advance(50)
  expect(await paused).toEqual({ already_paused: 1 })
  free()
  expect(await resumed).toEqual({})
  expect(await execution.get()).toMatchObject({ status: 'paused' })
})

test.each(commands)(
  'a %s that can not be told to what an execution has started is told to that execution all the same',
  async (name) => {
    const asks = setup({ actors: { held: fromExecution('held') } }).createMachine({
      id: 'asks',
      invoke: { src: 'held', input: { label: 'a' } },
    })
    let isTired = false
    const about = (call: string, of: unknown) => {
      const isHit = isTired && call === 'query' && (of as { parentId?: string }).parentId !== undefined
      if (isHit) isTired = false
      return isHit
    }
    const heeding = new StepsInFlight()
    heeding.heeds = true
    const below = defineEntryPoint({ id: 'held', program: worker(heeding) })
    const parents = defineEntryPoint({ id: 'asks', program: asks })
    const runtime = await begin({ store: memoryPlace().connect(failing(about)), entryPoints: [below, parents] })
    const execution = await runtime.trigger('asks')
    await heeding.started('a.1')
    isTired = true
    const error = await refusal(name === 'pause' ? execution.pause({ mode: 'now' }) : execution.cancel())
    expect(error).toMatchObject({
      code: 'store_failed',
      details: { answered: { [stopped[name]]: 1 }, failures: [{ id: execution.id }] },
    })
    const { executions } = await runtime.executions()
    expect(executions.map(({ status }) => status)).toEqual([stopped[name], stopped[name]])
  },
)

test('a result that can not be read rejects, and keeps no other one waiting', async () => {
  const shared = memoryPlace()
  const broken = new Set<string>()
  const asking = shared.connect((inner) => ({
    load: async (id) => {
      const stored = await inner.load(id)
      return stored && broken.has(id) ? { ...stored, state: '{' } : stored
    },
  }))
  const holder = await begin({ store: shared.connect(), id: 'worker', entryPoints: [approvals] })
  const asker = await begin({ store: asking, id: 'asker', entryPoints: [] })
  const all = [await holder.trigger('approvals'), await holder.trigger('approvals')] as const
  const results = all.map(({ id }) =>
    asker
      .execution(id)
      .result()
      .catch((error: StatewardError) => error.code),
  )
  await turns()
  broken.add(all[0].id)
  for (const each of all) await each.send({ type: 'APPROVE' })
  expect(await Promise.all(results)).toEqual(['corrupt', { status: 'completed', output: { notes: [] } }])
})
