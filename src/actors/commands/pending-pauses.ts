/**
 * Pauses that are on their way to an execution: what it has started is being paused first. And resumes, which wake that last.
 *
 * Owns: that a resume takes such a pause back, as it does one that the execution itself has heard of; that a pause begins when the
 * resumes before it are through. Does not know: how a
 * pause gets there, or what answers (the router). Of those that another process has on their way nothing is known here, until they
 * are read in the durable inbox.
 */
import { isHeldUp } from '../../errors.js'
import type { Command, CommandOutcome } from '../../events/outcomes.js'
import type { CommandProgress } from './answer-time.js'

type Scope = Command['intervention']['scope']

/** One pause. */
export class PendingPause {
  readonly scope: Scope
  /** Of one that stands in the durable inbox: resolves once it has its answer, with which it leaves that. */
  readonly through: Promise<void> | undefined
  /** Resolves once a resume has taken it back; never if none does. */
  readonly takenBack: Promise<void>
  /** Of one that was asked for here. */
  readonly progress: CommandProgress | undefined
  /** True until it is known what stands in the durable inbox: that came before it. */
  isLooking: boolean
  /** True once the execution is told: from then on the commands that it gets one after the other decide. */
  isDelivered = false
  /** The resume that is to take it back: what it comes to. */
  resume: Promise<CommandOutcome> | undefined
  #isTakenBack!: () => void
  #isPlaced = false
  readonly #placed: Promise<void>
  #place!: () => void
  #end: () => void = () => undefined

  /** `progress`: undefined for one that stands in the durable inbox. */
  constructor(scope: Scope, progress: CommandProgress | undefined) {
    this.scope = scope
    this.progress = progress
    this.isLooking = progress !== undefined
    this.takenBack = new Promise((resolve) => (this.#isTakenBack = resolve))
    this.#placed = new Promise((resolve) => (this.#place = resolve))
    if (!progress) this.through = new Promise((resolve) => (this.#end = resolve))
  }

  /** It is where the execution is told one command after the other: what comes from now on comes after it. */
  placed(): void {
    this.#isPlaced = true
    this.#place()
  }

  /** It is told, and has no place yet: resolves once it has one. Undefined: it is not told, or has its place. */
  get placing(): Promise<void> | undefined {
    return this.isDelivered && !this.#isPlaced ? this.#placed : undefined
  }

  /** It has its answer. */
  ended(): void {
    this.placed()
    this.#end()
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
  /** Resolves when the resumes of an execution that have begun are through: with its error if the last one was held up by another's lock. */
  readonly #resumes = new Map<string, Promise<unknown>>()

  /** A resume is on its way; returns it. */
  resuming<T>(id: string, resume: Promise<T>): Promise<T> {
    const through: Promise<unknown> = Promise.allSettled([this.#resumes.get(id), resume]).then(([, own]) => {
      if (this.#resumes.get(id) === through) this.#resumes.delete(id)
      return own.status === 'rejected' && isHeldUp(own.reason) ? own.reason : undefined
    })
    this.#resumes.set(id, through)
    return resume
  }

  /** Resolves when those that have begun are through, with the error of a lock that has held up the last one; undefined if there is none. */
  resumesOf(id: string): Promise<unknown> | undefined {
    return this.#resumes.get(id)
  }

  /** `progress`: undefined for one that stands in the durable inbox. */
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

  /** Whether there is one that a resume of that scope concerns. */
  has(id: string, scope: Scope): boolean {
    return this.of(id).some((pause) => isOf(pause, scope))
  }

  /** All that are on their way to it. */
  of(id: string): readonly PendingPause[] {
    return [...(this.#all.get(id) ?? [])]
  }
}

/** A resume from above wakes what a pause from there has stopped; one of its own whatever has. */
export function isOf(pause: { readonly scope?: Scope }, scope: Scope): boolean {
  return scope === undefined || pause.scope === scope
}
