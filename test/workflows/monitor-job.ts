/**
 * Monitoring a job, after the description of the Serverless Workflow specification 0.8 (examples/job-monitoring): a job
 * is submitted; its status is asked for every five seconds until it has succeeded or failed, and either is reported.
 *
 * Owns: the machine, its entry point and its scenarios. The asking is a child machine of its own, begun anew each time.
 */
import { assign, setup } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import type { Scenario } from '../../src/testing/explore/scenario.js'
import type { TestRuntime } from '../../src/testing/world/test-runtime.js'
import { Ledger } from './ledger.js'
import { service } from './service.js'

type JobStatus = 'running' | 'succeeded' | 'failed'

const checkMachine = setup({
  types: { input: {} as { jobId: string }, context: {} as { jobId: string; status: JobStatus }, output: {} as JobStatus },
  actors: { getStatus: service<JobStatus, string>('jobs') },
}).createMachine({
  id: 'check',
  context: ({ input }) => ({ ...input, status: 'running' }),
  initial: 'sleeping',
  states: {
    sleeping: { after: { 5_000: 'asking' } },
    asking: {
      invoke: {
        src: 'getStatus',
        input: ({ context }) => context.jobId,
        onDone: { target: 'told', actions: assign({ status: ({ event }) => event.output }) },
      },
    },
    told: { type: 'final' },
  },
  output: ({ context }) => context.status,
})

const monitorJobMachine = setup({
  types: {
    context: {} as { jobId: string; checks: number },
    output: {} as { jobId: string; checks: number },
  },
  actors: {
    submit: service<string, void>('jobs'),
    check: checkMachine,
    reportSuccess: service<void, string>('reports'),
    reportFailure: service<void, string>('reports'),
  },
  actions: { count: assign({ checks: ({ context }) => context.checks + 1 }) },
}).createMachine({
  id: 'monitorJob',
  context: { jobId: '', checks: 0 },
  initial: 'submitting',
  states: {
    submitting: {
      invoke: { src: 'submit', onDone: { target: 'checking', actions: assign({ jobId: ({ event }) => event.output }) } },
    },
    checking: {
      invoke: {
        src: 'check',
        id: 'check',
        input: ({ context: { jobId } }) => ({ jobId }),
        onDone: [
          { guard: ({ event }) => event.output === 'succeeded', target: 'reportingSuccess', actions: 'count' },
          { guard: ({ event }) => event.output === 'failed', target: 'reportingFailure', actions: 'count' },
          { target: 'checking', reenter: true, actions: 'count' },
        ],
      },
    },
    reportingSuccess: { invoke: { src: 'reportSuccess', input: ({ context }) => context.jobId, onDone: 'succeeded' } },
    reportingFailure: { invoke: { src: 'reportFailure', input: ({ context }) => context.jobId, onDone: 'failed' } },
    succeeded: { type: 'final' },
    failed: { type: 'final' },
  },
  output: ({ context: { jobId, checks } }) => ({ jobId, checks }),
})

/** The monitor. */
export const monitorJob = defineEntryPoint({ id: 'monitor-job', program: monitorJobMachine })

async function monitor(runtime: TestRuntime<readonly [typeof monitorJob]>, ...statuses: JobStatus[]) {
  const ledger = new Ledger()
  runtime.mock('submit', ({ idempotencyKey }) => ledger.record(idempotencyKey, 'job-1'))
  const [first = 'failed', ...later] = statuses
  runtime.mock('getStatus', () => first, ...later.map((status) => () => status))
  runtime.mock('reportSuccess', ({ input, idempotencyKey }) => void ledger.record(idempotencyKey, `${input} succeeded`))
  runtime.mock('reportFailure', ({ input, idempotencyKey }) => void ledger.record(idempotencyKey, `${input} failed`))
  await runtime.trigger('monitor-job')
  await runtime.runToIdle()
  return ledger.effects
}

/** What may become of a job, by name. */
export const monitorJobScenarios = {
  'the job succeeds at the third look': (runtime) => monitor(runtime, 'running', 'running', 'succeeded'),
  'the job fails at the first look': (runtime) => monitor(runtime, 'failed'),
} satisfies Record<string, Scenario<typeof monitorJob>>
