/**
 * What outlives the processes of a simulated world: its time, its story, its steps' mocks and calls, its points.
 *
 * Owns: putting them together, and which process lives. Does not know: what a process is made of (`test-runtime.ts`,
 * `naive-runtime.ts`).
 */
import type { AnyActorLogic } from 'xstate'
import type { EntryPoint } from '../../runtime/entry-point.js'
import { StatewardError } from '../../errors.js'
import type { SimulatedClock } from '../clock/simulated-clock.js'
import { Activity } from './activity.js'
import type { CommitOracle } from './commit-oracle.js'
import { HeldStep, type HoldOptions } from './held-step.js'
import { History, type HistoryEntry, type Transition } from './history.js'
import { Life } from './process-life.js'
import type { MockBehaviour } from './mock-behaviour.js'
import { Points, type Point } from './points.js'
import { shortText } from './readable.js'
import { Script, StepCalls, type StepCall } from './step-calls.js'
import { TimeDriver } from './time-driver.js'

/** What a world is made with. */
export interface WorldOptions extends Watch {
  readonly clock: SimulatedClock
  /** The names that can be mocked. */
  readonly names: ReadonlySet<string>
  describe(): Promise<string>
  /** Whether the store holds something that is due one day; default: never. */
  isDue?: () => Promise<boolean>
}

/** What looks at a world from outside. */
export interface Watch {
  /** Told of each point; may kill the process that came there. */
  readonly onPoint?: ((point: Point) => void) | undefined
  /** What its steps are held against; it costs a decoding a step. */
  readonly oracle?: CommitOracle | undefined
  /** Makes the entry points of each process but the first; default: they are the same ones. */
  readonly fresh?: (() => readonly EntryPoint[]) | undefined
}

/** One world. */
export class World {
  readonly clock: SimulatedClock
  readonly activity = new Activity()
  readonly points: Points
  readonly time: TimeDriver
  readonly calls: StepCalls
  readonly oracle: CommitOracle | undefined
  readonly entries: HistoryEntry[] = []
  life: Life
  /** Of the actors that can be mocked. */
  readonly names: ReadonlySet<string>
  readonly #scripts = new Map<string, Script>()
  readonly #replacements = new Map<string, AnyActorLogic>()
  readonly #began: number

  constructor({ clock, names, describe, isDue = () => Promise.resolve(false), onPoint, oracle }: WorldOptions) {
    this.clock = clock
    this.names = names
    this.#began = clock.now()
    this.points = new Points(() => clock.now(), onPoint)
    this.oracle = oracle
    this.time = new TimeDriver({
      clock,
      activity: this.activity,
      describe,
      isDue,
      entryCount: () => this.entries.length,
      isDead: () => this.life.isDead,
    })
    this.life = new Life(1, clock)
    this.calls = new StepCalls({
      activity: this.activity,
      mock: (step) => this.#scripts.get(step),
      began: (call) =>
        this.tell(call.execution, `${label(call)} begins${call.input === undefined ? '' : ` with ${shortText(call.input)}`}`),
      ended: (call) => this.#ended(call),
    })
  }

  /** Writes a line of the story. */
  tell(execution: string | null, text: string, transition?: Transition): void {
    this.activity.moved()
    this.entries.push({ at: this.clock.now() - this.#began, execution, text, ...(transition ? { transition } : {}) })
  }

  get history(): History {
    return new History([...this.entries])
  }

  /** Replaces what actors of that name do. Throws `invalid_option` for a name that no program knows. */
  mock(name: string, behaviour: MockBehaviour | AnyActorLogic, further: readonly MockBehaviour[] = []): void {
    this.#refuseUnknown(name)
    const given = [behaviour, ...further]
    const wrong = given.findIndex((each) => typeof each !== 'function' && !isLogic(each))
    if (wrong >= 0) throw noBehaviour(name, given[wrong])
    if (typeof behaviour === 'function') {
      this.#replacements.delete(name)
      this.#scripts.set(name, new Script([behaviour, ...further]))
    } else {
      this.#scripts.delete(name)
      this.#replacements.set(name, behaviour)
    }
  }

  /** Replaces what actors of that name do by nothing, until the test says so. */
  hold(name: string, options?: HoldOptions): HeldStep {
    const held = new HeldStep(name, () => this.time.settle(), options)
    this.mock(name, held.behaviour as MockBehaviour)
    return held
  }

  isMocked(name: string): boolean {
    return this.#scripts.has(name)
  }

  replacement(name: string): AnyActorLogic | undefined {
    return this.#replacements.get(name)
  }

  /** The process that lives is killed. */
  kill(): void {
    if (this.life.isDead) return
    this.tell(null, this.life.isLeaving ? '■ the process has stopped' : '✗ the process is killed')
    this.life.kill()
    this.calls.lose(this.life)
    this.oracle?.died()
  }

  /** Another process begins. */
  begin(): Life {
    this.life = new Life(this.life.n + 1, this.clock)
    this.tell(null, '↻ another process begins')
    return this.life
  }

  #ended(call: StepCall): void {
    const { execution, step } = call
    this.points.reach('step end', 'before', execution, step)
    this.oracle?.ended(call.idempotencyKey, this.clock.now())
    if (this.life.isDead) return
    const how =
      call.status === 'done'
        ? `done${call.output === undefined ? '' : `: ${shortText(call.output)}`}`
        : `failed: ${shortText(call.error)}`
    this.tell(execution, `${label(call)} ${how}`)
    this.points.reach('step end', 'after', execution, step)
  }

  #refuseUnknown(name: string): void {
    if (this.names.has(name)) return
    const known = [...this.names].toSorted()
    throw new StatewardError(
      'invalid_option',
      `No program has an actor named '${name}'; there ${known.length === 0 ? 'are none' : `are: ${known.join(', ')}`}.`,
      { details: { name, known } },
    )
  }
}

const isLogic = (value: unknown) => typeof value === 'object' && value !== null && 'transition' in value

function noBehaviour(name: string, given: unknown): StatewardError {
  const message = `The mock of '${name}' is given ${shortText(given)}; it must be given functions, such as \`returns(output)\`, or actor logic.`
  return new StatewardError('invalid_option', message, { details: { option: 'behaviour', name } })
}

const label = ({ step, attempt }: StepCall) => (attempt > 1 ? `step ${step} (attempt ${attempt})` : `step ${step}`)
