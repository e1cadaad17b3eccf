/**
 * The program of one execution: live or only stored.
 *
 * Owns: the last good snapshot, which a failed one never replaces; when a live program must be taken again; what is
 * thrown away when an attempt fails.
 */
import type { AnyActorRef, AnyEventObject } from 'xstate'
import { programOf, withFrozenTimers } from './execution-state.js'
import { ProgramHost } from './program-host.js'
import type { ProgramOutcome, ProgramPort, ProgramSettings } from './program-port.js'
import type { PausedTimers, ProgramRecord } from './program-record.js'

/** What is needed to make a program live. */
export interface ProgramSource {
  readonly id: string
  readonly owner: AnyActorRef
  readonly port: ProgramPort
  readonly input: unknown
  programFor(record: ProgramRecord | undefined): { settings: ProgramSettings; record: ProgramRecord | undefined }
}

/** One program. */
export class ExecutionProgram {
  /** Its stored form as of the last commit made. */
  text: string | undefined
  #host: ProgramHost | undefined
  #dirty = false
  /** Its actors are gone: what was committed last is what remains of it. */
  #stopped = false

  constructor(text: string | undefined) {
    this.text = text
  }

  get isLive(): boolean {
    return this.#host !== undefined
  }

  get isDirty(): boolean {
    return this.#dirty
  }

  get outcome(): ProgramOutcome | undefined {
    return this.#host?.outcome
  }

  get busy(): boolean {
    return this.#host?.busy ?? false
  }

  get owes(): boolean {
    return this.#host?.owes ?? false
  }

  get inFlight(): boolean {
    return this.#host?.inFlight ?? false
  }

  get nextTimer(): number | undefined {
    return this.#host?.nextTimer
  }

  get hasProgressed(): boolean {
    return this.#host?.hasProgressed ?? false
  }

  touch(): void {
    this.#dirty = true
  }

  /** Starts it, from its input or from its last good snapshot; a live one goes on. Throws `program_mismatch`, `corrupt`. */
  run(source: ProgramSource, options: { recovering: boolean; mayStart: boolean }): void {
    if (this.#host) return options.mayStart ? this.#host.unhold() : undefined
    const stored = this.text === undefined ? undefined : programOf(this.text, source.id)
    const { settings, record } = source.programFor(stored)
    const from = record ? { record } : { input: source.input }
    const host = new ProgramHost(settings, source.id, source.owner, from, source.port)
    this.#host = host
    host.start(options)
  }

  /** Gives it back to its stored form: what it did since the last commit is gone. */
  drop(): void {
    this.#host?.stop()
    this.#host = undefined
    this.#dirty = false
  }

  /** Takes its snapshot for commit `revision`, if it has changed. Throws `not_storable`. */
  take(id: string, revision: number, pausing: { policy: PausedTimers; now: number } | undefined): void {
    const failed = this.#host?.outcome?.status === 'error'
    const isLive = this.#host !== undefined && !this.#stopped
    if (this.#host && isLive && !failed && (this.#dirty || pausing)) this.text = this.#host.collect(revision, pausing?.policy)
    else if (!isLive && pausing && this.text !== undefined)
      this.text = withFrozenTimers(this.text, id, pausing.policy, pausing.now)
    if (failed) this.#host?.forgetUncommitted()
    this.#dirty = false
  }

  send(event: AnyEventObject): void {
    this.#host?.send(event)
  }

  release(revision: number): void {
    this.#host?.release(revision)
  }

  startSteps(): void {
    this.#host?.allowSteps()
  }

  hold(): void {
    this.#host?.hold()
  }

  quiet(): void {
    this.#host?.quiet()
  }

  stop(): void {
    this.#stopped = true
    this.#host?.stop()
  }
}
