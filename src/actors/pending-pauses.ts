/**
 * Pauses that are on their way to an execution: what it has started is being paused first. And resumes, which wake that last.
 *
 * Owns: that a resume takes such a pause back, as it does one that the execution itself has heard of; that a pause begins when the
 * resumes before it are through. Does not know: how a
 * pause gets there, or what answers (the router). Of those that another process has on their way nothing is known here.
 */
import type { Command, CommandOutcome } from '../events/outcomes.js'

type Scope = Command['intervention']['scope']

/** One pause. */
export class PendingPause {
  readonly scope: Scope
  /** Of one that stands in the durable inbox: resolves once it has its answer, with which it leaves that. */
  readonly through: Promise<void> | undefined
  /** Resolves once a resume has taken it back; never if none does. */
  readonly takenBack: Promise<void>
  /** True once the execution is told: from then on the commands that it gets one after the other decide. */
  isTold = false
  /** What the resume comes to that is to take it back. */
  resume: Promise<CommandOutcome> | undefined
  #isTakenBack!: () => void
  /** It has its answer. */
  end: () => void = () => undefined

  /** `isKept`: it stands in the durable inbox. */
  constructor(scope: Scope, isKept: boolean) {
    this.scope = scope
    this.takenBack = new Promise((resolve) => (this.#isTakenBack = resolve))
    if (isKept) this.through = new Promise((resolve) => (this.end = resolve))
  }

  /** A resume came that concerns it. */
  takeBack(resume: Promise<CommandOutcome>): void {
    this.resume = resume
    // one that comes to nothing takes nothing back
    resume.then(({ status }) => status === 'resumed' && this.#isTakenBack()).catch(() => undefined)
  }
}

/** Those of one router, by execution. */
export class PendingPauses {
  readonly #all = new Map<string, Set<PendingPause>>()
  /** Resolves when the resumes of an execution that have begun are through, well or not. */
  readonly #resumes = new Map<string, Promise<unknown>>()

  /** A resume is on its way; returns it. */
  resuming<T>(id: string, resume: Promise<T>): Promise<T> {
    const through: Promise<unknown> = Promise.allSettled([this.#resumes.get(id), resume]).finally(() => {
      if (this.#resumes.get(id) === through) this.#resumes.delete(id)
    })
    this.#resumes.set(id, through)
    return resume
  }

  /** Resolves when those that have begun are through; undefined if there is none. */
  resumesOf(id: string): Promise<unknown> | undefined {
    return this.#resumes.get(id)
  }

  /** `isKept`: it stands in the durable inbox. */
  begin(id: string, scope: Scope, isKept = false): PendingPause {
    const pause = new PendingPause(scope, isKept)
    const pauses = this.#all.get(id) ?? new Set()
    this.#all.set(id, pauses.add(pause))
    return pause
  }

  /** It has its answer. */
  end(id: string, pause: PendingPause): void {
    const pauses = this.#all.get(id)
    pauses?.delete(pause)
    pause.end()
    if (pauses?.size === 0) this.#all.delete(id)
  }

  /** Whether there is one that a resume of that scope concerns. */
  has(id: string, scope: Scope): boolean {
    return [...(this.#all.get(id) ?? [])].some((pause) => isOf(pause, scope))
  }

  /** What a resume that comes now takes back: what the execution has not been told. */
  takenBack(id: string, scope: Scope): readonly PendingPause[] {
    return [...(this.#all.get(id) ?? [])].filter((pause) => !pause.isTold && isOf(pause, scope))
  }
}

/** A resume from above wakes what a pause from there has stopped; one of its own whatever has. */
function isOf(pause: PendingPause, scope: Scope): boolean {
  return scope === undefined || pause.scope === scope
}
