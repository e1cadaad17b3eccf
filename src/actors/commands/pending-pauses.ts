/**
 * Pauses on their way to an execution, whose children are paused first; and resumes, which reach the children last.
 *
 * Owns: a resume undoes such a pause like one that has reached the execution; a pause begins when the
 * resumes before it are complete. Does not know: how a pause reaches the execution, or who answers (the router). The pauses
 * of other processes are known here only once they are read in the durable inbox.
 */
import { heldUpBy } from '../../errors.js'
import type { Command, CommandOutcome } from '../../events/outcomes.js'
import type { CommandProgress } from './answer-time.js'

type Scope = Command['intervention']['scope']

/** One pause. */
export class PendingPause {
  readonly scope: Scope
  /** For a pause in the durable inbox: resolves once it has its answer, and so has left the inbox. */
  readonly through: Promise<void> | undefined
  /** Resolves once a resume has undone the pause; never if none does. */
  readonly takenBack: Promise<void>
  /** For a pause that was asked for here. */
  readonly progress: CommandProgress | undefined
  /** True until the durable inbox was read, whose messages came before the pause. */
  isLooking: boolean
  /** True once the pause has reached the execution: from then on the order of the execution's own commands decides. */
  isDelivered = false
  /** The result of the resume that is to undo the pause. */
  resume: Promise<CommandOutcome> | undefined
  #isTakenBack!: () => void
  #isPlaced = false
  readonly #placed: Promise<void>
  #place!: () => void
  #end: () => void = () => undefined

  /** `progress`: undefined for a pause in the durable inbox. */
  constructor(scope: Scope, progress: CommandProgress | undefined) {
    this.scope = scope
    this.progress = progress
    this.isLooking = progress !== undefined
    this.takenBack = new Promise((resolve) => (this.#isTakenBack = resolve))
    this.#placed = new Promise((resolve) => (this.#place = resolve))
    if (!progress) this.through = new Promise((resolve) => (this.#end = resolve))
  }

  /** The pause has reached the execution, which takes one command after the other: later commands come after it. */
  placed(): void {
    this.#isPlaced = true
    this.#place()
  }

  /** Resolves once a pause that is on its way to the execution has its place there; undefined: it is not on its way, or has its place. */
  get placing(): Promise<void> | undefined {
    return this.isDelivered && !this.#isPlaced ? this.#placed : undefined
  }

  /** It has its answer. */
  ended(): void {
    this.placed()
    this.#end()
  }

  /** A resume came that concerns the pause. */
  takeBack(resume: Promise<CommandOutcome>): void {
    this.resume = resume
    // a resume without effect undoes nothing
    resume.then(({ status }) => status === 'resumed' && this.#isTakenBack()).catch(() => undefined)
  }
}

/** The pauses and resumes of one router, by execution. */
export class PendingPauses {
  readonly #all = new Map<string, Set<PendingPause>>()
  /** Resolves when the resumes of an execution that have begun are complete: with an error if another process's lock delayed the last one. */
  readonly #resumes = new Map<string, Promise<unknown>>()

  /** Adds a resume, and returns it. */
  resuming<T>(id: string, resume: Promise<T>): Promise<T> {
    const through: Promise<unknown> = Promise.allSettled([this.#resumes.get(id), resume]).then(([, own]) => {
      if (this.#resumes.get(id) === through) this.#resumes.delete(id)
      return own.status === 'rejected' ? heldUpBy(own.reason) : undefined
    })
    this.#resumes.set(id, through)
    return resume
  }

  /** Resolves when the resumes that have begun are complete, with the error of a lock that delayed the last one; undefined if there are none. */
  resumesOf(id: string): Promise<unknown> | undefined {
    return this.#resumes.get(id)
  }

  /** `progress`: undefined for a pause in the durable inbox. */
  begin(id: string, scope: Scope, progress?: CommandProgress): PendingPause {
    const pause = new PendingPause(scope, progress)
    const pauses = this.#all.get(id) ?? new Set()
    this.#all.set(id, pauses.add(pause))
    return pause
  }

  /** It has its answer. */
  end(id: string, pause: PendingPause): void {
    const pauses = this.#all.get(id)
    pauses?.delete(pause)
    pause.ended()
    if (pauses?.size === 0) this.#all.delete(id)
  }

  /** True if there is a pause that a resume of that scope concerns. */
  has(id: string, scope: Scope): boolean {
    return this.of(id).some((pause) => isOf(pause, scope))
  }

  /** All pauses on their way to the execution. */
  of(id: string): readonly PendingPause[] {
    return [...(this.#all.get(id) ?? [])]
  }
}

/** A resume of a scope undoes only pauses of that scope; a resume of the execution itself undoes every pause. */
export function isOf(pause: { readonly scope?: Scope }, scope: Scope): boolean {
  return scope === undefined || pause.scope === scope
}
