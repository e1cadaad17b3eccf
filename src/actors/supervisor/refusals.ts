/** The errors with which a supervisor refuses a call. Owns their words. */
import { StatewardError } from '../../errors.js'
import { groupOf } from '../../ids.js'
import type { StreamDefinition } from '../stream/stream-definition.js'

/** There is no such entry point. */
export function unknownEntryPoint(entryPoint: string, known: readonly string[]): StatewardError {
  const message = `There is no entry point ${JSON.stringify(entryPoint)}.`
  return new StatewardError('unknown_entry_point', message, { details: { entryPoint, known } })
}

/** Nothing of that group is here. */
export function unknownGroup(group: string, entryPoints: readonly string[]): StatewardError {
  const known = [...new Set(entryPoints.flatMap((id) => groupOf(id) ?? []))]
  const message = `There is no entry point of a group ${JSON.stringify(group)}.`
  return new StatewardError('unknown_entry_point', message, { details: { group, known } })
}

/** The supervisor drains and accepts nothing more. */
export function draining(): StatewardError {
  return new StatewardError('draining', 'The runtime is draining and accepts nothing more.')
}

/** The entry point is being removed, and accepts nothing more here. */
export function beingRemoved(entryPoint: string): StatewardError {
  const message = `The entry point ${entryPoint} is being removed here, and accepts nothing more.`
  return new StatewardError('draining', message, { details: { entryPoint } })
}

/** The supervisor is not started yet, or was stopped; `failure` is the reason why it gave up, if it did. */
export function notRunning(phase: string, failure: unknown): StatewardError {
  if (phase !== 'stopping' && phase !== 'stopped')
    return new StatewardError('not_started', 'The runtime is not started; call `start()` first.')
  return new StatewardError('already_stopped', 'The runtime was stopped.', { cause: failure })
}

/** The stream has failed; a temporary one stays ended. */
export function streamDown({ id, restart }: StreamDefinition): StatewardError {
  const ends = restart === 'temporary'
  const message = `The stream of entry point ${id} has failed and ${ends ? 'stays ended' : 'is being started again'}.`
  return new StatewardError('stream_down', message, { details: { entryPoint: id }, retryable: !ends })
}
