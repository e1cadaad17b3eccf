/** Who waits for what, in words. Owns nothing but the words. */
import { executionRecord } from '../../actors/execution/execution-record.js'
import { isTerminal, executionStatuses } from '../../events/execution-status.js'
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import { stateText } from './readable.js'

/** Why nothing comes of what is asked of a dead process. */
export const deadText = 'The process is dead since crash(): what is asked of it waits for restart().'

/** A sentence for each execution that has not ended; of the first twenty. */
export async function waitingText(store: SnapshotStore, isDead: boolean): Promise<string> {
  const dead = isDead ? `${deadText} ` : ''
  const { executions } = await store.query({ limit: 20, status: executionStatuses.filter((status) => !isTerminal(status)) })
  if (executions.length === 0) return `${dead}Every execution has ended.`
  const sentences = executions.map(executionRecord).map(({ id, status, value, steps }) => {
    const at = value === undefined ? '' : ` in ${stateText(value)}`
    const open = Object.keys(steps)
    return `${id} is ${status}${at}${open.length === 0 ? '' : `, its steps ${open.join(', ')} have not ended`}.`
  })
  return `${dead}${sentences.join(' ')}`
}
