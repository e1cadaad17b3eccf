/** The user that tries what root may always do. Owns: telling whether that user can read this checkout at all. */
import { spawnSync } from 'node:child_process'

const nobody = { uid: 65_534, gid: 65_534 } as const

/** Who is to try, or why nobody can: root may write anything, so that another user tries, who must be able to read the program. */
export function otherUser(program: string): { as: { uid?: number; gid?: number } } | { reason: string } {
  if (process.getuid === undefined) return { reason: 'this platform has no users to take the right to write from' }
  if (process.getuid() !== 0) return { as: {} }
  const reads = `require('node:fs').accessSync(${JSON.stringify(program)}, 4)`
  const { status } = spawnSync(process.execPath, ['-e', reads], nobody)
  return status === 0 ? { as: nobody } : { reason: 'root runs this, and the user nobody can not read this checkout' }
}
