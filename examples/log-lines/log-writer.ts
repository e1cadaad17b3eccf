/**
 * The writer of the example: lines of a log, many at a time.
 *
 * Owns: the entry point that writes them. A batch is one append, under a number that says whether it was written before a crash.
 */
import { appendFile, readFile } from 'node:fs/promises'
import { defineEntryPoint, fromStep, type StepArguments } from 'stateward'

/** A line of a log. */
export interface LogLine {
  readonly service: string
  readonly text: string
}

/** The entry point: appends the lines of each service to `<folder>/<service>.log`. */
export function logWriter(folder: string, { size = 100, within = 1_000 } = {}) {
  return defineEntryPoint({
    id: 'log',
    program: fromStep(({ input, idempotencyKey }: StepArguments<readonly LogLine[]>) => append(folder, input, idempotencyKey)),
    batch: { size, within, key: ({ service }) => service },
  })
}

/** Once for each key: after a crash the step runs again under the same one. */
async function append(folder: string, lines: readonly LogLine[], key: string): Promise<number> {
  const path = `${folder}/${lines[0]?.service ?? 'none'}.log`
  const end = `# ${key}\n`
  const written = await readFile(path, 'utf8').catch(() => '')
  if (!written.includes(end)) await appendFile(path, lines.map(({ text }) => `${text}\n`).join('') + end)
  return lines.length
}
