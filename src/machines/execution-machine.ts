/**
 * The lifecycle of one execution, as a statechart.
 *
 * Owns: the order of statuses, and what each command does in each of them.
 * Its effects are named and not implemented: the execution host implements them (`actors/execution/execution-host.ts`).
 * Every state commits on entry. The machine is at most one commit ahead of the durable state; answers never are.
 */
import { setup, type SnapshotFrom } from 'xstate'
import type { ExecutionContext, ExecutionEvent } from '../events/execution-events.js'
import type { ExecutionStatus } from '../events/execution-status.js'
import type { ProgramMode } from '../events/program-mode.js'
import * as note from './execution-notes.js'

/** What the commit of a state says: a status, or that another attempt will be made. */
export type CommitReason = ExecutionStatus | 'retrying'

const executionSetup = setup({
  types: {
    context: {} as ExecutionContext,
    events: {} as ExecutionEvent,
    input: {} as ExecutionContext,
    tags: {} as ExecutionStatus,
  },
  actions: {
    commit: (_, _as: CommitReason) => undefined,
    runProgram: () => undefined,
    setMode: (_, _mode: ProgramMode) => undefined,
    dropProgram: () => undefined,
    compensate: () => undefined,
  },
  guards: {
    isTimed: ({ context }) => context.timeout !== undefined || context.limits.queueUntil !== undefined,
    inFlight: ({ event }) => 'inFlight' in event && event.inFlight,
    granted: ({ event }) => 'granted' in event && event.granted,
    /** An execution that never ran has nothing to compensate. */
    compensates: ({ context, event }) => context.compensates && event.type === 'execution.cancel' && event.started,
    /** The same, and it has actions pending that run as soon as its program is restored: only a commit proves that it is still ours. */
    compensatesLater: ({ context, event }) =>
      context.compensates && event.type === 'execution.cancel' && event.started && event.repeatsActions,
    mayRetry: ({ context, event }) => event.type === 'program.failed' && !event.final && context.attempt < context.maxAttempts,
    mayRetryLater: ({ context, event }) =>
      event.type === 'program.failed' && event.inFlight && !event.final && context.attempt < context.maxAttempts,
    mayMendLater: ({ context, event }) =>
      event.type === 'program.failed' && event.inFlight && !event.final && context.onExhausted === 'pause',
    mayMend: ({ context, event }) => event.type === 'program.failed' && !event.final && context.onExhausted === 'pause',
    now: ({ event }) => event.type === 'execution.pause' && event.pause.mode === 'now',
    isAtOnce: ({ context }) => context.pause?.mode === 'now',
    mustStop: ({ event }) => event.type === 'limit.reached' && event.limit === 'stop',
    timesOut: ({ context }) => context.ending?.status === 'timed_out',
  },
})

const { assign } = executionSetup
const completed = assign(note.completed)
const failed = assign(note.failed)
const timedOut = assign(note.timedOut)
const rejected = assign(note.rejected)
const cancelled = assign(note.cancelled)
const noteStop = assign(note.noteStop)
const noteCancel = assign(note.noteCancel)
const notePause = assign(note.notePause)
const noteResume = assign(note.noteResume)
const noteRetryNow = assign(note.noteRetryNow)
const noteFailure = assign(note.noteFailure)
const noteRetry = assign(note.noteRetry)
const noteExhausted = assign(note.noteExhausted)
const clearStop = assign(note.clearStop)
const clearRetry = assign(note.clearRetry)
const startClocks = assign(note.startClocks)
const startQueueClock = assign(note.startQueueClock)
const noteLimits = assign(note.noteLimits)

const commit = (as: CommitReason) => ({ type: 'commit', params: as }) as const
const setMode = (mode: ProgramMode) => ({ type: 'setMode', params: mode }) as const
const allowSteps = setMode('running')
const freeze = setMode('frozen')
const mute = setMode('muted')
const stop = setMode('stopped')

// transitions that several states share
const done = { target: '#execution.completed', actions: completed } as const
const whenFailed = [
  { guard: 'mayRetry', target: '#execution.backingOff', actions: noteRetry },
  { guard: 'mayMendLater', target: '#execution.pausing', actions: [noteExhausted, 'dropProgram'] },
  { guard: 'mayMend', target: '#execution.paused', actions: [noteExhausted, 'dropProgram'] },
  { target: '#execution.failed', actions: [noteFailure, failed] },
] as const
const pauseAtOnce = { target: '#execution.paused', actions: [notePause, mute] } as const
const pauseOrWait = [{ guard: 'inFlight', target: '#execution.pausing', actions: notePause }, pauseAtOnce] as const
const cancelAtOnce = { target: '#execution.cancelled', actions: [noteCancel, cancelled, mute] } as const
const compensatedBy = <A extends readonly unknown[]>(...actions: A) =>
  [
    { guard: 'compensatesLater', target: '#execution.cancelling.restoring', actions },
    { guard: 'compensates', target: '#execution.cancelling.compensating', actions },
  ] as const
const compensate = compensatedBy(noteCancel)
const cancelOrWait = [
  { guard: 'inFlight', target: '#execution.cancelling.stopping', actions: [noteCancel, cancelled] },
  cancelAtOnce,
] as const
const timeOutAtOnce = { target: '#execution.timed_out', actions: [timedOut, mute] } as const
const timeOutOrWait = [
  { guard: 'inFlight', target: '#execution.cancelling.stopping', actions: [noteStop, timedOut] },
  timeOutAtOnce,
] as const
const stopped = [{ guard: 'timesOut', target: '#execution.timed_out' }, { target: '#execution.cancelled' }] as const

/** The lifecycle of an execution; give its effects with `provide`, and start it in any state from a snapshot. */
export const executionMachine = executionSetup.createMachine({
  id: 'execution',
  context: ({ input }) => input,
  initial: 'queued',
  on: { 'clock.set_back': { actions: noteLimits } },
  states: {
    queued: {
      tags: 'queued',
      entry: commit('queued'),
      on: {
        'slot.granted': [{ guard: 'isTimed', target: 'running', actions: startClocks }, { target: 'running' }],
        'start.due': { actions: startQueueClock },
        'execution.reject': { target: 'rejected', actions: rejected },
        'program.held': pauseOrWait,
        'program.done': done,
        'program.failed': whenFailed,
        'execution.pause': pauseOrWait,
        'execution.cancel': [...compensate, ...cancelOrWait],
        'limit.reached': timeOutOrWait,
      },
    },
    running: {
      tags: 'running',
      entry: ['runProgram', commit('running')],
      on: {
        'slot.missing': 'queued',
        'program.idle': 'waiting',
        'program.done': done,
        'program.failed': whenFailed,
        'program.held': pauseOrWait,
        'execution.pause': pauseOrWait,
        'execution.cancel': [...compensate, ...cancelOrWait],
        'limit.reached': timeOutOrWait,
      },
    },
    /** Nothing is in flight: only an event or a timer can move it. */
    waiting: {
      tags: 'waiting',
      entry: commit('waiting'),
      on: {
        'program.busy': [{ guard: 'granted', target: 'running' }, { target: 'queued' }],
        'program.done': done,
        'program.failed': whenFailed,
        'program.held': pauseOrWait,
        'execution.pause': pauseOrWait,
        'execution.cancel': [...compensate, ...cancelOrWait],
        'limit.reached': timeOutOrWait,
      },
    },
    /** An attempt has failed; the next one begins at the last good commit. */
    backingOff: {
      tags: 'waiting',
      entry: ['dropProgram', commit('retrying')],
      on: {
        'retry.due': [
          { guard: 'granted', target: 'running', actions: [clearRetry, startClocks] },
          { target: 'queued', actions: clearRetry },
        ],
        'execution.resume': [
          { guard: 'granted', target: 'running', actions: [noteRetryNow, startClocks] },
          { target: 'queued', actions: noteRetryNow },
        ],
        // steps of the failed attempt may still run
        'execution.pause': [
          { guard: 'inFlight', target: 'pausing', actions: [notePause, clearRetry] },
          { target: 'paused', actions: [notePause, clearRetry] },
        ],
        'execution.cancel': [...compensatedBy(noteCancel, clearRetry), ...cancelOrWait],
        'limit.reached': timeOutOrWait,
      },
    },
    pausing: {
      tags: 'pausing',
      initial: 'deciding',
      on: {
        'program.drained': { target: 'paused', actions: mute },
        'program.done': done,
        'program.failed': [
          { guard: 'mayRetryLater', actions: [noteRetry, clearRetry, 'dropProgram'] },
          { guard: 'mayRetry', target: 'paused', actions: [noteRetry, clearRetry, 'dropProgram'] },
          ...whenFailed.slice(1),
        ],
        'execution.cancel': [...compensate, ...cancelOrWait],
        'execution.pause': { guard: 'now', target: '.now', actions: notePause },
        'limit.reached': [{ guard: 'mustStop', target: 'paused', actions: mute }, ...timeOutOrWait],
      },
      states: {
        deciding: { always: [{ guard: 'isAtOnce', target: 'now' }, { target: 'boundary' }] },
        boundary: {
          entry: [freeze, commit('pausing')],
          on: { 'execution.resume': { target: '#execution.running', actions: noteResume } },
        },
        /** The abort signals fire once the commit of this state is durable. */
        now: {
          entry: [mute, commit('pausing')],
          on: {
            'commit.acknowledged': { actions: stop },
            'execution.cancel': [{ ...compensate[1], target: '#execution.cancelling.restoring' }, ...cancelOrWait],
          },
        },
      },
    },
    paused: {
      tags: 'paused',
      entry: [clearStop, commit('paused')],
      on: {
        'execution.resume': [
          { guard: 'granted', target: 'running', actions: [noteResume, startClocks] },
          { target: 'queued', actions: noteResume },
        ],
        'execution.cancel': [...compensate, ...cancelOrWait],
        'limit.reached': timeOutOrWait,
      },
    },
    cancelling: {
      tags: 'cancelling',
      initial: 'stopping',
      states: {
        /** A pause had silenced the program that must compensate: once this state is durable, it is restored and compensates. */
        restoring: {
          entry: commit('cancelling'),
          on: { 'commit.acknowledged': { target: 'compensating', actions: stop } },
        },
        compensating: {
          entry: ['compensate', commit('cancelling')],
          on: {
            'slot.missing': 'held',
            'slot.granted': { actions: allowSteps },
            'program.done': [
              { guard: 'inFlight', target: 'draining', actions: cancelled },
              { target: '#execution.cancelled', actions: cancelled },
            ],
            'program.failed': [
              { guard: 'inFlight', target: 'draining', actions: [noteFailure, cancelled] },
              { target: '#execution.cancelled', actions: [noteFailure, cancelled] },
            ],
            'program.held': [
              { guard: 'inFlight', target: 'stopping', actions: cancelled },
              { target: '#execution.cancelled', actions: [cancelled, mute] },
            ],
            'limit.reached': [
              { guard: 'inFlight', target: 'stopping', actions: [noteStop, cancelled] },
              { target: '#execution.cancelled', actions: [cancelled, mute] },
            ],
          },
        },
        /** The execution is a suspect: it goes on when its turn has come. */
        held: {
          on: {
            'turn.given': { target: 'compensating', actions: noteStop },
            'program.failed': { target: '#execution.cancelled', actions: [noteFailure, cancelled] },
          },
        },
        /** The program has ended, but steps that it has left still run: their signals have fired. */
        draining: {
          entry: freeze,
          on: { 'program.drained': '#execution.cancelled', 'limit.reached': '#execution.cancelled' },
        },
        /** The abort signals fire once the commit of this state is durable. */
        stopping: {
          entry: [mute, commit('cancelling')],
          on: { 'commit.acknowledged': { actions: stop }, 'program.drained': stopped, 'limit.reached': stopped },
        },
      },
    },
    completed: { type: 'final', tags: 'completed', entry: commit('completed') },
    failed: { type: 'final', tags: 'failed', entry: commit('failed') },
    cancelled: { type: 'final', tags: 'cancelled', entry: commit('cancelled') },
    timed_out: { type: 'final', tags: 'timed_out', entry: commit('timed_out') },
    rejected: { type: 'final', tags: 'rejected', entry: commit('rejected') },
  },
})

/** The status that a snapshot of the machine stands for: the tag of its state. Every state has one. */
export function statusOf(snapshot: SnapshotFrom<typeof executionMachine>): ExecutionStatus {
  for (const tag of snapshot.tags) return tag as ExecutionStatus
  throw new Error(`The lifecycle is in ${JSON.stringify(snapshot.value)}, which has no status: give the state a tag.`)
}
