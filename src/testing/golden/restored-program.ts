/**
 * A stored program, restored in an actor system of its own and started, with its hands tied.
 *
 * Owns: that no step starts, no action runs, no timer fires and nothing is emitted, however real the rest is. Talks to: the
 * program system of the runtime itself. What was restored is judged elsewhere.
 */
import type { AnyActorLogic, AnyActorRef } from 'xstate'
import { persistedProgram, type PersistedProgram, type ProgramRecord } from '../../actors/program/program-record.js'
import { ProgramOutbox, type RepeatedAction } from '../../actors/program/program-outbox.js'
import { ProgramSystem } from '../../actors/program/xstate/program-system.js'
import type { Clock } from '../../clock.js'
import { clone } from '../../codec/snapshot-codec.js'

/** Time stands still in it. */
export const stillClock: Clock = { now: () => 0, setTimeout: () => undefined, clearTimeout: () => undefined }

const nothing = () => undefined
const deaf = {
  changed: nothing,
  moved: nothing,
  stirred: () => undefined,
  output: nothing,
  ending: nothing,
  hasUnfinishedActions: () => false,
  failedAside: nothing,
  failedMuted: () => false,
  stepGone: nothing,
  stepLeft: nothing,
  schedule: nothing,
  cancel: nothing,
  cancelAll: nothing,
  settled: nothing,
}

/** One program as it is after a restart. */
export class RestoredProgram {
  readonly #name: string
  readonly #logic: AnyActorLogic
  readonly #record: ProgramRecord
  readonly #system: ProgramSystem

  /** Restores and starts it. Throws whatever keeps it from being restored. */
  constructor(name: string, logic: AnyActorLogic, record: ProgramRecord) {
    this.#name = name
    this.#logic = logic
    this.#record = record
    // XState puts its refs into the snapshot that it is given
    const snapshot = clone(record.snapshot, { id: name, what: 'snapshot' })
    const options = { id: name, owner: undefined, snapshot, maxIterations: 10_000, logger: nothing, clock: stillClock }
    this.#system = new ProgramSystem(logic, options, deaf)
    const { status, error } = this.root.getSnapshot() as { status: string; error?: unknown }
    if (status === 'error' && record.snapshot.status !== 'error') throw error
    this.#system.start()
  }

  get root(): AnyActorRef {
    return this.#system.root
  }

  /** The actor at a path as steps and timers name it; undefined if there is none. */
  find(path: string): AnyActorRef | undefined {
    return this.#system.find(path)
  }

  /** What would be stored of it now. Throws `not_storable`. */
  persisted(): PersistedProgram {
    const snapshot = persistedProgram(this.#system.persisted() as PersistedProgram, this.#name)
    return clone(snapshot, { id: this.#name, what: 'snapshot' }, this.#system.named)
  }

  /** Its pending custom actions, as they would be repeated. Throws `corrupt`, `unknown_format`. */
  *pending(): Iterable<RepeatedAction> {
    const outbox = new ProgramOutbox(this.#name, this.#record)
    for (const pending of outbox.repeated(this.#logic, this.#system)) if (pending.kind === 'action') yield pending
  }

  stop(): void {
    this.#system.stop()
  }
}
