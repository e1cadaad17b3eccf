/** A folder for the files of one test. Owns taking it away. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Its path; it is gone when the test has ended. */
export function temporaryFolder(within = tmpdir()): string {
  const folder = mkdtempSync(join(within, 'stateward-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
