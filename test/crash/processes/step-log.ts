/**
 * A file in which each start of a step is a line, on the disk before the step does anything.
 *
 * Owns: its form, for the process that appends and for the test that reads.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'

/** One line. */
export interface StepLine {
  readonly kind: 'step' | 'action'
  readonly key: string
  readonly name: string
  readonly n: number
  /** The process that wrote it. */
  readonly pid: number
}

/** Appends to the file at `path`; `synced: false` leaves out the sync to the disk, which a killed process does not need. */
export class StepLog {
  readonly #path: string
  readonly #synced: boolean
  readonly #onFirst: () => void
  #file: number | undefined

  constructor(path: string, { synced = true, onFirst = () => undefined }: { synced?: boolean; onFirst?: () => void } = {}) {
    this.#path = path
    this.#synced = synced
    this.#onFirst = onFirst
  }

  append(line: Omit<StepLine, 'pid'>): void {
    if (this.#file === undefined) this.#onFirst()
    this.#file ??= openSync(this.#path, 'a')
    writeSync(this.#file, `${JSON.stringify({ ...line, pid: process.pid })}\n`)
    if (this.#synced) fsyncSync(this.#file)
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }
}

/** Every whole line; a kill may cut the last one short. */
export function readStepLog(path: string): StepLine[] {
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').split('\n')
  lines.pop()
  return lines.map((line) => JSON.parse(line) as StepLine)
}

/** How many whole lines there are; cheap, to wait for. */
export function countStepLines(path: string): number {
  if (!existsSync(path)) return 0
  const bytes = readFileSync(path)
  let count = 0
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count++
  return count
}
