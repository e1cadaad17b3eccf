/**
 * The types of the face, as a user meets them. Checked by `npm run check:types` and by `face.test.ts`; never run.
 * Every `@ts-expect-error` is a wrong use that must not compile.
 */
// oxlint-disable typescript/no-unnecessary-type-parameters -- that is how two types are compared
import {
  createRuntime,
  defineEntryPoint,
  defineGroup,
  fromExecution,
  fromStep,
  type ExecutionHandle,
  type ExecutionRecord,
} from 'stateward'
import type {
  ActiveTrigger,
  ClaimRequest,
  CommandAnswer,
  Commit,
  CommitVerdict,
  EventQuery,
  ExecutionCounts,
  ExecutionPage,
  ExecutionQuery,
  Fired,
  InboxMessage,
  OwnerRecord,
  Pruned,
  PruneRequest,
  SnapshotStore,
  StoredCheckpoint,
  StoredEvent,
  StoredExecution,
  TriggerPort,
} from 'stateward'
import { memoryStore } from 'stateward/memory'
import { api, cron, every, manual } from 'stateward/triggers'
import { assign, fromPromise, fromTransition, setup } from 'xstate'

type IsAny<T> = 0 extends 1 & T ? true : false
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const holds = <T extends true>(_proof?: T) => undefined

const ticketMachine = setup({
  types: {
    input: {} as { id: number },
    context: {} as { id: number; approved: boolean },
    events: {} as { type: 'APPROVE' } | { type: 'REJECT'; reason: string },
    output: {} as { approved: boolean },
  },
}).createMachine({
  id: 'ticket',
  context: ({ input }) => ({ id: input.id, approved: false }),
  initial: 'open',
  states: { open: { on: { APPROVE: { target: 'closed', actions: assign({ approved: true }) } } }, closed: { type: 'final' } },
  output: ({ context }) => ({ approved: context.approved }),
})
const double = fromPromise(async ({ input }: { input: number }) => input * 2)
const counter = fromTransition((n: number, event: { type: 'ADD'; by: number }) => n + event.by, 0)

// keys are made of the program's own input
defineEntryPoint({ id: 'k', program: ticketMachine, concurrency: { key: ({ id }) => `${id}`, limit: 1, onBusy: 'skip' } })
defineEntryPoint({ id: 'k', program: double, rate: { key: (n) => n.toFixed(), limit: 1, per: 1_000 }, concurrency: { limit: 3 } })
// @ts-expect-error the input has no tenant
defineEntryPoint({ id: 'k', program: ticketMachine, concurrency: { key: ({ tenant }) => tenant, limit: 1 } })
// @ts-expect-error a key is a text
defineEntryPoint({ id: 'k', program: ticketMachine, rate: { key: ({ id }) => id, limit: 1, per: 1_000 } })
// @ts-expect-error there is no such word
defineEntryPoint({ id: 'k', program: ticketMachine, concurrency: { limit: 1, onBusy: 'drop' } })
// @ts-expect-error a rate needs its window
defineEntryPoint({ id: 'k', program: ticketMachine, rate: { limit: 1 } })

const runtime = createRuntime({
  store: memoryStore(),
  entryPoints: [
    defineEntryPoint({ id: 'tickets', program: ticketMachine, cancelEvent: { type: 'REJECT', reason: 'cancelled' } }),
    defineEntryPoint({ id: 'double', program: double }),
    defineEntryPoint({ id: 'counter', program: counter }),
  ],
})

export async function inputs() {
  await runtime.trigger('tickets', { id: 1 })
  await runtime.trigger('tickets', { id: 1 }, { correlationId: 'c', idempotencyKey: 'k', priority: 1, timeout: 5 })
  await runtime.trigger('double', 2)
  await runtime.trigger('counter')
  // @ts-expect-error the input is missing
  await runtime.trigger('tickets')
  // @ts-expect-error the input is of another type
  await runtime.trigger('tickets', { id: 'one' })
  // @ts-expect-error the input lacks a property
  await runtime.trigger('tickets', {})
  // @ts-expect-error the input is that of another entry point
  await runtime.trigger('double', { id: 1 })
  // @ts-expect-error there is no such entry point
  await runtime.trigger('nowhere', { id: 1 })
  // @ts-expect-error there is no such option
  await runtime.trigger('tickets', { id: 1 }, { prio: 1 })
  // @ts-expect-error a timeout is a number
  await runtime.trigger('tickets', { id: 1 }, { timeout: '5s' })
  // @ts-expect-error there is no such stream
  runtime.stream('nowhere')
  runtime.stream('tickets')
}

export async function schedules() {
  await runtime.schedules.set('s', { entryPoint: 'tickets', input: { id: 1 }, every: 5 })
  await runtime.schedules.set('s', { entryPoint: 'double', input: 2, cron: '* * * * *', timeZone: 'UTC' })
  await runtime.schedules.set('s', { entryPoint: 'counter', at: new Date() })
  await runtime.trigger('tickets', { id: 1 }, { startAt: new Date() })
  // @ts-expect-error the input is missing
  await runtime.schedules.set('s', { entryPoint: 'tickets', every: 5 })
  // @ts-expect-error the input is that of another entry point
  await runtime.schedules.set('s', { entryPoint: 'double', input: { id: 1 }, every: 5 })
  // @ts-expect-error there is no such entry point
  await runtime.schedules.set('s', { entryPoint: 'nowhere', every: 5 })
  // @ts-expect-error an interval is a number
  await runtime.schedules.set('s', { entryPoint: 'counter', every: '5m' })
  const fired = await runtime.schedules.fire('s')
  // @ts-expect-error there may be no such schedule
  await fired.execution.get()
  // @ts-expect-error a time is a number or a date
  await runtime.trigger('tickets', { id: 1 }, { startAt: 'tomorrow' })
}

export async function events() {
  const execution = await runtime.trigger('tickets', { id: 1 })
  await execution.send({ type: 'APPROVE' })
  await execution.send({ type: 'REJECT', reason: 'no' })
  // @ts-expect-error there is no such event
  await execution.send({ type: 'APROVE' })
  // @ts-expect-error the event lacks its reason
  await execution.send({ type: 'REJECT' })
  // @ts-expect-error an event is an object
  await execution.send('APPROVE')
  // @ts-expect-error there is no such mode
  await execution.pause({ mode: 'later' })
  const counting = await runtime.trigger('counter')
  await counting.send({ type: 'ADD', by: 1 })
  // @ts-expect-error an amount is a number
  await counting.send({ type: 'ADD', by: '1' })
}

export async function outcomes() {
  const execution = await runtime.trigger('tickets', { id: 1 })
  const outcome = await execution.result()
  // @ts-expect-error only a completed one has an output
  void outcome.output
  // @ts-expect-error only a failed one has an error for sure
  void outcome.error.message
  // @ts-expect-error there is no such status
  void (outcome.status === 'canceled')
  if (outcome.status === 'completed') {
    holds<Equal<typeof outcome.output, { approved: boolean }>>()
    // @ts-expect-error the output has no such property
    void outcome.output.rejected
    // @ts-expect-error the output is of another type
    const wrong: { approved: string } = outcome.output
    void wrong
  }
  if (outcome.status === 'failed') holds<Equal<typeof outcome.error.message, string>>()
  const doubled = await (await runtime.trigger('double', 2)).result({ timeout: 0 })
  if (doubled.status === 'completed') holds<Equal<typeof doubled.output, number>>()
  const answer = await execution.cancel()
  // @ts-expect-error a cancel never answers so
  void (answer.status === 'paused')
  const record = await execution.get()
  // @ts-expect-error it may not be there
  void record.revision
}

export async function computedIds(name: string) {
  const store = memoryStore()
  const several = createRuntime({
    store,
    entryPoints: (['one', 'two'] as const).map((id) => defineEntryPoint({ id, program: double })),
  })
  await several.trigger('two', 2)
  // @ts-expect-error the input is of another type
  await several.trigger('two', '2')
  const any = createRuntime({ store, entryPoints: [defineEntryPoint({ id: name, program: double })] })
  const outcome = await (await any.trigger('whatever', 2)).result()
  if (outcome.status === 'completed') holds<Equal<typeof outcome.output, number>>()
}

export async function nothingIsAny() {
  const execution = await runtime.trigger('tickets', { id: 1 })
  const outcome = await execution.result()
  const sent = await execution.send({ type: 'APPROVE' })
  const page = await runtime.executions({ entryPoint: 'tickets', status: ['paused', 'failed'], limit: 50 })
  const [first] = page.executions
  type Input = Parameters<typeof runtime.trigger<'tickets'>>[1]
  type Event = Parameters<typeof execution.send>[0]
  holds<Equal<IsAny<typeof execution>, false>>()
  holds<Equal<IsAny<typeof outcome>, false>>()
  holds<Equal<IsAny<typeof sent>, false>>()
  holds<Equal<IsAny<Input>, false>>()
  holds<Equal<Input, { id: number }>>()
  holds<Equal<IsAny<Event>, false>>()
  holds<Equal<typeof page.executions, readonly ExecutionRecord[]>>()
  holds<Equal<IsAny<NonNullable<typeof first>['context']>, false>>()
  holds<Equal<IsAny<NonNullable<typeof first>['input']>, false>>()
  holds<Equal<IsAny<NonNullable<typeof first>['output']>, false>>()
  if (outcome.status === 'completed') holds<Equal<IsAny<typeof outcome.output>, false>>()
  // @ts-expect-error there is no such status
  await runtime.executions({ status: 'canceled' })
  for await (const event of runtime.events({ since: 0 })) holds<Equal<IsAny<typeof event.data>, false>>()
  const answer = await runtime.waitFor({ type: ['invoice.paid', 'execution.completed'], where: ({ data }) => data !== undefined })
  if (answer.status === 'happened') holds<Equal<typeof answer.event.executionId, string | undefined>>()
  // @ts-expect-error -- nothing has happened yet
  void answer.event
  // @ts-expect-error -- where it begins is said beside the filter
  void runtime.waitFor({ since: 0 })
  // @ts-expect-error -- there is no such entry point
  void runtime.send({ sessionId: 's', entryPoint: 'nowhere' }, { type: 'APPROVE' })
  // @ts-expect-error -- an event has a type
  void runtime.send({ sessionId: 's' }, {})
  holds<Equal<Awaited<ReturnType<typeof runtime.publish>>['status'], 'published' | 'already_published'>>()
  for await (const misfit of runtime.misfits()) holds<Equal<typeof misfit.reason, string>>()
  // an execution that is known by its id alone takes its program's type
  const typed: ExecutionHandle<typeof ticketMachine> = runtime.execution('x')
  // @ts-expect-error there is no such event
  await typed.send({ type: 'APROVE' })
  const anonymous = await runtime.execution('x').result()
  if (anonymous.status === 'completed') holds<Equal<IsAny<typeof anonymous.output>, false>>()
}

type Call = keyof { [K in keyof SnapshotStore as SnapshotStore[K] extends (...args: never[]) => unknown ? K : never]: K }
type Given<TCall extends Call> = Parameters<SnapshotStore[TCall]>[0]
type Gives<TCall extends Call> = Awaited<ReturnType<SnapshotStore[TCall]>>

/** Whoever writes a store can name what each of its members takes and gives. */
export function stores() {
  holds<Equal<Given<'commit'>, readonly Commit[]>>()
  holds<Equal<Gives<'commit'>, readonly CommitVerdict[]>>()
  holds<Equal<Gives<'load'>, StoredExecution | undefined>>()
  holds<Equal<Given<'query'>, ExecutionQuery>>()
  holds<Equal<Gives<'query'>, ExecutionPage>>()
  holds<Equal<Gives<'counts'>, ExecutionCounts>>()
  holds<Equal<Given<'events'>, EventQuery>>()
  holds<Equal<Gives<'events'>, readonly StoredEvent[]>>()
  holds<Equal<Gives<'checkpoints'>, readonly StoredCheckpoint[]>>()
  holds<Equal<Gives<'checkpoint'>, StoredCheckpoint | undefined>>()
  holds<Equal<Given<'enqueue'>, Omit<InboxMessage, 'seq'>>>()
  holds<Equal<Gives<'inbox'>, readonly InboxMessage[]>>()
  holds<Equal<Gives<'answer'>, CommandAnswer>>()
  holds<Equal<Given<'register'>, OwnerRecord>>()
  holds<Equal<Gives<'owners'>, readonly OwnerRecord[]>>()
  holds<Equal<Given<'claim'>, ClaimRequest>>()
  holds<Equal<Gives<'claim'>, readonly StoredExecution[]>>()
  holds<Equal<Given<'prune'>, PruneRequest>>()
  holds<Equal<Gives<'prune'>, Pruned>>()
}

export function triggers() {
  const dated = fromPromise(async ({ input }: { input: { readonly day: number } }) => input.day)
  const free = fromPromise(async () => 1)
  const own: ActiveTrigger<{ readonly day: number }> = {
    type: 'own',
    logic: fromPromise(async ({ input: port }: { input: TriggerPort<{ readonly day: number }> }) => {
      const fired = await port.fire({ day: 1 }, { idempotencyKey: 'a', priority: 1 })
      holds<Equal<typeof fired, Fired>>()
      // @ts-expect-error the program takes another input
      await port.fire('monday', { idempotencyKey: 'b' })
      // @ts-expect-error what fires has a name
      await port.fire({ day: 1 }, {})
    }),
  }
  for (const trigger of [manual(), api(), own]) defineEntryPoint({ id: 'e', program: dated, trigger })
  defineEntryPoint({ id: 'e', program: dated, trigger: cron('@daily', { input: ({ at }) => ({ day: at }) }) })
  defineEntryPoint({ id: 'e', program: dated, trigger: every(1, { immediately: true, input: () => ({ day: 1 }) }) })
  defineEntryPoint({ id: 'e', program: free, trigger: cron('@daily', { timeZone: 'UTC' }) })
  defineEntryPoint({ id: 'e', program: free, trigger: every(1) })
  // @ts-expect-error the program needs an input
  defineEntryPoint({ id: 'e', program: dated, trigger: every(1) })
  // @ts-expect-error the program takes another input
  defineEntryPoint({ id: 'e', program: dated, trigger: cron('@daily', { input: ({ at }) => ({ day: String(at) }) }) })
  // @ts-expect-error the program takes another input than this trigger gives
  defineEntryPoint({ id: 'e', program: double, trigger: own })
  // @ts-expect-error there is no such policy
  cron('@daily', { overlap: 'shrug' })
  // @ts-expect-error an interval has no time zone
  every(1, { timeZone: 'UTC' })
}

export function definitions() {
  // @ts-expect-error a program is actor logic
  defineEntryPoint({ id: 'e', program: () => 1 })
  // @ts-expect-error an id is needed
  defineEntryPoint({ program: double })
  // @ts-expect-error there is no such option
  defineEntryPoint({ id: 'e', program: double, maxConcurent: 1 })
  // @ts-expect-error there is no such trigger
  defineEntryPoint({ id: 'e', program: double, trigger: { type: 'carrier-pigeon' } })
  // @ts-expect-error a trigger that fires by itself has logic
  defineEntryPoint({ id: 'e', program: double, trigger: { type: 'webhook' } })
  // @ts-expect-error there is no other isolation yet
  defineEntryPoint({ id: 'e', program: double, isolation: 'isolated' })
  // @ts-expect-error the machine takes no such event
  defineEntryPoint({ id: 'e', program: ticketMachine, cancelEvent: { type: 'STOP' } })
  // @ts-expect-error a runtime needs a store
  createRuntime({ entryPoints: [] })
}

export function steps() {
  const step = fromStep(async ({ input, attempt, idempotencyKey, signal }: { input: { amount: number } } & StepExtras) => {
    holds<Equal<typeof input, { amount: number }>>()
    holds<Equal<typeof attempt, number>>()
    holds<Equal<typeof idempotencyKey, string>>()
    holds<Equal<typeof signal, AbortSignal>>()
    return { paid: input.amount }
  })
  const other = fromExecution<{ paid: number }, { amount: number }>('payments')
  setup({ actors: { step, other } }).createMachine({
    id: 'm',
    // @ts-expect-error the step takes an amount
    invoke: { src: 'step', input: { sum: 1 } },
  })
  // @ts-expect-error a policy is one of three
  fromStep(() => 1, { onRecovery: 'repeat' })
  setup({ actors: { step, other } }).createMachine({
    id: 'm',
    invoke: {
      src: 'other',
      input: { amount: 1 },
      onDone: { actions: ({ event }) => holds<Equal<typeof event.output, { paid: number }>>() },
    },
  })
}

type StepExtras = Pick<Parameters<Parameters<typeof fromStep>[0]>[0], 'attempt' | 'idempotencyKey' | 'signal'>

export async function records() {
  const record = await runtime.execution<typeof ticketMachine>('x').get()
  if (record.status === 'not_found' || record.status === 'expired') return undefined
  holds<Equal<typeof record.value, 'open' | 'closed' | undefined>>()
  holds<Equal<typeof record.context, { id: number; approved: boolean } | undefined>>()
  holds<Equal<typeof record.output, { approved: boolean } | undefined>>()
  const unknown = await runtime.execution('x').get()
  if (unknown.status !== 'not_found' && unknown.status !== 'expired') {
    holds<Equal<typeof unknown.value, unknown>>()
    holds<Equal<typeof unknown.context, unknown>>()
    holds<Equal<typeof unknown.output, unknown>>()
  }
  return record.id
}

/** Under `exactOptionalPropertyTypes`, with what a request handler has: values that may be undefined. */
export async function optional(text: string | undefined, ms: number | undefined, signal: AbortSignal | undefined) {
  const { created } = await runtime.trigger(
    'tickets',
    { id: 1 },
    {
      id: text,
      idempotencyKey: text,
      correlationId: text,
      sessionId: text,
      priority: ms,
      timeout: ms,
      queueTimeout: ms,
      deadline: ms,
    },
  )
  holds<Equal<typeof created, boolean>>()
  const execution = runtime.execution('x')
  await execution.pause({ mode: undefined, timeout: ms, reason: text, actor: text })
  await execution.resume({ retry: undefined, events: undefined, reason: text, actor: text })
  await execution.cancel({ timeout: ms, reason: text, actor: text })
  await execution.retry({ reason: text })
  await execution.fork({ revision: ms, idempotencyKey: text })
  await execution.result({ timeout: ms, signal })
  await runtime.executions({
    entryPoint: text,
    status: undefined,
    sessionId: text,
    correlationId: text,
    parentId: text,
    idempotencyKey: text,
    limit: ms,
    cursor: text,
  })
  for await (const event of runtime.events({ execution: text, entryPoint: text, since: ms, signal })) void event
  const ids = { sessionId: text, correlationId: text }
  for await (const event of runtime.events({ type: text, where: undefined, ...ids })) void event
  await runtime.waitFor({ type: text, execution: text, entryPoint: text, ...ids }, { timeout: ms, since: ms, signal })
  await runtime.publish('paid', 1, { id: text, causationId: text, ...ids })
  await runtime.send({ ...ids, entryPoint: undefined }, { type: 'APPROVE' })
  await execution.waitFor({ status: undefined, state: 'approval', tag: text }, { timeout: ms, signal })
  await runtime.stream('tickets').pause({ reason: text, timeout: ms })
  await runtime.stop({ grace: ms })
  fromStep(() => 1, {
    timeout: ms,
    onRecovery: undefined,
    retry: { maxAttempts: 1, backoff: { initial: ms, jitter: undefined } },
  })
  defineEntryPoint({
    id: 'optional',
    program: ticketMachine,
    version: text,
    maxConcurrent: ms,
    retry: undefined,
    timeout: ms,
    cancelEvent: undefined,
    retention: { keep: ms, maxAge: ms },
    versions: undefined,
    migrate: undefined,
  })
  createRuntime({
    store: memoryStore(),
    entryPoints: [],
    id: text,
    lease: ms,
    supervision: undefined,
    logger: undefined,
    inspect: undefined,
  })
}

/** Loggers: a function, the console, and what is like pino's. */
export function loggers(pino: {
  info(message: string, ...args: unknown[]): void
  warn(message: string): void
  error(message: string): void
}) {
  createRuntime({ store: memoryStore(), entryPoints: [], logger: (...args) => void args })
  createRuntime({ store: memoryStore(), entryPoints: [], logger: globalThis.console })
  createRuntime({ store: memoryStore(), entryPoints: [], logger: pino })
}

export async function entryPointsAtRunTime() {
  const [grouped] = defineGroup('billing', [defineEntryPoint({ id: 'invoices', program: double })])
  holds<Equal<typeof grouped.id, 'billing/invoices'>>()
  const added = await runtime.add(defineGroup('billing', [defineEntryPoint({ id: 'invoices', program: double })]))
  const invoice = await added.trigger('billing/invoices', 2)
  const outcome = await invoice.result()
  if (outcome.status === 'completed') holds<Equal<typeof outcome.output, number>>()
  const one = await runtime.add(defineEntryPoint({ id: 'one', program: ticketMachine }))
  const ticket = await one.trigger('one', { id: 1 })
  await ticket.send({ type: 'APPROVE' })
  holds<Equal<IsAny<typeof one>, false>>()
  holds<Equal<(typeof one.ids)[number], 'one'>>()
  // @ts-expect-error the id has the name of its group
  await added.trigger('invoices', 2)
  // @ts-expect-error the input is of another type
  await added.trigger('billing/invoices', 'two')
  // @ts-expect-error the input is missing
  await one.trigger('one')
  // @ts-expect-error the type of the runtime does not know what was added
  await runtime.trigger('one', { id: 1 })
  // @ts-expect-error there is no such option
  await runtime.remove('one', { grace: 5 })
  // @ts-expect-error what is added is a definition
  await runtime.add({ id: 'one', program: double })
  const removed = await runtime.remove({ group: 'billing' }, { drain: true })
  // @ts-expect-error only what was removed was drained
  holds<Equal<typeof removed.drained, boolean>>()
  if (removed.status === 'removed') holds<Equal<typeof removed.drained, boolean>>()
}

export async function triggersThatGoIntoOneExecution() {
  const sum = fromPromise(async ({ input }: { input: readonly number[] }) => input.length)
  const sums = defineEntryPoint({ id: 'sums', program: sum, batch: { size: 10, within: 1_000, key: (n) => n.toFixed() } })
  const last = defineEntryPoint({ id: 'last', program: double, debounce: { quiet: 10, atMost: 100, key: (n) => n.toFixed() } })
  const gathering = createRuntime({ store: memoryStore(), entryPoints: [sums, last] })
  // one element
  const one = await gathering.trigger('sums', 7)
  holds<Equal<typeof one.joined, boolean>>()
  const outcome = await one.result()
  if (outcome.status === 'completed') holds<Equal<typeof outcome.output, number>>()
  const { gathered } = (await one.get()) as { readonly gathered: { readonly count: number; readonly isOpen: boolean } | null }
  holds<Equal<typeof gathered, { readonly count: number; readonly isOpen: boolean } | null>>()
  await gathering.trigger('last', 7)
  // @ts-expect-error the program gets the list, a trigger gives one element
  await gathering.trigger('sums', [7])
  // @ts-expect-error the element is of another type
  await gathering.trigger('sums', 'seven')
  // @ts-expect-error the input is missing
  await gathering.trigger('sums')
  // @ts-expect-error this program takes no list
  defineEntryPoint({ id: 'doubles', program: double, batch: { size: 10, within: 1_000 } })
  // @ts-expect-error the key is that of one element
  defineEntryPoint({ id: 'sums', program: sum, batch: { size: 10, within: 1_000, key: (all: readonly number[]) => String(all) } })
  // @ts-expect-error `within` is missing
  defineEntryPoint({ id: 'sums', program: sum, batch: { size: 10 } })
  // @ts-expect-error there is no such option
  defineEntryPoint({ id: 'last', program: double, debounce: { quiet: 10, wait: 5 } })
}
