/** Turns a request into an acceptance. Owns the defaults that an execution takes from its entry point. */
import { StatewardError } from '../../errors.js'
import { decode, encode } from '../../codec/snapshot-codec.js'
import { flowKeys } from '../flow/flow-limits.js'
import type { ChildLink } from '../program/child-port.js'
import type { ExecutionOrigin } from '../execution/execution-origin.js'
import { isLater } from '../execution/later-start.js'
import type { StreamDefinition } from './stream-definition.js'

/** A request for an execution. Times are milliseconds. */
export interface AdmissionRequest {
  readonly id?: string | undefined
  readonly input: unknown
  readonly correlationId?: string | undefined
  readonly idempotencyKey?: string | undefined
  readonly sessionId?: string | undefined
  readonly parentId?: string | undefined
  /** What the execution is started for: see `RuntimeEvent.causationId`. Default its parent. */
  readonly causationId?: string | undefined
  /** The link to its parent, if a step has asked for the execution. */
  readonly child?: ChildLink | undefined
  /** Words by which it is found. */
  readonly tags?: readonly string[] | undefined
  readonly priority?: number | undefined
  readonly timeout?: number | undefined
  readonly queueTimeout?: number | undefined
  /** Absolute; not to start before. */
  readonly startAt?: number | undefined
  /** Absolute. */
  readonly deadline?: number | undefined
  /** A program's stored text to begin with, instead of a fresh start. */
  readonly program?: string | undefined
  /** True if the input is that of a whole execution, as a fork's is: it goes into no execution that gathers. */
  readonly isWhole?: boolean | undefined
  /** Called with the id of the execution before anything is written. */
  readonly named?: ((id: string) => void) | undefined
}

/** The origin of a fresh execution. The input is encoded here, so that later changes by the caller have no effect. Throws `not_storable`, `invalid_key`. */
export function admission(definition: StreamDefinition, request: AdmissionRequest, id: string, now: number): ExecutionOrigin {
  const input = encode(request.input, { id, what: 'input' })
  const timeout = request.timeout ?? definition.timeout
  const queueTimeout = request.queueTimeout ?? definition.queueTimeout
  const later = isLater(request, now)
  const copy = () => (request.input === undefined ? undefined : decode(input, { id, what: 'input' }))
  const keys = flowKeys(definition.id, definition, copy)
  return {
    kind: 'fresh',
    isNamed: request.id !== undefined || request.idempotencyKey !== undefined,
    input: copy(),
    program: request.program,
    acceptance: {
      entryPoint: definition.id,
      programId: definition.programId,
      programVersion: definition.version,
      programHash: definition.hash,
      priority: request.priority ?? definition.priority,
      acceptedAt: now,
      sessionId: request.sessionId ?? null,
      correlationId: request.correlationId ?? null,
      idempotencyKey: request.idempotencyKey ?? null,
      parentId: request.parentId ?? null,
      causationId: request.causationId ?? null,
      ...(request.tags && request.tags.length > 0 ? { tags: [...new Set(request.tags)] } : {}),
      input,
    },
    context: {
      executionId: id,
      entryPoint: definition.id,
      attempt: 1,
      maxAttempts: definition.retry?.maxAttempts ?? 1,
      onExhausted: definition.retry?.onExhausted ?? 'fail',
      compensates: definition.cancelEvent !== undefined,
      ...(timeout === undefined ? {} : { timeout }),
      ...(request.startAt === undefined ? {} : { startAt: request.startAt }),
      // its time in the queue begins when it may start
      ...(later && queueTimeout !== undefined ? { queueTimeout } : {}),
      ...(keys ? { keys } : {}),
      ...(request.child === undefined ? {} : { child: request.child }),
      limits: {
        ...(later || queueTimeout === undefined ? {} : { queueUntil: now + queueTimeout }),
        ...(request.deadline === undefined ? {} : { deadlineAt: request.deadline }),
      },
    },
  }
}

/** The error for a request when the queue is full. */
export function queueFull(entryPoint: string, queued: number, maxQueued: number): StatewardError {
  return new StatewardError('queue_full', `The queue of entry point ${entryPoint} is full: ${queued} wait.`, {
    details: { entryPoint, queued, maxQueued },
  })
}
