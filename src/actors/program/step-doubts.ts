/**
 * The steps that must not run twice unasked: those whose `onRecovery` is not `rerun`.
 *
 * Owns: what a commit says of each: that it had begun, that it begins only after a further commit, or, if it begins with this very
 * one, nothing; and so which of the restored ones may have begun before. What becomes of these is up to `program-steps.ts`.
 */
import type { StepOutput } from './program-output.js'
import type { StepRecord } from './program-record.js'
import { stepOptionsOf } from './step.js'

const policyOf = ({ logic }: StepOutput) => stepOptionsOf(logic)?.onRecovery ?? 'rerun'

/** Those of one program. */
export class StepDoubts {
  /** True while a process's death, or a commit of which nothing was heard, may have cut off the restored steps. */
  recovering = false
  /** Restored, and may have begun before. */
  #doubtful: Map<StepOutput, 'fail' | 'hold'> | undefined
  /** Of these, the last text says that they begin only after a further commit. */
  #heldBack: Set<StepOutput> | undefined

  /** True for one that is never to run twice unasked. */
  concerns(step: StepOutput): boolean {
    return policyOf(step) !== 'rerun'
  }

  /** A restored step, as the program begins with it. */
  restored(step: StepOutput, { begun = this.recovering ? true : undefined, ...record }: StepRecord): StepRecord {
    const policy = policyOf(step)
    if (policy === 'rerun' || begun !== true) return record
    ;(this.#doubtful ??= new Map()).set(step, policy)
    return { ...record, begun }
  }

  /** It as it is stored; `starts`: it may begin once that is durable. */
  stored(step: StepOutput, record: StepRecord, starts: boolean): StepRecord {
    if (record.begun === true || !this.concerns(step)) return record
    const { begun = starts ? undefined : false, ...rest } = record
    if (begun === undefined) this.#heldBack?.delete(step)
    else (this.#heldBack ??= new Set()).add(step)
    return begun === undefined ? rest : { ...rest, begun }
  }

  /** True if what is stored, or is just being stored, says that it has not begun. */
  isHeldBack(step: StepOutput): boolean {
    return this.#heldBack?.has(step) ?? false
  }

  has(step: StepOutput): boolean {
    return this.#doubtful?.has(step) ?? false
  }

  /** Those that a person is asked about, all at once; from now on they are in doubt no longer. */
  takeHeld(): readonly StepOutput[] {
    const doubtful = this.#doubtful
    if (!doubtful) return []
    const held = [...doubtful].flatMap(([step, policy]) => (policy === 'hold' && step.isActive() ? [step] : []))
    for (const step of held) doubtful.delete(step)
    return held
  }

  left(step: StepOutput): void {
    this.#doubtful?.delete(step)
    this.#heldBack?.delete(step)
  }
}
