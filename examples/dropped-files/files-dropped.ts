/**
 * A trigger of one's own: files that are dropped into a folder.
 *
 * Owns: that each file starts one execution, whatever crashes. It fires, and then moves the file to `taken/`: a crash in between
 * finds the file again, which is a duplicate by its key.
 */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { ActiveTrigger, TriggerPort } from 'stateward'
import { fromPromise } from 'xstate'

/** What an entry point gets of a file. */
export interface DroppedFile {
  readonly name: string
  readonly text: string
}

/** Looks for files every `interval` ms; those that end in `.part` are still being written. */
export function filesDropped(folder: string, { interval = 1_000 } = {}): ActiveTrigger<DroppedFile> {
  const logic = fromPromise<void, TriggerPort<DroppedFile>>(async ({ input: port }) => {
    await mkdir(join(folder, 'taken'), { recursive: true })
    while (!port.signal.aborted) {
      for (const entry of await readdir(folder, { withFileTypes: true }))
        if (entry.isFile() && !entry.name.endsWith('.part')) await take(port, folder, entry.name)
      await new Promise<void>((resolve) => port.clock.alarm(port.clock.now() + interval, resolve))
    }
  })
  return { type: 'files', logic }
}

/** What throws ends the trigger's actor; it is started again with back-off, and finds the file again. */
async function take(port: TriggerPort<DroppedFile>, folder: string, name: string): Promise<void> {
  const path = join(folder, name)
  const text = await readFile(path, 'utf8').catch(unlessGone)
  if (text === undefined) return
  const key = createHash('sha256').update(`${name}\n${text}`).digest('hex')
  await port.fire({ name, text }, { idempotencyKey: `file:${key}` })
  await rename(path, join(folder, 'taken', name)).catch(unlessGone)
}

/** Another process may have taken it. */
function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
