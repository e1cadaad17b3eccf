/**
 * The children of one program: the executions that its steps have started.
 *
 * Owns: which child a step waits for; which children must still be cancelled because their step was left (stored until that is
 * done); and which child of a step comes next.
 */
import { isStatewardError, type StatewardError } from '../../errors.js'
import type { ChildRequest, ChildTurn, StepChildRequest, WhenLeft } from './child-port.js'
import type { AfterCommit } from './after-commit.js'
import type { ProgramPort, ProgramSettings } from './program-port.js'
import type { ProgramRecord } from './program-record.js'
import { settled } from './step-attempts.js'

/** Which child of which step. */
export type StepChild = Pick<ChildRequest, 'key' | 'turn' | 'isAgain'>

interface Wait {
  readonly whenLeft: WhenLeft
  readonly over: Promise<void>
  /** The child that the step waits for, once it is accepted. */
  readonly child: () => string | undefined
}

/** What the steps of one program are made of. */
export interface StepsParts {
  /** Of the execution. */
  readonly id: string
  readonly settings: ProgramSettings
  readonly port: ProgramPort
  readonly afterCommit: AfterCommit
  /** Absent: the program is a fresh one. */
  readonly record: ProgramRecord | undefined
}

/** The children of one program. */
export class StepChildren {
  readonly #id: string
  readonly #settings: ProgramSettings
  readonly #port: ProgramPort
  readonly #afterCommit: AfterCommit
  // most programs have no children: these are made with the first one
  /** By the key of the step that waits. */
  #waits: Map<string, Wait> | undefined
  #leaving: Set<string> | undefined
  #stop: AbortController | undefined
  /** True once a step has asked for a child, in any process. */
  #some: boolean
  /** True if children may live for which no step here waits. */
  #unknown: boolean

  constructor({ id, settings, port, afterCommit, record }: StepsParts) {
    this.#id = id
    this.#settings = settings
    this.#port = port
    this.#afterCommit = afterCommit
    this.#some = this.#unknown = record?.children === true
    if (record?.leaving) this.#leaving = new Set(record.leaving)
  }

  /** The stored form. */
  get record(): Pick<ProgramRecord, 'children' | 'leaving'> {
    return {
      ...(this.#some ? { children: true } : {}),
      ...(this.#leaving && this.#leaving.size > 0 ? { leaving: [...this.#leaving] } : {}),
    }
  }

  /** True if a child may live. */
  get some(): boolean {
    return this.#unknown || (this.#waits?.size ?? 0) > 0 || (this.#leaving?.size ?? 0) > 0
  }

  /** The accepted children that steps wait for now. */
  get awaited(): readonly string[] {
    return [...(this.#waits?.values() ?? [])].flatMap(({ child }) => child() ?? [])
  }

  /** A step will ask for a child. */
  expected(): void {
    this.#some = true
  }

  /** Continues to cancel the children that an earlier process had to cancel. */
  resume(): void {
    for (const key of this.#leaving ?? []) this.#cancelLater(key, Promise.resolve())
  }

  /** Starts the child of a step, or finds it. `noted` gets the child, and the next one if this one has failed for good. */
  start({ key, turn, isAgain }: StepChild, asked: StepChildRequest, noted: (turn: ChildTurn) => void): Promise<unknown> {
    let current = turn
    let child: string | undefined
    const { signal: stop } = (this.#stop ??= new AbortController())
    const signal = AbortSignal.any([asked.signal, stop])
    const accepted = (n: number, id: string) => {
      child = id
      noted({ n, ...(current.retryOf === undefined ? {} : { retryOf: current.retryOf }), known: { id, of: this.#id } })
      // stored with the next commit, whatever causes that; until then its id shows that it existed, for as long as the trace is kept
      this.#port.stale()
      current = { n, retryOf: id }
    }
    const outcome = this.#settings.children.start({ ...asked, parentId: this.#id, key, turn, isAgain, signal, accepted })
    const next = () => noted({ n: current.n + 1, ...(current.retryOf === undefined ? {} : { retryOf: current.retryOf }) })
    const heard = outcome.catch((error: unknown) => {
      const hasEnded = isStatewardError(error, 'execution_failed')
      const isTooLate = isStatewardError(error, 'step_timeout') && asked.whenLeft === 'cancel' && current !== turn
      if (hasEnded || isTooLate) next()
      // the step no longer waits for it, as in a pause, and the child may live
      if (!hasEnded) this.#unknown = true
      throw error
    })
    const over = settled(heard)
    const wait: Wait = { whenLeft: asked.whenLeft, over, child: () => child }
    const waits = (this.#waits ??= new Map())
    waits.set(key, wait)
    void over.then(() => waits.get(key) === wait && waits.delete(key))
    return heard
  }

  /** The step is no longer active: once that is durable, its child is cancelled if the step still waits for it. */
  left(key: string): void {
    const wait = this.#waits?.get(key)
    if (!wait || wait.whenLeft === 'leave') return
    ;(this.#leaving ??= new Set()).add(key)
    this.#cancelLater(key, wait.over)
  }

  /** Stops the children that steps wait for, with their parent; resolves once they have stopped. */
  async stop(reason: StatewardError): Promise<void> {
    ;(this.#stop ??= new AbortController()).abort(reason)
    await Promise.all([...(this.#waits?.values() ?? [])].map(({ over }) => over))
  }

  /** No child lives any more that had to end. */
  ended(): void {
    this.#leaving?.clear()
    this.#unknown = false
  }

  #cancelLater(key: string, over: Promise<void>): void {
    this.#afterCommit.run(() => {
      over
        .then(() => this.#settings.children.leave(this.#id, key))
        .then(() => this.#leaving?.delete(key) && this.#port.dirty())
        .catch((error: unknown) => this.#settings.logger(`what execution ${this.#id} has left could not be cancelled yet`, error))
    })
  }
}
