/**
 * Checks that every step starts only after the commit that caused it is durable.
 *
 * Owns: the last durable state of each execution, and each start that contradicts it: before the commit that holds the cause, after
 * a commit that holds the step's end, in an attempt that is over, or after the end of the execution; which steps a cancel did not wait
 * for; and which programs had ended by themselves when a cancel reached them.
 */
import { splitState } from '../../actors/execution/stored-state.js'
import { programOf } from '../../actors/program/stored-program.js'
import type { Commit } from '../../persistence/snapshot-store.js'
import { isTerminal, type ExecutionStatus } from '../../events/execution-status.js'

/** A step that began as it must not. */
export interface Breach {
  readonly execution: string
  readonly what: string
  /** It is a cancel that met the end of the program. */
  readonly isRace?: true
}

/** The start of one attempt of a step. */
export interface Beginning {
  readonly execution: string
  readonly step: string
  readonly idempotencyKey: string
  readonly attempt: number
  /** It only waits for another execution, so that nothing waits for it. */
  readonly waits: boolean
  /** Fires when the step is to stop. */
  readonly signal: AbortSignal
}

interface LastCommit {
  readonly status: ExecutionStatus
  readonly state: string
  readonly at: number
}

/** The oracle of one world. */
export class CommitOracle {
  readonly breaches: Breach[] = []
  readonly #states = new Map<string, LastCommit>()

  /** Executions in which a step was tried again. */
  readonly #retried = new Set<string>()
  /** The furthest attempt of a step that was ever durable, by its key. */
  readonly #attempts = new Map<string, number>()

  /** Executions whose program got the event to make good what it has done, and the state that did not take it, if so. */
  readonly #compensating = new Map<string, { readonly untakenIn?: unknown }>()

  /** The steps in flight, by key. */
  readonly #running = new Map<string, Beginning>()

  /** A commit is durable. */
  committed({ id: execution, status, state, updatedAt }: Commit): void {
    if (status === 'cancelled' || status === 'cancelling') this.#raced(execution, status, state)
    this.#states.set(execution, { status, state, at: updatedAt })
    if (status === 'cancelled') this.#cancelled(execution, state, updatedAt)
    if (!this.#retried.has(execution)) return
    for (const [key, attempt] of stepsOf(execution, state))
      this.#attempts.set(key, Math.max(attempt, this.#attempts.get(key) ?? 1))
  }

  /** A program that had not ended got its cancel event; `untakenIn`: the state of its machine, if the event is lost on that. */
  compensates(execution: string, untakenIn?: unknown): void {
    this.#compensating.set(execution, untakenIn === undefined ? {} : { untakenIn })
  }

  /** The state in which a cancel event was lost on a program's machine; undefined if it was not, or if it got none. */
  untakenIn(execution: string): unknown {
    return this.#compensating.get(execution)?.untakenIn
  }

  /** A step begins. */
  begins(beginning: Beginning): void {
    this.#running.set(beginning.idempotencyKey, beginning)
    if (beginning.attempt > 1) this.#retried.add(beginning.execution)
    const wrong = this.#wrong(beginning)
    if (wrong !== undefined) this.breaches.push({ execution: beginning.execution, what: `step ${beginning.step} ${wrong}` })
  }

  /** An attempt of a step has ended. */
  ended(idempotencyKey: string, now: number): void {
    const beginning = this.#running.get(idempotencyKey)
    this.#running.delete(idempotencyKey)
    if (!beginning || beginning.signal.aborted || beginning.waits) return
    const { execution, step } = beginning
    const last = this.#states.get(execution)
    // in the turn of the commit itself the signal is still on its way
    if (last && last.at < now && stopsAtOnce(execution, last))
      this.breaches.push({ execution, what: `step ${step} was not told to stop, though its execution was ${last.status}` })
  }

  /** The process is dead. */
  died(): void {
    this.#running.clear()
  }

  /** A program that has ended by itself is past being cancelled: nothing of it is made good any more. */
  #raced(execution: string, status: ExecutionStatus, state: string): void {
    const { program } = splitState(state, execution)
    const before = this.#states.get(execution)?.status
    if (program === undefined || this.#compensating.has(execution) || before === status || before === 'cancelling') return
    const how = programOf(program, execution).snapshot.status
    if (how !== 'done') return
    const what = `its program had completed when it was told to be ${status}: the outcome is another one than the program's, and nothing is made good`
    this.breaches.push({ execution, what, isRace: true })
  }

  /** One that compensates lets its program go on: what that has left is not waited for. */
  #cancelled(execution: string, state: string, now: number): void {
    const { compensates, limits } = splitState(state, execution).lifecycle.context
    if (compensates || limits.stopBy === undefined || now >= limits.stopBy) return
    for (const { execution: of, step, waits } of this.#running.values())
      if (of === execution && !waits)
        this.breaches.push({ execution, what: `step ${step} was in flight when its execution had ended as cancelled` })
  }

  #wrong({ execution, idempotencyKey, attempt }: Beginning): string | undefined {
    const last = this.#states.get(execution)
    if (!last) return 'began before its execution was accepted'
    if (isTerminal(last.status)) return `began after its execution had ended as ${last.status}`
    if (!stepsOf(execution, last.state).has(idempotencyKey))
      return `began under the key ${idempotencyKey}, which the last commit does not hold: its cause is not durable, or its end is`
    const durable = this.#attempts.get(idempotencyKey) ?? 1
    return attempt < durable ? `began in attempt ${attempt}, though attempt ${durable} was durable` : undefined
  }
}

/** True where the signals of the steps in flight are to fire: those that the program has kept. */
function stopsAtOnce(execution: string, { status, state }: LastCommit): boolean {
  if (status !== 'pausing' && status !== 'cancelling') return false
  const { compensates, pause } = splitState(state, execution).lifecycle.context
  return status === 'cancelling' ? !compensates : pause?.mode === 'now'
}

/** The attempts of the steps that a durable state holds as begun or about to be, by their keys. */
function stepsOf(execution: string, state: string): Map<string, number> {
  const { program } = splitState(state, execution)
  const steps = program === undefined ? {} : (programOf(program, execution).steps ?? {})
  return new Map(Object.entries(steps).map(([path, { visit, attempt }]) => [`${execution}/${path}#${visit}`, attempt]))
}
