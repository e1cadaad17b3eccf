/**
 * Each command in the same turn, a microtask and a turn after each other command, and after the end of a step and of the
 * program: what is answered is what the store says, and nothing that was acknowledged is lost.
 */
import { expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import {
  defineEntryPoint,
  fromStep,
  isTerminal,
  type ExecutionHandle,
  type ExecutionRecord,
  type ExecutionStatus,
} from '../../src/index.js'
import type { Commit } from '../../src/persistence/snapshot-store.js'
import { begin } from '../support/begin.js'
import { eventually, turn, turns } from '../support/eventually.js'
import { places, type StorePlace } from '../support/store-place.js'

/** A step in flight; it heeds its signal. */
interface StepInFlight {
  end(): void
  fail(): void
}

const flights = new Map<string, StepInFlight>()

const order = setup({
  types: { context: {} as { got: number[]; isCancelled: boolean }, events: {} as { type: string; n?: number } },
  actors: {
    work: fromStep<unknown>(
      ({ executionId, signal }) =>
        new Promise((resolve, reject) => {
          flights.set(executionId, { end: () => resolve(1), fail: () => reject(new Error('broken')) })
          signal.addEventListener('abort', () => reject(new Error('aborted')))
        }),
    ),
    undo: fromStep<unknown>(() => 1),
  },
  guards: { isWanted: ({ context }) => !context.isCancelled },
}).createMachine({
  id: 'order',
  context: { got: [], isCancelled: false },
  initial: 'resting',
  on: {
    ADD: { actions: assign({ got: ({ context, event }) => [...context.got, event.n ?? 0] }) },
    CANCEL: { actions: assign({ isCancelled: true }) },
  },
  states: {
    resting: { on: { CHARGE: 'charging', PAY: 'paying', END: { guard: 'isWanted', target: 'paid' }, CANCEL: 'undoing' } },
    charging: {
      invoke: {
        src: 'work',
        onDone: [{ guard: 'isWanted', target: 'resting' }, { target: 'undoing' }],
      },
      on: { END: { guard: 'isWanted', target: 'paid' } },
    },
    paying: {
      invoke: { src: 'work', onDone: [{ guard: 'isWanted', target: 'paid' }, { target: 'undoing' }] },
      on: { END: { guard: 'isWanted', target: 'paid' } },
    },
    undoing: { invoke: { src: 'undo', onDone: 'undone' } },
    paid: { type: 'final' },
    undone: { type: 'final' },
  },
  output: ({ context }) => context.got,
})

type Handle = ExecutionHandle

/** What may be done to an execution; `n` tells its events from others. */
const deeds = {
  'pause at the boundary': (execution: Handle) => execution.pause(),
  'pause now': (execution: Handle) => execution.pause({ mode: 'now' }),
  resume: (execution: Handle) => execution.resume(),
  cancel: (execution: Handle) => execution.cancel(),
  'cancel without waiting': (execution: Handle) => execution.cancel({ timeout: 0 }),
  send: (execution: Handle, n: number) => execution.send({ type: 'ADD', n }),
  'send the end': (execution: Handle) => execution.send({ type: 'END' }),
  retry: async (execution: Handle) => ({ status: 'retried', id: (await execution.retry()).id }),
  fork: async (execution: Handle) => ({ status: 'forked', id: (await execution.fork()).id }),
  result: (execution: Handle) => execution.result({ timeout: 0 }),
  'the step ends': async (execution: Handle) => ({ status: String(flights.get(execution.id)?.end()) }),
  'the step fails': async (execution: Handle) => ({ status: String(flights.get(execution.id)?.fail()) }),
} as const

type Deed = keyof typeof deeds
const all = Object.keys(deeds) as Deed[]
const seconds = all.filter((deed) => !['the step ends', 'the step fails', 'retry', 'result'].includes(deed))

/** Where an execution stands before. */
const situations = {
  resting: async () => undefined,
  charging: async (execution: Handle) => void (await execution.send({ type: 'CHARGE' })),
  paying: async (execution: Handle) => void (await execution.send({ type: 'PAY' })),
  'paused while charging': async (execution: Handle) => {
    await execution.send({ type: 'CHARGE' })
    await execution.pause({ mode: 'now' })
  },
} as const

const gaps = { 'same turn': () => undefined, 'a microtask': () => Promise.resolve(), 'a turn': turn } as const

interface Answer {
  readonly deed: Deed
  readonly n: number
  readonly status: string
  readonly revision?: number
  readonly as?: string
  readonly id?: string
  readonly error?: unknown
  /** The status that was durable when the answer came. */
  readonly durable: ExecutionStatus | undefined
}

/** A runtime whose commits are known. */
async function shop(place: StorePlace, compensates: boolean) {
  const statuses = new Map<string, ExecutionStatus[]>()
  const journals = new Map<string, string[]>()
  const store = place.connect((inner) => ({
    commit: async (batch: readonly Commit[]) => {
      const verdicts = await inner.commit(batch)
      for (const [index, { id, revision, status, events }] of batch.entries()) {
        if (verdicts[index]?.status !== 'committed') continue
        const known = statuses.get(id) ?? []
        known[revision] = status
        statuses.set(id, known)
        journals.set(id, [...(journals.get(id) ?? []), ...events.map(({ type }) => type.replace('execution.', ''))])
      }
      return verdicts
    },
  }))
  const entryPoint = defineEntryPoint({
    id: 'orders',
    program: order,
    maxConcurrent: 10_000,
    retention: { keep: 100_000, maxAge: 1e9 },
    ...(compensates ? { cancelEvent: { type: 'CANCEL' } } : {}),
  })
  const runtime = await begin({ store, entryPoints: [entryPoint], pollInterval: 1_000 })
  return { runtime, statuses, journals }
}

type Shop = Awaited<ReturnType<typeof shop>>

async function answered({ statuses }: Shop, execution: Handle, deed: Deed, n: number): Promise<Answer> {
  const answer = await deeds[deed](execution, n).catch((error: unknown) => ({ status: 'rejected', error }))
  return { deed, n, durable: statuses.get(execution.id)?.at(-1), ...answer } as Answer
}

/** What is wrong with an answer, or with what came of it. */
function untrue({ statuses }: Shop, { id }: Handle, answer: Answer, record: ExecutionRecord, compensates: boolean): string[] {
  const { deed, n, status, as, revision = 0, durable, error } = answer
  const at = statuses.get(id)?.[revision]
  const got = (record.context as { got: number[] }).got
  const wrong: string[] = []
  const must = (holds: boolean, what: string) => holds || wrong.push(`${deed} answers ${status}: ${what}`)
  must(error === undefined, String(error))
  if (status === 'already_finished') must(record.status === as, `as ${as}, and the record ${record.status}`)
  if (status === 'already_finished' || isTerminal(status as ExecutionStatus))
    must(isTerminal(durable!), `and the store ${durable}`)
  if (status === 'cancelled') {
    must(record.status === 'cancelled', `and the record ${record.status}`)
    must(!compensates || record.value === 'undone', `and it stands in ${JSON.stringify(record.value)}`)
  }
  if (status === 'paused' || status === 'already_paused') must(at === 'paused', `and revision ${revision} is ${at}`)
  if (status === 'resumed') must(at !== undefined && at !== 'paused' && at !== 'pausing', `and revision ${revision} is ${at}`)
  if (status === 'already_running') must(['queued', 'running', 'waiting'].includes(durable!), `and the store says ${durable}`)
  if (status === 'cancelling') must(durable === 'cancelling', `and the store says ${durable}`)
  if (deed !== 'send') return wrong
  if (status === 'delivered') must(got.includes(n) && at !== undefined, `and it is not in ${JSON.stringify(got)}`)
  if (status === 'already_finished') must(!got.includes(n), `and it is in ${JSON.stringify(got)}`)
  return wrong
}

/** What is wrong with an execution after its end. */
async function broken(own: Shop, { execution, name, answers }: Pair, compensates: boolean): Promise<string[]> {
  const record = (await execution.get()) as ExecutionRecord
  const types = own.journals.get(execution.id) ?? []
  const outcome = await execution.result({ timeout: 0 })
  const wrong = answers.flatMap((answer) => untrue(own, execution, answer, record, compensates))
  const ended = types.filter((type) => isTerminal(type as ExecutionStatus))
  if (outcome.status !== record.status || ended.join() !== record.status || types.at(-1) !== record.status)
    wrong.push(`ends as ${record.status}, its result as ${outcome.status}, its journal as ${types.join()}`)
  const { got } = record.context as { got: number[] }
  if (got.some((n, index) => n < (got[index - 1] ?? 0))) wrong.push(`got ${got.join()}`)
  if (record.status === 'cancelled' && record.value === 'paid') wrong.push('is cancelled, and its program has completed')
  return wrong.map((fault) => `${name}: ${fault}`)
}

interface Pair {
  readonly name: string
  readonly execution: Handle
  readonly answers: Answer[]
}

/** Does one thing and then another to each of some executions, and lets all of them come to their ends. */
async function played(own: Shop, situation: keyof typeof situations, gap: keyof typeof gaps, first: Deed, compensates: boolean) {
  const pairs = await Promise.all(
    seconds.map(async (second): Promise<Pair & { second: Deed }> => {
      const execution = (await own.runtime.trigger('orders')) as Handle
      return { name: `${situation}: ${first}, ${gap} later ${second}`, execution, answers: [], second }
    }),
  )
  await Promise.all(pairs.map(({ execution }) => situations[situation](execution)))
  if (situation === 'charging' || situation === 'paying')
    await eventually('the steps', () => pairs.every(({ execution }) => flights.has(execution.id)))
  for (const { execution, answers, second } of pairs) {
    void answered(own, execution, first, 1).then((answer) => answers.push(answer))
    const next = async () => answers.push(await answered(own, execution, second, 2))
    void (gaps[gap]()?.then(next) ?? next())
  }
  await turns(12)
  // what waits for a step in flight
  for (const { execution, answers } of pairs) if (answers.length < 2) flights.get(execution.id)?.end()
  await turns(8)
  await Promise.all(
    pairs.map(async ({ execution }) => {
      await execution.resume()
      await execution.send({ type: 'END' })
      flights.get(execution.id)?.end()
      await execution.result({ timeout: 5_000 })
    }),
  )
  const silent = pairs.filter(({ answers }) => answers.length < 2).map(({ name }) => `${name}: never answered`)
  return [...silent, ...(await Promise.all(pairs.map((pair) => broken(own, pair, compensates)))).flat()]
}

type Situation = keyof typeof situations
const everywhere = Object.keys(situations) as Situation[]

test.each<[string, string, Situation[], (typeof places)[number][1], boolean]>([
  ['memory', 'with a cancelEvent', everywhere, places[0][1], true],
  ['memory', 'without one', ['paying'], places[0][1], false],
  ['sqlite', 'with a cancelEvent', ['paying'], places[1][1], true],
])(
  'on %s, %s, each command after each other one, however close, is answered with what is durable',
  { timeout: 60_000 },
  async (_store, _how, where, place, compensates) => {
    for (const situation of where) {
      const own = await shop(place(), compensates)
      const runs = (Object.keys(gaps) as (keyof typeof gaps)[]).flatMap((gap) =>
        all.map((first) => played(own, situation, gap, first, compensates)),
      )
      expect((await Promise.all(runs)).flat()).toEqual([])
    }
  },
)
