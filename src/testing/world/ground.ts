/**
 * What the steps of a world stand on: that each begins only as the last commit of its execution says.
 *
 * Owns: the last durable state of each execution, and what was begun against it: before the commit that holds its cause, after
 * one that holds its end, in an attempt that is over, or after the end of all.
 */
import { programOf, splitState } from '../../actors/execution-state.js'
import { isTerminal, type ExecutionStatus } from '../../events/execution-status.js'

/** A step that began as it must not. */
export interface Breach {
  readonly execution: string
  readonly what: string
}

/** The start of one attempt of a step. */
export interface Beginning {
  readonly execution: string
  readonly step: string
  readonly idempotencyKey: string
  readonly attempt: number
}

/** The ground of one world. */
export class Ground {
  readonly breaches: Breach[] = []
  readonly #states = new Map<string, { readonly status: ExecutionStatus; readonly state: string }>()

  /** A commit is durable. */
  committed(execution: string, status: ExecutionStatus, state: string): void {
    this.#states.set(execution, { status, state })
  }

  /** A step begins. */
  begins(beginning: Beginning): void {
    const wrong = this.#wrong(beginning)
    if (wrong !== undefined) this.breaches.push({ execution: beginning.execution, what: `step ${beginning.step} ${wrong}` })
  }

  #wrong({ execution, idempotencyKey, attempt }: Beginning): string | undefined {
    const last = this.#states.get(execution)
    if (!last) return 'began before its execution was accepted'
    if (isTerminal(last.status)) return `began after its execution had ended as ${last.status}`
    const { program } = splitState(last.state, execution)
    const steps = program === undefined ? {} : (programOf(program, execution).steps ?? {})
    const held = Object.entries(steps).find(([path, { visit }]) => idempotencyKey === `${execution}/${path}#${visit}`)?.[1]
    if (!held)
      return `began under the key ${idempotencyKey}, which the last commit does not hold: its cause is not durable, or its end is`
    return attempt < held.attempt ? `began in attempt ${attempt}, though attempt ${held.attempt} was durable` : undefined
  }
}
