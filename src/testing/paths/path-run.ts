/**
 * Runs a path on the real runtime, and holds what is stored after each step against what was walked.
 *
 * Owns: how each kind of step is made to happen, in which runs there is a crash, and how a difference is told. Talks to: a
 * test runtime of its own for each run. Does not know: how paths are found.
 */
import type { AnyEventObject } from 'xstate'
import type { ExecutionRecord } from '../../actors/execution/execution-record.js'
import type { EntryPoint } from '../../runtime/entry-point.js'
import { StatewardError } from '../../errors.js'
import { isTerminal } from '../../events/execution-status.js'
import type { ExecutionHandle } from '../../runtime/execution-handle.js'
import type { HeldStep } from '../world/held-step.js'
import { createTestRuntime, type TestRuntime } from '../world/test-runtime.js'
import type { ExecutionPath, PathRunOptions } from './execution-path.js'
import type { Move } from './moves.js'
import { Divergence } from './path-divergence.js'
import { recordState, type ContextPart, type PathState } from './path-state.js'
import { pendingIn, type Pending } from './pending.js'
import { stepsOf, stubbedMachine, type Machine } from './stubbed-machine.js'

/** What a run needs beside its path. */
export interface PathProgram {
  readonly entryPoint: EntryPoint
  readonly machine: Machine
  readonly input: unknown
  readonly part: ContextPart
}

/** A path as it is run: `underWay` is what there is at its start and after each of its moves. */
interface Path extends Pick<ExecutionPath, 'description' | 'initial' | 'steps'> {
  readonly moves: readonly Move[]
  readonly underWay: readonly Pending[]
}

/** Runs a path as it is, and again for each crash. */
export async function runPath(program: PathProgram, path: Path, { crashAfter }: PathRunOptions = {}): Promise<void> {
  const all = Array.from({ length: path.steps.length + 1 }, (_, step) => step)
  const unknown = crashAfter?.find((step) => !all.includes(step))
  if (unknown !== undefined) throw noSuchStep(unknown, path)
  await runOnce(program, path, [])
  for (const crash of crashAfter ?? all) await runOnce(program, path, [crash])
  if (crashAfter === undefined && all.length > 1) await runOnce(program, path, all)
}

async function runOnce(program: PathProgram, path: Path, crashes: readonly number[]): Promise<void> {
  const { entryPoint, machine, input, part } = program
  const run = new PathRun(entryPoint, machine)
  const divergence = new Divergence(entryPoint.id, path, crashes, () => run.story)
  const states = [path.initial, ...path.steps.map(({ state }) => state)]
  const poll = async (after: number, restarted: boolean, wanted: PathState) => {
    const record = await divergence.guard(after, () => run.record())
    divergence.check(after, restarted, wanted, recordState(record), part)
    divergence.checkPending(after, restarted, path.underWay[after] as Pending, pendingIn(record))
  }
  try {
    await divergence.guard(0, () => run.begin(input))
    for (const [after, wanted] of states.entries()) {
      const move = path.moves[after - 1]
      if (move) await divergence.guard(after, () => run.make(move))
      await poll(after, false, wanted)
      if (!crashes.includes(after)) continue
      await divergence.guard(after, () => run.crash())
      await poll(after, true, wanted)
    }
  } catch (error) {
    // what went wrong first is what is told
    await run.end().catch(() => undefined)
    throw error
  }
  await run.end()
}

/** One execution of the program. */
class PathRun {
  readonly #runtime: TestRuntime
  readonly #held: ReadonlyMap<string, HeldStep>
  readonly #entryPoint: string
  #execution: ExecutionHandle | undefined

  constructor(entryPoint: EntryPoint, machine: Machine) {
    // the path says when a step ends and how often it is tried: nothing else may
    const bare = {
      ...entryPoint,
      program: stubbedMachine(machine),
      retry: undefined,
      timeout: undefined,
      queueTimeout: undefined,
    }
    this.#runtime = createTestRuntime({ entryPoints: [bare] }) as unknown as TestRuntime
    this.#held = new Map(stepsOf(machine).map((name) => [name, this.#runtime.hold(name)]))
    this.#entryPoint = entryPoint.id
  }

  get story(): readonly string[] {
    return this.#runtime.history().lines
  }

  async begin(input: unknown): Promise<void> {
    this.#execution = await this.#runtime.trigger(this.#entryPoint, input)
    await this.#rest()
  }

  async crash(): Promise<void> {
    this.#runtime.crash()
    await this.#runtime.restart()
    await this.#rest()
  }

  async make({ happening, step }: Move): Promise<void> {
    const { kind, event } = happening
    if (kind === 'send') await this.#handle.send(event)
    else if (kind === 'after') await this.#runtime.advanceTo(await this.#due(event))
    else {
      const name = step?.name ?? ''
      const call = this.#call(name, happening.id)
      if (kind === 'done') call.resolve(event['output'])
      else call.reject(event['error'])
      await this.#rest()
      if (kind === 'error' && (await this.#isOpen(call.idempotencyKey))) throw triedAgain(name)
    }
    await this.#rest()
  }

  async end(): Promise<void> {
    await this.#runtime.stop()
  }

  /** What needs no time, timers that are due at once included. */
  #rest(): Promise<void> {
    return this.#runtime.advance(0)
  }

  get #handle(): ExecutionHandle {
    if (!this.#execution) throw new Error('it was not accepted')
    return this.#execution
  }

  async record(): Promise<ExecutionRecord> {
    const record = await this.#handle.get()
    if (!('revision' in record)) throw new Error(`the execution is ${record.status}`)
    return record
  }

  /** The last call is the one that a restart has made. */
  #call(name: string, id: string) {
    const start = `${this.#handle.id}/${encodeURIComponent(id)}#`
    const call = this.#held.get(name)?.calls.findLast(({ idempotencyKey }) => idempotencyKey.startsWith(start))
    if (!call || call.signal.aborted) throw new Error(`step ${name} is not in flight`)
    return call
  }

  async #isOpen(idempotencyKey: string): Promise<boolean> {
    const { id, steps, status } = await this.record()
    return !isTerminal(status) && Object.entries(steps).some(([path, { visit }]) => idempotencyKey === `${id}/${path}#${visit}`)
  }

  async #due({ type }: AnyEventObject): Promise<number> {
    const { timers, status } = await this.record()
    const timer = timers.find(({ source, target, event }) => source === '' && target === '' && event.type === type)
    if (!timer) throw new Error(`no timer is set for ${type}${isTerminal(status) ? `: the execution is ${status}` : ''}`)
    return Math.max(timer.dueAt, this.#runtime.clock.now())
  }
}

/** Only a named step can be replaced by one that has no retries. */
const triedAgain = (name: string) =>
  new Error(
    `step ${name} is tried again by its own \`retry\`; name its logic in setup({ actors }), so that the path alone tells how it ends`,
  )

function noSuchStep(step: number, { description, steps }: Path): StatewardError {
  const message = `Path ${description} has ${steps.length} steps; it can't crash after step ${step}.`
  return new StatewardError('invalid_option', message, { details: { option: 'crashAfter', path: description, step } })
}
