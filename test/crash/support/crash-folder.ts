/**
 * The files of one crash test: the database, the step log, the gate.
 *
 * Owns: where they are, and that they and every process that was started over them are gone when the test ends.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import type { OrderSettings } from '../processes/order-settings.js'
import { RealProcess } from './real-process.js'

const folders = new Set<CrashFolder>()

afterEach(async () => {
  for (const folder of folders) await folder.remove()
})

/** One test's files and processes. */
export class CrashFolder {
  readonly path: string
  readonly #processes: RealProcess[] = []

  /** In the system's folder for temporary files, or in `at`, which must exist. */
  constructor(at?: string) {
    this.path = mkdtempSync(join(at ?? tmpdir(), 'stateward-crash-'))
    folders.add(this)
  }

  /** Ends what runs here and takes the files away; happens by itself after each test. */
  async remove(): Promise<void> {
    folders.delete(this)
    for (const process of this.#processes) if (!process.isGone) await process.kill()
    rmSync(this.path, { recursive: true, force: true })
  }

  get db(): string {
    return join(this.path, 'orders.db')
  }

  get log(): string {
    return join(this.path, 'steps.log')
  }

  /** The path that steps wait at when a process is told to. */
  get gate(): string {
    return join(this.path, 'gate')
  }

  openGate(): void {
    writeFileSync(this.gate, '')
  }

  /** Starts an order process on the files. */
  start(settings: Partial<OrderSettings>, as: { uid?: number; gid?: number } = {}): RealProcess {
    return this.adopt(RealProcess.start('order-process', { db: this.db, log: this.log, ...settings }, as))
  }

  /** A process to be killed, if it still lives, when the test ends. */
  adopt(process: RealProcess): RealProcess {
    this.#processes.push(process)
    return process
  }

  /** A copy of the database as it lies there, its log included, so that looking at it changes nothing for the next process. */
  copy(): string {
    const folder = join(this.path, 'copy')
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder)
    const copy = join(folder, 'orders.db')
    for (const suffix of ['', '-wal']) if (existsSync(this.db + suffix)) cpSync(this.db + suffix, copy + suffix)
    return copy
  }
}
