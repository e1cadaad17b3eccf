/**
 * What a command answers whose process died over it, and that was given again to the next one.
 *
 * Owns: that it answers as it would have if nobody had died: what it has done itself is no reason to say that it came too late.
 */
import { isDeepStrictEqual } from 'node:util'
import { splitState } from '../../actors/execution/stored-state.js'
import type { Command, CommandOutcome } from '../../events/outcomes.js'
import type { StoredExecution } from '../../persistence/snapshot-store.js'

/** The answer, given what the next process has answered and how the execution stands. */
export function repeatedAnswer(
  { type, intervention }: Command,
  answer: CommandOutcome,
  { id, state, revision }: StoredExecution,
): CommandOutcome {
  const { cancel, pause, resume } = splitState(state, id).lifecycle.context
  const isOwn = (done: object | undefined) =>
    done !== undefined && Object.entries(intervention).every(([key, value]) => isDeepStrictEqual(Reflect.get(done, key), value))
  if (type === 'cancel' && answer.status === 'already_finished' && answer.as === 'cancelled' && isOwn(cancel))
    return { status: 'cancelled' }
  if (type === 'pause' && answer.status === 'already_paused' && isOwn(pause))
    return { status: 'paused', revision: answer.revision }
  const isTooLate = answer.status === 'already_running' || answer.status === 'already_finished'
  if (type === 'resume' && isTooLate && isOwn(resume)) return { status: 'resumed', revision }
  return answer
}
