/** Starts an execution from a checkpoint of another one. Owns what the fork gets: the input and the program, but no pending actions. */
import { StatewardError } from '../../errors.js'
import type { Admitted } from '../stream/accepted-before.js'
import type { AdmissionRequest } from '../stream/admission.js'
import { splitState } from '../execution/stored-state.js'
import { forkedProgram } from '../program/stored-program.js'
import { executionRecord } from '../execution/execution-record.js'
import type { SupervisorHost } from '../supervisor/supervisor-host.js'

/** The commit to fork from; the idempotency key and the id of the fork, and the time before which it must not start. */
export interface ForkRequest {
  readonly id?: string | undefined
  readonly revision?: number | undefined
  readonly idempotencyKey?: string | undefined
  readonly startAt?: number | undefined
}

/** The fork, once its acceptance is durable, and whether it is new. Throws `not_found`, `no_checkpoint`, and what a trigger throws. */
export async function forkExecution(
  supervisor: SupervisorHost,
  id: string,
  { revision, idempotencyKey, id: own, startAt }: ForkRequest,
  admit: (entryPoint: string, request: AdmissionRequest) => Promise<Admitted>,
): Promise<{ readonly id: string; readonly created: boolean }> {
  const { store } = supervisor.settings
  await supervisor.open()
  const stored = await store.load(id)
  if (!stored) throw new StatewardError('not_found', `There is no execution ${id} to fork.`, { details: { id } })
  const state =
    revision === undefined || revision === stored.revision ? stored.state : (await store.checkpoint(id, revision))?.state
  if (state === undefined) {
    throw new StatewardError(
      'no_checkpoint',
      `Execution ${id} keeps no checkpoint of revision ${revision}; set \`checkpoints\` on its entry point.`,
      { details: { id, revision } },
    )
  }
  const { program } = splitState(state, id)
  const record = executionRecord(stored)
  const outcome = await admit(stored.entryPoint, {
    input: record.input,
    isWhole: true,
    correlationId: record.correlationId,
    causationId: id,
    priority: stored.priority,
    ...(stored.tags === undefined ? {} : { tags: stored.tags }),
    ...(stored.sessionId === null ? {} : { sessionId: stored.sessionId }),
    ...(own === undefined ? {} : { id: own }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(startAt === undefined ? {} : { startAt }),
    ...(program === undefined ? {} : { program: forkedProgram(program, id) }),
  })
  return { id: outcome.id, created: outcome.status === 'accepted' }
}
