/** Warns of executions that the runtime itself has paused, so that a person looks at them. Owns the words of the warning. */
import type { Log } from '../../logger.js'
import type { Commit } from '../../persistence/snapshot-store.js'
import { splitState } from '../execution/stored-state.js'

const own = /^(program_mismatch|retries_exhausted|step_in_doubt|recovery_limit)\b/

/** Warns of a pause that nobody asked for. */
export function tellHeld(entryPoint: string, { id, state }: Pick<Commit, 'id' | 'state'>, logger: Log): void {
  const { pause, failure } = splitState(state, id).lifecycle.context
  if (pause?.reason === undefined || pause.actor !== undefined || !own.test(pause.reason)) return
  const detail = pause.reason.includes(':') || failure === undefined ? '' : `: ${failure.message}`
  logger.warn(`execution ${id} of ${entryPoint} is held as paused, for you to look at: ${pause.reason}${detail}`)
}
