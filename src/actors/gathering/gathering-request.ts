/**
 * One trigger of an entry point that gathers, as it goes into an execution.
 *
 * Owns: what such a trigger may say, and the key under which it is gathered. Its input is encoded at the call, so that later changes by
 * the caller have no effect. Writes nothing.
 */
import { decode, encode } from '../../codec/snapshot-codec.js'
import { digestOf } from '../../codec/digest.js'
import { StatewardError } from '../../errors.js'
import type { IdSource } from '../../ids.js'
import { keyBy } from '../flow/flow-limits.js'
import { gatheringKind, type GatheringKind } from '../flow/gathering-limits.js'
import type { AdmissionRequest } from '../stream/admission.js'
import type { StreamDefinition } from '../stream/stream-definition.js'

/** A trigger that is to join an execution, or to make one. */
export interface GatheredTrigger {
  readonly kind: GatheringKind
  /** Under which it is gathered: made of the kind, the key of its input and its session. */
  readonly key: string
  /** Its own name, and the id of the execution if it makes one. */
  readonly ref: string
  readonly input: string
  /** Of its input. Behind a point it has the call, if that gave the name: so the same name is told from the same call, whose answer was lost. */
  readonly digest: string
  readonly request: AdmissionRequest
}

/** Options that would be those of an execution, which is not the trigger's alone. */
const ofOne = ['startAt', 'priority', 'timeout', 'queueTimeout', 'deadline', 'tags'] as const

/** What a request is for an entry point that gathers; undefined: it makes an execution of its own. Throws `invalid_option`, `invalid_key`, `not_storable`. */
export function gatheredTrigger(
  definition: StreamDefinition,
  request: AdmissionRequest,
  ids: IdSource,
  now: number,
): GatheredTrigger | undefined {
  const kind = gatheringKind(definition)
  if (kind === undefined || request.isWhole) return undefined
  const { id: entryPoint, debounce, batch } = definition
  for (const option of ofOne) {
    if (request[option] === undefined) continue
    throw new StatewardError(
      'invalid_option',
      `\`${option}\` for ${entryPoint} is ${String(request[option])}; it must be left out: \`${kind}\` may put triggers into one execution, whose ${option} is not one trigger's to say.`,
      { details: { entryPoint, option, value: String(request[option]) } },
    )
  }
  const ref = request.id ?? ids.execution(now)
  const at = { id: ref, what: 'input' }
  const input = encode(request.input, at)
  const copy = () => (request.input === undefined ? undefined : decode(input, at))
  const key = keyBy(entryPoint, `${kind}.key`, (debounce ?? batch)?.key, copy)
  const call = request.id === undefined ? '' : `.${ids.key()}`
  const digest = `${digestOf(input)}${call}`
  return { kind, key: JSON.stringify([kind, key, request.sessionId ?? null]), ref, input, digest, request }
}

/** Throws `invalid_option` for the child of a step: it would be that of several parents. */
export function refuseChild(definition: StreamDefinition, parentId: string): void {
  const kind = gatheringKind(definition)
  if (kind === undefined) return
  const { id: entryPoint } = definition
  throw new StatewardError(
    'invalid_option',
    `A step can't start an execution of ${entryPoint}: \`${kind}\` may put triggers of several parents into one execution. Trigger it from a step with \`runtime.trigger\`, or by an \`on\` trigger.`,
    { details: { entryPoint, option: kind, parentId } },
  )
}
