/**
 * The life of one execution, as a statechart.
 *
 * Owns: which statuses there are to go through, and what each command does in each of them.
 * Its effects are named and not implemented: the execution actor gives them (`actors/execution-actor.ts`).
 * Every state commits on entry; `settling` becomes a final state only once the terminal commit is durable.
 */
import { setup, type SnapshotFrom } from 'xstate'
import type { Ending, ExecutionContext, ExecutionEvent, Limits } from '../events/execution-events.js'
import type { ExecutionStatus } from '../events/execution-status.js'

/** A limit that is taken away stays out of the persisted form. */
function limits(now: Limits, change: { [Key in keyof Limits]?: number | undefined }): Limits {
  const next: Record<string, number> = {}
  for (const [key, value] of Object.entries({ ...now, ...change })) if (value !== undefined) next[key] = value
  return next
}

const executionSetup = setup({
  types: {
    context: {} as ExecutionContext,
    events: {} as ExecutionEvent,
    input: {} as ExecutionContext,
    tags: {} as ExecutionStatus,
  },
  actions: {
    commit: (_, _as: ExecutionStatus | 'ending' | 'retrying') => undefined,
    runProgram: () => undefined,
    holdProgram: () => undefined,
    quietProgram: () => undefined,
    stopProgram: () => undefined,
    dropProgram: () => undefined,
    compensate: () => undefined,
  },
  guards: {
    isTimed: ({ context }) => context.timeout !== undefined || context.limits.queueUntil !== undefined,
    inFlight: ({ event }) => 'inFlight' in event && event.inFlight,
    granted: ({ event }) => 'granted' in event && event.granted,
    compensates: ({ context }) => context.compensates,
    mayRetry: ({ context, event }) => event.type === 'program.failed' && !event.final && context.attempt < context.maxAttempts,
    mayMend: ({ context, event }) => event.type === 'program.failed' && context.onExhausted === 'pause',
    now: ({ event }) => 'pause' in event && event.pause.mode === 'now',
    nowInFlight: ({ event }) => 'pause' in event && event.pause.mode === 'now' && 'inFlight' in event && event.inFlight,
    atOnce: ({ context }) => context.pause?.mode === 'now',
  },
})

const ends = (ending: (args: { context: ExecutionContext; event: ExecutionEvent }) => Ending) => executionSetup.assign({ ending })

const completed = ends(() => ({ status: 'completed' }))
const failed = ends(({ event, context }) => ({
  status: 'failed',
  error: event.type === 'program.failed' ? event.error : (context.failure ?? { name: 'Error', message: 'unknown' }),
}))
const timedOut = ends(({ event }) => ({ status: 'timed_out', limit: event.type === 'limit.reached' ? event.limit : 'timeout' }))
const rejected = ends(({ event }) => ({ status: 'rejected', reason: event.type === 'execution.reject' ? event.reason : '' }))
const cancelled = ends(({ event, context }) => ({
  status: 'cancelled',
  intervention: (event.type === 'execution.cancel' ? event.cancel : context.cancel) ?? { at: 0 },
  ...(event.type === 'program.failed' ? { error: event.error } : {}),
}))
const keepFailure = executionSetup.assign({
  failure: ({ event, context }) => (event.type === 'program.failed' ? event.error : context.failure) as never,
})
const noteCancel = executionSetup.assign({
  cancel: ({ event, context }) => (event.type === 'execution.cancel' ? event.cancel : context.cancel) as never,
  limits: ({ context, event }) => limits(context.limits, { stopBy: 'stopBy' in event ? event.stopBy : undefined }),
})
const notePause = executionSetup.assign({
  pause: ({ event, context }) => ('pause' in event ? event.pause : context.pause) as never,
  limits: ({ context, event }) => limits(context.limits, { stopBy: 'stopBy' in event ? event.stopBy : undefined }),
})
const noteStop = executionSetup.assign({
  limits: ({ context, event }) => limits(context.limits, { stopBy: 'stopBy' in event ? event.stopBy : undefined }),
})
const noteResume = executionSetup.assign(({ context, event }) => {
  if (event.type !== 'execution.resume') return {}
  const { timeoutAt } = context.limits
  // the time spent in a pause does not count
  const shifted = timeoutAt !== undefined && context.pause ? timeoutAt + (event.resume.at - context.pause.at) : timeoutAt
  return {
    resume: event.resume,
    attempt: event.retry ? context.attempt + 1 : context.attempt,
    maxAttempts: event.retry ? context.maxAttempts + context.attempt : context.maxAttempts,
    limits: limits(context.limits, { timeoutAt: shifted, stopBy: undefined, retryAt: undefined }),
  }
})
const noteRetry = executionSetup.assign(({ context, event }) =>
  event.type === 'program.failed'
    ? { attempt: context.attempt + 1, failure: event.error, limits: limits(context.limits, { retryAt: event.retryAt }) }
    : {},
)
/** The time limit starts with the first slot; waiting for a later one counts. */
const startClocks = executionSetup.assign({
  limits: ({ context, event }) => {
    const { timeoutAt } = context.limits
    const at = event.type === 'slot.granted' ? event.at : 0
    return limits(context.limits, {
      queueUntil: undefined,
      timeoutAt: timeoutAt ?? (context.timeout === undefined ? undefined : at + context.timeout),
    })
  },
})
const clearRetry = executionSetup.assign({ limits: ({ context }) => limits(context.limits, { retryAt: undefined }) })
const mend = executionSetup.assign(({ event }) =>
  event.type === 'program.failed'
    ? { failure: event.error, pause: { mode: 'now', at: event.at, reason: 'retries_exhausted' } }
    : {},
)

const whenFailed = [
  { guard: 'mayRetry', target: '#execution.backingOff', actions: noteRetry },
  { guard: 'mayMend', target: '#execution.paused', actions: mend },
  { target: '#execution.settling', actions: [keepFailure, failed] },
] as const

/** The lifecycle of an execution; give its effects with `provide`, and start it in any state from a snapshot. */
export const executionMachine = executionSetup.createMachine({
  id: 'execution',
  context: ({ input }) => input,
  initial: 'queued',
  states: {
    queued: {
      tags: 'queued',
      entry: { type: 'commit', params: 'queued' },
      on: {
        'slot.granted': [{ guard: 'isTimed', target: 'running', actions: startClocks }, { target: 'running' }],
        'execution.reject': { target: 'settling', actions: rejected },
        'program.done': { target: 'settling', actions: completed },
        'program.failed': whenFailed as never,
        'execution.pause': { target: 'paused', actions: [notePause, 'quietProgram'] },
        'execution.cancel': [
          { guard: 'compensates', target: 'cancelling.compensating', actions: noteCancel },
          { target: 'settling', actions: [noteCancel, cancelled, 'quietProgram'] },
        ],
        'limit.reached': { target: 'settling', actions: [timedOut, 'quietProgram'] },
      },
    },
    running: {
      tags: 'running',
      entry: ['runProgram', { type: 'commit', params: 'running' }],
      on: {
        'slot.missing': 'queued',
        'program.idle': 'waiting',
        'program.done': { target: 'settling', actions: completed },
        'program.failed': whenFailed as never,
        'program.held': [
          { guard: 'inFlight', target: 'pausing', actions: notePause },
          { target: 'paused', actions: [notePause, 'quietProgram'] },
        ],
        'execution.pause': [
          { guard: 'inFlight', target: 'pausing', actions: notePause },
          { target: 'paused', actions: [notePause, 'quietProgram'] },
        ],
        'execution.cancel': [
          { guard: 'compensates', target: 'cancelling.compensating', actions: noteCancel },
          { guard: 'inFlight', target: 'cancelling.stopping', actions: [noteCancel, cancelled] },
          { target: 'settling', actions: [noteCancel, cancelled, 'quietProgram'] },
        ],
        'limit.reached': [
          { guard: 'inFlight', target: 'cancelling.stopping', actions: [noteStop, timedOut] },
          { target: 'settling', actions: [timedOut, 'quietProgram'] },
        ],
      },
    },
    waiting: {
      tags: 'waiting',
      entry: { type: 'commit', params: 'waiting' },
      on: {
        'program.busy': [{ guard: 'granted', target: 'running' }, { target: 'queued' }],
        'program.done': { target: 'settling', actions: completed },
        'program.failed': whenFailed as never,
        'execution.pause': { target: 'paused', actions: [notePause, 'quietProgram'] },
        'execution.cancel': [
          { guard: 'compensates', target: 'cancelling.compensating', actions: noteCancel },
          { target: 'settling', actions: [noteCancel, cancelled, 'quietProgram'] },
        ],
        'limit.reached': { target: 'settling', actions: [timedOut, 'quietProgram'] },
      },
    },
    backingOff: {
      tags: 'waiting',
      entry: ['dropProgram', { type: 'commit', params: 'retrying' }],
      on: {
        'retry.due': [
          { guard: 'granted', target: 'running', actions: clearRetry },
          { target: 'queued', actions: clearRetry },
        ],
        'execution.resume': [
          { guard: 'granted', target: 'running', actions: clearRetry },
          { target: 'queued', actions: clearRetry },
        ],
        'execution.pause': { target: 'paused', actions: [notePause, clearRetry] },
        'execution.cancel': [
          { guard: 'compensates', target: 'cancelling.compensating', actions: [noteCancel, clearRetry] },
          { target: 'settling', actions: [noteCancel, cancelled] },
        ],
        'limit.reached': { target: 'settling', actions: timedOut },
      },
    },
    pausing: {
      tags: 'pausing',
      initial: 'deciding',
      on: {
        'program.drained': { target: 'paused', actions: 'quietProgram' },
        'program.done': { target: 'settling', actions: completed },
        'program.failed': [
          { guard: 'mayRetry', target: 'paused', actions: [noteRetry, clearRetry, 'dropProgram'] },
          { guard: 'mayMend', target: 'paused', actions: [mend, 'dropProgram'] },
          { target: 'settling', actions: [keepFailure, failed] },
        ],
        'execution.cancel': [
          { guard: 'inFlight', target: 'cancelling.stopping', actions: [noteCancel, cancelled] },
          { target: 'settling', actions: [noteCancel, cancelled, 'quietProgram'] },
        ],
        'execution.pause': { guard: 'now', target: '.now', actions: notePause },
        'limit.reached': [
          { guard: ({ event }) => event.limit === 'stop', target: 'paused', actions: 'quietProgram' },
          { guard: 'inFlight', target: 'cancelling.stopping', actions: [noteStop, timedOut] },
          { target: 'settling', actions: [timedOut, 'quietProgram'] },
        ],
      },
      states: {
        deciding: { always: [{ guard: 'atOnce', target: 'now' }, { target: 'boundary' }] },
        boundary: {
          entry: ['holdProgram', { type: 'commit', params: 'pausing' }],
          on: { 'execution.resume': { target: '#execution.running', actions: noteResume } },
        },
        /** The abort signals fire once the commit of this state is durable. */
        now: {
          entry: ['quietProgram', { type: 'commit', params: 'pausing' }],
          on: { 'commit.acknowledged': { actions: 'stopProgram' } },
        },
      },
    },
    paused: {
      tags: 'paused',
      entry: { type: 'commit', params: 'paused' },
      on: {
        'execution.resume': [
          { guard: 'granted', target: 'running', actions: noteResume },
          { target: 'queued', actions: noteResume },
        ],
        'execution.cancel': [
          { guard: 'compensates', target: 'cancelling.compensating', actions: noteCancel },
          { target: 'settling', actions: [noteCancel, cancelled] },
        ],
        'limit.reached': { target: 'settling', actions: timedOut },
      },
    },
    cancelling: {
      tags: 'cancelling',
      initial: 'stopping',
      states: {
        compensating: {
          entry: ['compensate', { type: 'commit', params: 'cancelling' }],
          on: {
            'program.done': { target: '#execution.settling', actions: cancelled },
            'program.failed': { target: '#execution.settling', actions: [keepFailure, cancelled] },
            'limit.reached': [
              { guard: 'inFlight', target: 'stopping', actions: [noteStop, cancelled] },
              { target: '#execution.settling', actions: [cancelled, 'quietProgram'] },
            ],
          },
        },
        /** The abort signals fire once the commit of this state is durable. */
        stopping: {
          entry: ['quietProgram', { type: 'commit', params: 'cancelling' }],
          on: {
            'commit.acknowledged': { actions: 'stopProgram' },
            'program.drained': '#execution.settling',
            'limit.reached': '#execution.settling',
          },
        },
      },
    },
    settling: {
      entry: { type: 'commit', params: 'ending' },
      on: {
        'commit.acknowledged': [
          { guard: ({ context }) => context.ending?.status === 'completed', target: 'completed' },
          { guard: ({ context }) => context.ending?.status === 'failed', target: 'failed' },
          { guard: ({ context }) => context.ending?.status === 'cancelled', target: 'cancelled' },
          { guard: ({ context }) => context.ending?.status === 'timed_out', target: 'timed_out' },
          { target: 'rejected' },
        ],
      },
    },
    completed: { type: 'final', tags: 'completed' },
    failed: { type: 'final', tags: 'failed' },
    cancelled: { type: 'final', tags: 'cancelled' },
    timed_out: { type: 'final', tags: 'timed_out' },
    rejected: { type: 'final', tags: 'rejected' },
  },
})

/** The status that a snapshot of the machine stands for; while it settles, the one that it will end with. */
export function statusOf(snapshot: SnapshotFrom<typeof executionMachine>): ExecutionStatus {
  if (snapshot.value === 'settling') return snapshot.context.ending?.status ?? 'failed'
  for (const tag of snapshot.tags) return tag as ExecutionStatus
  return 'running'
}
