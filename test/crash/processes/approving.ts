/** Approves every order that waits for it, also those that waited when an earlier process was killed. Owns: nothing that matters. */
import type { Runtime } from '../../../src/index.js'

/** Follows the journal from its beginning, until it is stopped. */
export function startApproving(runtime: Runtime): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const consider = async (id: string) => {
    const execution = runtime.execution(id)
    const record = await execution.get()
    if (record.status !== 'waiting' || !('value' in record) || record.value !== 'approval') return
    await execution.send({ type: 'APPROVE', by: 'the crash test' })
  }
  const follow = async () => {
    for await (const { type, executionId } of runtime.events({ since: 0, signal: stopping.signal })) {
      if (type === 'execution.waiting' && executionId !== undefined) void consider(executionId).catch(complain)
    }
  }
  const done = follow().catch(complain)
  return {
    stop() {
      stopping.abort()
      return done
    },
  }
}

/** A runtime that fails or stops is what these tests are about; whoever asks gets the typed error. */
function complain(error: unknown): void {
  process.stderr.write(`approving failed: ${String(error)}\n`)
}
