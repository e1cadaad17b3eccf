/** 10,000 executions in flight, a real SIGKILL, a new process on the same file: nothing lost, and how long it takes. */
import { mkdtempSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measure, start } from './child-process.mjs'

export async function measureRecovery({ executions }) {
  const dir = mkdtempSync(join(tmpdir(), 'stateward-bench-recovery-'))
  const file = join(dir, 'stateward.db')
  const idsFile = join(dir, 'ids.json')
  try {
    const victim = start('recovery-process.mjs', { role: 'victim', file, idsFile, executions })
    const ended = once(victim, 'exit')
    const reached = await Promise.race([once(victim, 'message'), ended.then(() => undefined)])
    if (!reached) throw new Error('the process to be killed ended by itself')
    victim.kill('SIGKILL')
    await ended
    return await measure('recovery-process.mjs', { role: 'heir', file, idsFile, executions })
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
