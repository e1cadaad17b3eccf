/**
 * Assertions about executions, for `expect.extend` of vitest and jest.
 *
 * Owns: what each asserts and what it says when that does not hold. Talks to: `matcher-subject.ts` for what is judged.
 */
import { matchesState, type StateValue } from 'xstate'
import { executionStatuses, type ExecutionStatus } from '../../events/execution-status.js'
import type { ExecutionHandle } from '../../runtime/execution-handle.js'
import { stateText } from '../world/readable.js'
import { formatExecution, nameOf, whereItStands } from './execution-text.js'
import { judged, unfit, type MatcherResult, type MatcherSubject } from './matcher-subject.js'
import { isPlainObject } from './normal-form.js'
import { originOf, type ExecutionSnapshot } from './snapshot-form.js'
import { eventText } from './value-text.js'

/** A type of event, or what an event must have at least; its parts may be asymmetric matchers. */
export type EmittedEvent = string | { readonly type: string; readonly [key: string]: unknown }

/**
 * The assertions by name. `TSubject` is what `expect` was given: those about a handle must be awaited. `TResult` is what
 * the others return.
 */
export interface ExecutionMatchers<TSubject = unknown, TResult = void> {
  /** Its state, or a part of it: as `snapshot.matches` of XState takes it, `'a.b'` included. */
  toBeInState(state: StateValue): Asserted<TSubject, TResult>
  toHaveStatus(status: ExecutionStatus): Asserted<TSubject, TResult>
  /**
   * A step's function was called, `times` times or else at least once; retries, and what a crash made to run again, count.
   * Callbacks, observables and child machines are not called. Errors: `invalid_option` for a name that no program knows.
   */
  toHaveRun(step: string, times?: number): Asserted<TSubject, TResult>
  /** The program emitted such an event, or sent it to its parent. */
  toHaveEmitted(event: EmittedEvent): Asserted<TSubject, TResult>
}

type Asserted<TSubject, TResult> = TSubject extends ExecutionHandle ? Promise<void> : TResult

/** What the matchers use of a runner's `this`. */
export interface MatcherContext {
  equals(a: unknown, b: unknown, customTesters?: never[]): boolean
  readonly utils: { readonly subsetEquality: unknown; readonly iterableEquality: unknown }
}

type Answer = MatcherResult | Promise<MatcherResult>

/**
 * The matchers, for `expect.extend(matchers)`. Each takes an execution snapshot or record, or a handle, whose execution is
 * read first: `await expect(order).toBeInState('approval')`.
 *
 * A subject that can't answer, and what is none of what can be asked for, fail the assertion, negated or not, with `invalid_option`.
 *
 * @example
 * ```ts
 * const snapshot = await executionSnapshot(runtime, execution)
 * const context = { equals: Object.is, utils: { subsetEquality: undefined, iterableEquality: undefined } }
 * const answer = await matchers.toBeInState.call(context, snapshot, 'approved')
 * console.log(answer.message().split('\n')[0]) // prints expected execution <id> of tickets to be in approved, but it is waiting in open
 * ```
 */
export const matchers = {
  toBeInState(this: MatcherContext, received: unknown, state: StateValue): Answer {
    if (!isStateValue(state)) throw unfit('toBeInState', `needs a state, such as 'a', 'a.b' or { a: 'b' }`, 'state')
    return judged('toBeInState', received, ({ snapshot }) => {
      const { value } = snapshot
      const pass = value !== undefined && matchesState(state, value)
      return verdict(snapshot, pass, `be in ${stateText(state)}`, `is ${whereItStands(snapshot)}`, {
        actual: value,
        expected: state,
      })
    })
  },

  toHaveStatus(this: MatcherContext, received: unknown, status: ExecutionStatus): Answer {
    if (!executionStatuses.includes(status)) throw unfit('toHaveStatus', `needs one of ${executionStatuses.join(', ')}`, 'status')
    return judged('toHaveStatus', received, ({ snapshot }) => {
      const is = `is ${whereItStands(snapshot)}`
      return verdict(snapshot, snapshot.status === status, `have status ${status}`, is, {
        actual: snapshot.status,
        expected: status,
      })
    })
  },

  toHaveRun(this: MatcherContext, received: unknown, step: string, times?: number): Answer {
    if (typeof step !== 'string' || step === '') throw unfit('toHaveRun', 'needs the name of a step', 'step')
    if (times !== undefined && !(Number.isInteger(times) && times >= 0))
      throw unfit('toHaveRun', `needs a whole number of times from 0, not ${String(times)}`, 'times')
    return judged('toHaveRun', received, ({ snapshot }) => {
      if (!snapshot.ran)
        throw unfit(
          'toHaveRun',
          'knows nothing of what ran: it needs an execution of a TestRuntime, by its handle or `snapshotOf`',
        )
      const ran = snapshot.ran.find((each) => each.step === step)?.times ?? 0
      const actors = originOf(snapshot).actors
      if (ran === 0 && actors && !actors.has(step))
        throw unfit(
          'toHaveRun',
          `is asked for '${step}', which no program knows; there are: ${[...actors].toSorted().join(', ')}`,
        )
      const all = snapshot.ran.map((each) => `${each.step} ${often(each.times)}`).join(', ') || 'nothing'
      const pass = times === undefined ? ran > 0 : ran === times
      return verdict(snapshot, pass, `have run ${step}${times === undefined ? '' : ` ${often(times)}`}`, `ran ${all}`, {
        actual: ran,
        expected: times,
      })
    })
  },

  toHaveEmitted(this: MatcherContext, received: unknown, event: EmittedEvent): Answer {
    // an asymmetric matcher has parts of its own
    if (typeof event === 'string' ? event === '' : !isEventPattern(event))
      throw unfit('toHaveEmitted', 'needs a type, or an event with one', 'event')
    return judged('toHaveEmitted', received, (subject) => {
      const emitted = emittedBy(subject)
      const pattern = typeof event === 'string' ? { type: event } : event
      const testers = [this.utils.iterableEquality, this.utils.subsetEquality] as never[]
      const pass = emitted.some((each) => this.equals(each, pattern, testers))
      const all = emitted.map((each) => eventText(each)).join(', ') || 'nothing'
      return verdict(subject.snapshot, pass, `have emitted ${eventText(pattern)}`, `emitted ${all}`, {
        actual: emitted,
        expected: event,
      })
    })
  },
}

function emittedBy({ snapshot, hasEvents }: MatcherSubject): unknown[] {
  if (!hasEvents)
    throw unfit('toHaveEmitted', 'needs the journal, which a record has not: use the handle, or `executionSnapshot`')
  return snapshot.events.filter(({ type }) => type === 'execution.emitted').map(({ data }) => data)
}

const isEventPattern = (event: unknown) => typeof event === 'object' && event !== null && ('type' in event || '$$typeof' in event)

/** What would match nothing, or everything, is a mistake. */
function isStateValue(state: unknown): state is StateValue {
  if (typeof state === 'string') return state !== ''
  return isPlainObject(state) && Object.values(state).every((inner) => typeof inner === 'string' || isStateValue(inner))
}

const often = (times: number) => (times === 1 ? 'once' : `${times} times`)

function verdict(
  snapshot: ExecutionSnapshot,
  pass: boolean,
  wanted: string,
  found: string,
  compared: Pick<MatcherResult, 'actual' | 'expected'>,
): MatcherResult {
  const message = () =>
    `expected ${nameOf(snapshot)} ${pass ? 'not ' : ''}to ${wanted}, but it ${found}\n\n${formatExecution(snapshot)}`
  return { pass, message, ...compared }
}
