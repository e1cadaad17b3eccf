/** Pauses and resumes of one execution that come by way of several processes: whichever was called last decides. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { createClient, type ExecutionStatus, type Runtime } from '../../src/index.js'
import { encode } from '../../src/codec/snapshot-codec.js'
import type { SnapshotStore } from '../../src/persistence/snapshot-store.js'
import { begin } from '../support/begin.js'
import { levels } from '../support/descent.js'
import { eventually, turns } from '../support/eventually.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { places, type StorePlace } from '../support/store-place.js'

type Calls = Pick<Runtime, 'execution' | 'stream' | 'executions'>

const kind = (status: ExecutionStatus) => (['queued', 'running', 'waiting'].includes(status) ? 'going' : status)
const kinds = async (runtime: Pick<Runtime, 'executions'>) =>
  new Set((await runtime.executions({ limit: 100 })).executions.map(({ status }) => kind(status)))

/** Three levels whose steps go on until the test ends them, held by one process; two others ask it. */
async function shop(place: StorePlace, pollInterval = 1) {
  const flights = new StepsInFlight()
  const entryPoints = levels(flights)
  const holder = await begin({ store: place.connect(), id: 'holder', entryPoints, pollInterval })
  const client = createClient({ store: place.connect(), entryPoints, pollInterval: 1 })
  const other = createClient({ store: place.connect(), entryPoints, pollInterval: 1 })
  onTestFinished(async () => void (await Promise.all([client.close(), other.close()])))
  const { id } = await holder.trigger('top')
  await flights.started('work', 2)
  const come = (to: string) => eventually(`all of it to be ${to}`, async () => [...(await kinds(holder))].join() === to)
  const end = () => flights.all.forEach((flight) => flight.end())
  return { flights, place, holder, client, other, id, come, end }
}

type Shop = Awaited<ReturnType<typeof shop>>

/** What stands in an inbox is put there as another process would put it. */
async function put(store: SnapshotStore, id: string, type: 'pause' | 'resume') {
  const intervention = { at: 1 }
  const command = type === 'pause' ? { type, mode: 'boundary', intervention } : { type, intervention, retry: false }
  await store.open()
  await store.enqueue({ executionId: id, kind: 'command', payload: encode(command, { id, what: 'command' }), at: 1 })
}

const everyone: readonly (readonly [string, (own: Shop) => Calls, (own: Shop) => Calls])[] = [
  ['one client', ({ client }) => client, ({ client }) => client],
  ['two clients', ({ client }) => client, ({ other }) => other],
  ['a client and the process that holds it', ({ client }) => client, ({ holder }) => holder],
  ['the process that holds it and a client', ({ holder }) => holder, ({ client }) => client],
]

describe.each(places)('on %s', (name, place) => {
  const askers = name === 'memory' ? everyone : everyone.slice(1, 2)

  test.each(askers)(
    'a resume after a pause that was answered while it goes down leaves all of it running, by %s',
    async (_name, first, last) => {
      const own = await shop(place())
      expect(await first(own).execution(own.id).pause({ timeout: 0 })).toEqual({ status: 'pausing' })
      expect(await last(own).execution(own.id).resume()).toMatchObject({ status: 'resumed' })
      await own.come('going')
      own.end()
      expect(await own.holder.execution(own.id).result()).toMatchObject({ status: 'completed' })
    },
  )

  test.each(askers)(
    'a resume that comes once the pause has gone down half way takes it back, by %s',
    async (_name, first, last) => {
      const own = await shop(place())
      const paused = first(own).execution(own.id).pause()
      await eventually('the lowest to be pausing', async () => (await kinds(own.holder)).has('pausing'))
      expect(await last(own).execution(own.id).resume()).toMatchObject({ status: 'resumed' })
      expect(await paused).toMatchObject({ status: 'resumed' })
      await own.come('going')
      own.end()
      expect(await own.holder.execution(own.id).result()).toMatchObject({ status: 'completed' })
    },
  )

  test.each(askers)(
    'a stream’s resume takes back its pause that was answered while it goes down, by %s',
    async (_name, first, last) => {
      const own = await shop(place())
      expect(await first(own).stream('top').pause({ timeout: 0 })).toEqual({ pausing: 1 })
      expect(await last(own).stream('top').resume()).toEqual({ resumed: 1 })
      await own.come('going')
      own.end()
      expect(await own.holder.execution(own.id).result()).toMatchObject({ status: 'completed' })
    },
  )

  test.each(askers)(
    'a pause after a resume that stands in the inbox leaves all of it paused, by %s',
    async (_name, _first, last) => {
      const own = await shop(place())
      own.flights.heeds = true
      own.end()
      const { id } = await own.holder.trigger('top')
      const started = own.flights.all.length
      await eventually('its steps to begin', () => own.flights.all.length >= started + 2)
      await own.holder.execution(id).pause({ mode: 'now' })
      await put(own.place.connect(), id, 'resume')
      expect(await last(own).execution(id).pause({ mode: 'now' })).toMatchObject({ status: 'paused' })
      const below = (await own.holder.executions({ parentId: id })).executions
      expect([await own.holder.execution(id).get(), ...below]).toMatchObject([{ status: 'paused' }, { status: 'paused' }])
    },
  )

  test('what stands in an inbox decides in its order, read in one look', async () => {
    const own = await shop(place(), 100_000)
    own.flights.heeds = true
    const store = own.place.connect()
    for (const type of ['pause', 'resume', 'pause', 'resume'] as const) await put(store, own.id, type)
    // it reads its inbox for whatever it is asked next
    expect(await own.holder.execution(own.id).resume()).toMatchObject({ status: 'resumed' })
    await eventually('the inbox to be empty', async () => (await store.inbox({ execution: own.id })).length === 0)
    await own.come('going')
    for (const type of ['pause', 'resume', 'pause'] as const) await put(store, own.id, type)
    const paused = own.holder.execution(own.id).pause()
    await turns()
    own.end()
    expect(['paused', 'already_paused', 'already_finished']).toContain((await paused).status)
  })

  test('a process that takes an execution up obeys what stands in its inbox before what it is asked itself', async () => {
    const shared = place()
    const flights = new StepsInFlight()
    flights.heeds = true
    const entryPoints = levels(flights)
    const client = createClient({ store: shared.connect(), entryPoints, pollInterval: 1 })
    onTestFinished(() => client.close())
    const execution = await client.trigger('leaf')
    expect(await execution.pause()).toMatchObject({ status: 'paused' })
    await put(shared.connect(), execution.id, 'resume')
    // nobody is there who could carry the resume out, and the pause stands behind it
    const paused = execution.pause({ mode: 'now', timeout: 20 })
    expect(await paused).toEqual({ status: 'pausing' })
    const holder = await begin({ store: shared.connect(), id: 'holder', entryPoints, pollInterval: 1 })
    await eventually('both to be carried out', async () => (await inbox(shared, execution.id)).length === 0)
    await eventually('it to be paused', async () => (await holder.execution(execution.id).get())?.status === 'paused')
  })
})

async function inbox(place: StorePlace, execution: string) {
  const store = place.connect()
  await store.open()
  return store.inbox({ execution })
}
