/**
 * What a command answers is what the store says in that moment: of one execution, of a stream and of the runtime, asked by the
 * process that holds them, by another one and by a client, with and without a time.
 */
import { expect, onTestFinished, test } from 'vitest'
import { setup } from 'xstate'
import { createClient, defineEntryPoint, fromExecution, isTerminal, type ExecutionStatus } from '../../src/index.js'
import type { RuntimeCalls } from '../../src/runtime/runtime-calls.js'
import type { Command } from '../../src/events/outcomes.js'
import { decode } from '../../src/codec/snapshot-codec.js'
import type { SnapshotStore, StoredExecution } from '../../src/persistence/snapshot-store.js'
import { memoryStore } from '../../src/persistence/memory/memory-store.js'
import { faultyStore } from '../../src/testing/store/faulty-store.js'
import { begin } from '../support/begin.js'
import { eventually } from '../support/eventually.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { approval, worker } from '../support/programs.js'
import { makePlace, withTest, type StorePlace } from '../support/store-place.js'

interface Asked {
  readonly name: 'pause' | 'resume' | 'cancel'
  readonly options: { readonly mode?: 'now' | 'boundary'; readonly timeout?: number }
}

const timeouts = [{}, { timeout: 0 }]
const asked: readonly Asked[] = [
  { name: 'resume', options: {} },
  ...timeouts.flatMap((timed): Asked[] => [
    { name: 'pause', options: { ...timed, mode: 'boundary' } },
    { name: 'pause', options: { ...timed, mode: 'now' } },
    { name: 'cancel', options: timed },
  ]),
]

const askers = ['the process that holds them', 'another process', 'a client'] as const
const scopes = ['each execution', 'each stream', 'the runtime'] as const

/** Executions in each status, some of them in no memory, and one that has started another. */
async function shop(place: StorePlace, asker: (typeof askers)[number]) {
  const flights = new StepsInFlight()
  const asks = setup({ actors: { below: fromExecution('below') } }).createMachine({
    id: 'asks',
    invoke: { src: 'below', input: { label: 'below' } },
  })
  const entryPoints = [
    defineEntryPoint({ id: 'work', program: worker(flights), maxConcurrent: 1 }),
    defineEntryPoint({ id: 'below', program: worker(flights) }),
    defineEntryPoint({ id: 'asks', program: asks }),
    defineEntryPoint({ id: 'approvals', program: approval, passivateAfter: 0 }),
  ] as const
  const common = { entryPoints, pollInterval: 5 }
  const holder = await begin({ store: place.connect(), id: 'holder', ...common })
  const [running, waiting, paused, ended] = await Promise.all([
    holder.trigger('work', { label: 'work' }),
    holder.trigger('approvals'),
    holder.trigger('approvals'),
    holder.trigger('approvals'),
  ])
  const parent = await holder.trigger('asks')
  await Promise.all([flights.started('work.1'), flights.started('below.1'), paused.pause(), ended.send({ type: 'APPROVE' })])
  const queued = await holder.trigger('work', { label: 'queued' })
  const store = place.connect()
  await store.open()
  await eventually('those that wait to have left memory', async () => {
    const all = [waiting, paused, ended].map(async ({ id }) => (await store.load(id))?.owner === null)
    return (await Promise.all(all)).every(Boolean)
  })
  let calls: RuntimeCalls = holder
  if (asker === 'another process') calls = await begin({ store: place.connect(), id: 'other', ...common, maxConcurrent: 1 })
  if (asker === 'a client') {
    const client = createClient({ store: place.connect(), ...common })
    onTestFinished(() => client.close())
    calls = client
  }
  return { flights, store, calls, ids: [running, waiting, paused, ended, parent, queued].map(({ id }) => id) }
}

type Answer = { readonly status: string; readonly as?: string }

/** What an answer may stand for. */
function kindOf({ status, as }: Answer): string {
  if (status === 'already_paused') return 'paused'
  if (status === 'resumed' || status === 'already_running') return 'going'
  return as ?? status
}

/** What it was told that it is about to become, it may be since. */
const later = { pausing: 'paused', cancelling: 'cancelled' } as const

/** True if what is durable bears an answer out. */
function isBorneOut(answer: Answer, said: readonly string[]): boolean {
  const kind = kindOf(answer)
  // one that was ended with its parent meanwhile
  if (kind === 'already_finished') return said.some((each) => isTerminal(each as ExecutionStatus))
  return said.includes(kind) || ((kind === 'pausing' || kind === 'cancelling') && said.includes(later[kind]))
}

/** What the store says of one: where it stands, or what stands in its inbox. */
async function saidBy(store: SnapshotStore, { id, status }: StoredExecution, name: Asked['name']): Promise<string[]> {
  const kinds: string[] = [['queued', 'running', 'waiting'].includes(status) ? 'going' : status]
  const messages = (await store.inbox({ execution: id })).filter(({ kind }) => kind === 'command')
  const commands = messages.map(({ payload }) => decode<Command>(payload, { id, what: 'command' }).type)
  if (name !== 'resume' && commands.includes(name)) kinds.push(name === 'pause' ? 'pausing' : 'cancelling')
  return kinds
}

/** Gives a command to one of them, or to many, and tells what is not so in the store when it is answered. */
async function untruths(own: Awaited<ReturnType<typeof shop>>, { name, options }: Asked, scope: (typeof scopes)[number]) {
  const { store, calls, ids } = own
  const wrong: string[] = []
  const about = `${name} ${JSON.stringify(options)} of ${scope}`
  const one = async (id: string) => {
    const answer = (await calls.execution(id)[name](options as never)) as Answer
    const row = (await store.load(id)) as StoredExecution
    const said = await saidBy(store, row, name)
    if (!isBorneOut(answer, said))
      wrong.push(`${about} answers ${JSON.stringify(answer)}, and the store says ${said.join(' and ')}`)
  }
  const many = async (entryPoint: string | undefined) => {
    const query = { limit: 100, ...(entryPoint === undefined ? {} : { entryPoint }) }
    const before = (await store.query(query)).executions.filter(({ status }) => !isTerminal(status))
    const target = entryPoint === undefined ? calls : calls.stream(entryPoint as never)
    const counts = await target[name](options as never)
    const rows = (await store.query(query)).executions.filter(({ id }) => before.some((each) => each.id === id))
    const said = await Promise.all(rows.map((row) => saidBy(store, row, name)))
    for (const [answer, count] of Object.entries(counts)) {
      if (said.filter((kinds) => isBorneOut({ status: answer }, kinds)).length < count)
        wrong.push(`${about} answers ${JSON.stringify(counts)}, and the store says ${said.join('; ')}`)
    }
    const answers = Object.values(counts).reduce((sum, count) => sum + count, 0)
    if (name !== 'resume' && answers !== before.length)
      wrong.push(`${about} answers ${JSON.stringify(counts)} for ${before.length}`)
  }
  let isAnswered = false
  const answered = Promise.all(
    scope === 'each execution'
      ? ids.map(one)
      : scope === 'the runtime'
        ? [many(undefined)]
        : ['work', 'asks', 'below', 'approvals'].map(many),
  ).finally(() => (isAnswered = true))
  // steps that heed no signal end when nothing else can happen
  if (!('timeout' in options))
    await eventually('the answers, or steps that are waited for', async () => {
      const { executions } = await store.query({ limit: 100, status: ['pausing', 'cancelling'] })
      if (executions.length > 0) for (const flight of own.flights.all) flight.end()
      return isAnswered
    })
  await answered
  for (const flight of own.flights.all) flight.end()
  return wrong
}

test.each([
  ...askers.flatMap((asker) => [['memory', asker, 'each execution'] as const, ['memory', asker, 'the runtime'] as const]),
  ['memory', 'a client', 'each stream'],
  ['sqlite', 'a client', 'the runtime'],
] as const)('on %s, %s is answered by what is durable of %s', async (kind, asker, scope) => {
  const place = () => withTest(kind === 'memory' ? makePlace.memory() : makePlace.sqlite())
  const all = asked.map(async (each) => untruths(await shop(place(), asker), each, scope))
  expect((await Promise.all(all)).flat()).toEqual([])
})

test('a pause whose time is up answers that the execution is being cancelled, however late the store is', async () => {
  const flights = new StepsInFlight()
  const store = faultyStore(memoryStore())
  const entryPoints = [defineEntryPoint({ id: 'work', program: worker(flights) })] as const
  const runtime = await begin({ store, entryPoints })
  const execution = await runtime.trigger('work', { label: 'work' })
  const step = await flights.started('work.1')
  const cancelled = execution.cancel()
  await eventually('the cancel', async () => (await store.load(execution.id))?.status === 'cancelling')
  store.inject({ kind: 'hang', call: 'inbox', nth: 1 })
  const paused = execution.pause({ timeout: 0 })
  await eventually('the pause to be kept', async () => store.waiting === 1 && (store.calls.enqueue ?? 0) > 0)
  store.heal()
  expect(await paused).toEqual({ status: 'cancelling' })
  step.end()
  expect(await cancelled).toEqual({ status: 'cancelled' })
})
