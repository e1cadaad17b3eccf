/**
 * Every attempt of every step of a world, and what became of it.
 *
 * Owns: the records; that a mock's behaviours are given out by call, a call that a crash repeats getting the same one again;
 * that nothing comes of a step whose process is dead.
 */
import type { StepAttempt } from '../../actors/program/step.js'
import { waitsForExecution } from '../../actors/program/step.js'
import { StatewardError } from '../../errors.js'
import type { Activity } from './activity.js'
import type { Life } from './process-life.js'
import type { MockArguments, MockBehaviour } from './mock-behaviour.js'
import { never } from './shared-store.js'

/** One attempt of a step. Times are simulated, in ms since the epoch. */
export interface StepCall {
  /** The name of its logic. */
  readonly step: string
  readonly path: string
  readonly execution: string
  readonly idempotencyKey: string
  readonly attempt: number
  readonly input: unknown
  readonly startedAt: number
  /** Which process ran it, from 1. */
  readonly process: number
  /** `lost`: its process died, whatever it did is not known. */
  readonly status: 'running' | 'done' | 'failed' | 'lost'
  readonly output?: unknown
  readonly error?: unknown
}

type Open = { -readonly [K in keyof StepCall]: StepCall[K] }

/** What a step is and who runs it. */
export interface RunningStep {
  readonly life: Life
  readonly step: string
  readonly logic: object
  readonly execution: string
  readonly path: string
}

/** Told when a step begins and ends; `ended` may kill the process. */
export interface StepCallPort {
  readonly activity: Activity
  mock(step: string): Script | undefined
  began(call: StepCall): void
  ended(call: StepCall): void
}

/** The behaviours of one mock, and which call got which. */
export class Script {
  readonly #behaviours: readonly MockBehaviour[]
  readonly #calls = new Map<string, number>()

  constructor(behaviours: readonly MockBehaviour[]) {
    this.#behaviours = behaviours
  }

  /**
   * The call's number, from 1, and what it does; the last behaviour is that of all further calls.
   *
   * `round`: the attempt of the execution, which begins a step that failed it again, under its key.
   */
  take({ idempotencyKey, attempt }: StepCall, round: string): { call: number; behaviour: MockBehaviour } {
    const key = `${round} ${attempt} ${idempotencyKey}`
    const call = this.#calls.get(key) ?? this.#calls.size + 1
    this.#calls.set(key, call)
    return { call, behaviour: this.#behaviours[Math.min(call, this.#behaviours.length) - 1] as MockBehaviour }
  }
}

/** The calls of one world. */
export class StepCalls {
  readonly all: StepCall[] = []
  readonly #port: StepCallPort
  /** In which attempt each execution stands, and how often it has come to its last one, as far as that is durable. */
  readonly #rounds = new Map<string, { readonly attempt: number; readonly exhausted: number }>()

  constructor(port: StepCallPort) {
    this.#port = port
  }

  /** Runs an attempt: by its mock, if there is one now, else as it is. */
  async run(running: RunningStep, attempt: StepAttempt): Promise<unknown> {
    const { life, step, path, execution } = running
    if (life.isDead) return never()
    const { activity } = this.#port
    const call: Open = {
      step,
      path,
      execution,
      idempotencyKey: attempt.context.idempotencyKey,
      attempt: attempt.attempt,
      input: attempt.input,
      startedAt: life.clock.now(),
      process: life.n,
      status: 'running',
    }
    this.all.push(call)
    this.#port.began(call)
    if (life.isDead) return never()
    try {
      const output = await this.#body(running, call, attempt)
      return this.#ended(life, Object.assign(call, { status: 'done', output } as const)) ? output : never()
    } catch (error) {
      if (!this.#ended(life, Object.assign(call, { status: 'failed', error } as const))) return never()
      throw error
    } finally {
      activity.moved()
    }
  }

  /** It is durable in which attempt an execution stands: what its steps do after a failure is no repetition. */
  attempted(execution: string, attempt: number, isExhausted: boolean): void {
    const exhausted = (this.#rounds.get(execution)?.exhausted ?? 0) + (isExhausted ? 1 : 0)
    this.#rounds.set(execution, { attempt, exhausted })
  }

  #round(execution: string): string {
    const { attempt = 1, exhausted = 0 } = this.#rounds.get(execution) ?? {}
    return `${attempt} ${exhausted}`
  }

  /** The steps in flight of a process that has died. */
  lose(life: Life): void {
    for (const call of this.all as Open[]) if (call.process === life.n && call.status === 'running') call.status = 'lost'
  }

  #ended(life: Life, call: Open): boolean {
    if (!life.isDead) this.#port.ended(call)
    if (life.isDead) call.status = 'lost'
    return !life.isDead
  }

  #body({ life, logic, step }: RunningStep, call: Open, attempt: StepAttempt): unknown {
    const { activity } = this.#port
    const script = this.#port.mock(step)
    // one that waits for another execution does nothing itself
    if (!script && waitsForExecution(logic)) return attempt.run()
    const work = this.#busyUntilDeath(life, `step ${step} of ${call.execution}`)
    const pausing = <T>(wait: PromiseLike<T>) => work.pausing(wait)
    const run = async () => {
      if (!script) return attempt.run()
      const { behaviour, call: n } = script.take(call, this.#round(call.execution))
      const { context, input, signal, self } = attempt
      const args: MockArguments<unknown> = {
        input,
        signal,
        self,
        attempt: call.attempt,
        idempotencyKey: call.idempotencyKey,
        executionId: call.execution,
        stream: (chunk) => context.stream(call.attempt, chunk),
        progress: context.progress,
        logger: context.logger,
        call: n,
        sleep: (ms) => pausing(asleep(life, ms, signal)),
        forever: () => pausing(aborted(signal)),
        waitFor: (what) => pausing(what),
      }
      return behaviour(args)
    }
    return run().finally(() => {
      activity.moved()
      work.over()
    })
  }

  /** Takes real time, but while it waits for simulated time. */
  #busyUntilDeath(life: Life, what: string) {
    const { activity } = this.#port
    let isOver = false
    let pauses = 0
    let end = activity.real(what)
    const over = () => {
      isOver = true
      end()
    }
    void life.death.then(over)
    return {
      over,
      async pausing<T>(wait: PromiseLike<T>): Promise<T> {
        if (++pauses === 1) end()
        try {
          return await wait
        } finally {
          if (--pauses === 0 && !isOver) end = activity.real(what)
        }
      },
    }
  }
}

function asleep(life: Life, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => (life.clock.clearTimeout(timer), reject(signal.reason as Error))
    const timer = life.clock.setTimeout(() => (signal.removeEventListener('abort', stop), resolve()), ms)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () =>
      reject((signal.reason as Error | undefined) ?? new StatewardError('step_interrupted', 'The step was left.'))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}
