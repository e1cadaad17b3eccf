/**
 * Tells that a run of a path went another way than its walk.
 *
 * Owns: the error `path_diverged`, and its words: which path, which step of it, in which run, what was expected and found.
 */
import { StatewardError } from '../../errors.js'
import { stateText, shortText } from '../world/readable.js'
import type { ExecutionPath } from './execution-path.js'
import type { Pending } from './pending.js'
import { differenceOf, type ContextPart, type FoundState, type PathState } from './path-state.js'

/** Of one run of one path. */
export class Divergence {
  readonly #entryPoint: string
  readonly #path: Pick<ExecutionPath, 'description' | 'steps'>
  readonly #crashes: readonly number[]
  readonly #story: () => readonly string[]

  constructor(
    entryPoint: string,
    path: Pick<ExecutionPath, 'description' | 'steps'>,
    crashes: readonly number[],
    story: () => readonly string[],
  ) {
    this.#entryPoint = entryPoint
    this.#path = path
    this.#crashes = crashes
    this.#story = story
  }

  /** Fails where a step of the path could not be made at all. */
  async guard<T>(step: number, make: () => Promise<T>): Promise<T> {
    try {
      return await make()
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw this.#error(step, false, `it could not be made: ${why}`, { cause })
    }
  }

  /** Fails where the two differ. */
  check(step: number, restarted: boolean, wanted: PathState, found: FoundState, part: ContextPart): void {
    const what = differenceOf(wanted, found, part)
    if (what === undefined) return
    const [expected, actual] = [text(wanted, what, part), text(found, what, part)]
    const failure = found.failure ? ` (${found.failure.message})` : ''
    const said = `expected ${what} ${expected}, found ${actual}${failure}`
    throw this.#error(step, restarted, said, { details: { what, expected, found: actual } })
  }

  /** Fails where other timers are set, or other steps in flight. */
  checkPending(step: number, restarted: boolean, wanted: Pending, found: Pending): void {
    for (const what of ['timers', 'steps'] as const) {
      const [expected, actual] = [wanted[what].join(', ') || 'none', found[what].join(', ') || 'none']
      if (expected === actual) continue
      const said =
        what === 'timers' ? `expected timers ${expected}, found ${actual}` : `expected in flight ${expected}, found ${actual}`
      throw this.#error(step, restarted, said, { details: { what, expected, found: actual } })
    }
  }

  #error(step: number, restarted: boolean, said: string, more: { details?: object; cause?: unknown }): StatewardError {
    const { description, steps } = this.#path
    const after = step === 0 ? 'at its start' : `at step ${step} of ${steps.length} (${steps[step - 1]?.description})`
    const crashedAfter = this.#crashes.filter((crash) => crash < step || (crash === step && restarted))
    const details = {
      entryPoint: this.#entryPoint,
      path: description,
      step,
      crashedAfter,
      ...more.details,
      history: this.#story(),
    }
    const why = more.details ? ` ${hint(crashedAfter)}` : ''
    const message = `Path ${description} of ${this.#entryPoint} diverged ${after}${inRun(crashedAfter)}: ${said}.${why}`
    return new StatewardError('path_diverged', message, { details, ...('cause' in more ? { cause: more.cause } : {}) })
  }
}

function inRun(crashes: readonly number[]): string {
  if (crashes.length === 0) return ''
  return crashes.length === 1 ? `, restarted after step ${crashes[0]}` : ', restarted after each of its steps'
}

const hint = (crashes: readonly number[]) =>
  crashes.length === 0
    ? 'The machine went another way than when it was walked: a guard, an assignment or a delay goes by something that is not in its state and its events, or a custom action sends something.'
    : 'Without the restart it went the right way: something that it goes by is not in what is stored.'

function text(state: FoundState, what: string, part: ContextPart): string {
  if (what === 'state') return stateText(state.value)
  if (what === 'context') return shortText(part ? part(state.context) : state.context, 400)
  if (what === 'output') return shortText(state.output, 400)
  return state.status
}
