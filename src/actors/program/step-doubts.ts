/**
 * The steps that must not run twice without being asked for: steps whose `onRecovery` is not `rerun`.
 *
 * Owns: what a commit says of each step (it had begun; it begins only after a further commit; or nothing, if it begins with this
 * very commit), and so which of the restored steps may have begun before. `program-steps.ts` decides what happens to these.
 */
import type { StepOutput } from './program-output.js'
import type { StepRecord } from './program-record.js'
import { stepOptionsOf } from './step.js'

const policyOf = ({ logic }: StepOutput) => stepOptionsOf(logic)?.onRecovery ?? 'rerun'

/** The doubtful steps of one program. */
export class StepDoubts {
  /** True while the death of a process, or a commit without an answer, may have interrupted the restored steps. */
  recovering = false
  /** Restored steps that may have begun before. */
  #doubtful: Map<StepOutput, 'fail' | 'hold'> | undefined
  /** Steps of which the last stored form says that they begin only after a further commit. */
  #heldBack: Set<StepOutput> | undefined

  /** True for a step that must never run twice without being asked for. */
  concerns(step: StepOutput): boolean {
    return policyOf(step) !== 'rerun'
  }

  /** A restored step, as the program begins. */
  restored(step: StepOutput, { begun = this.recovering ? true : undefined, ...record }: StepRecord): StepRecord {
    const policy = policyOf(step)
    if (policy === 'rerun' || begun !== true) return record
    ;(this.#doubtful ??= new Map()).set(step, policy)
    return { ...record, begun }
  }

  /** The stored form of a step; `starts`: the step may begin once that is durable. */
  stored(step: StepOutput, record: StepRecord, starts: boolean): StepRecord {
    if (record.begun === true || !this.concerns(step)) return record
    const { begun = starts ? undefined : false, ...rest } = record
    if (begun === undefined) this.#heldBack?.delete(step)
    else (this.#heldBack ??= new Set()).add(step)
    return begun === undefined ? rest : { ...rest, begun }
  }

  /** True if the stored form, or the form that is being stored, says that the step has not begun. */
  isHeldBack(step: StepOutput): boolean {
    return this.#heldBack?.has(step) ?? false
  }

  has(step: StepOutput): boolean {
    return this.#doubtful?.has(step) ?? false
  }

  /** The doubtful steps about which a person is asked, all at once; from now on they are no longer in doubt. */
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
