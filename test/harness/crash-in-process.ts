/**
 * Crashes inside one process: a runtime whose store is cut off at a chosen commit, and a second one on what is left.
 *
 * Owns: one run of one program, from its trigger to its end, over as many runtimes as it takes; what it leaves behind.
 * Time is simulated: it goes on only when the program rests, and then at once to its next timer.
 */
import type { AnyActorLogic, AnyEventObject } from 'xstate'
import {
  createRuntime,
  defineEntryPoint,
  type EntryPointOptions,
  type ErrorRecord,
  type ExecutionRecord,
} from '../../src/index.js'
import { turn, turns } from './eventually.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import type { Connection, StorePlace } from './store-place.js'

/** What programs write down about their effects. Words that begin with `once:` may be said at most once a run. */
export type Say = (word: string) => void

/** A program to run, made anew for each run. */
export interface Scenario {
  readonly program: (say: Say) => AnyActorLogic
  readonly input?: unknown
  readonly options?: Partial<EntryPointOptions>
  /** What a person sends to the program that rests as `record` says. */
  readonly next?: (record: ExecutionRecord) => AnyEventObject | undefined
  /** Where the run is over for a program that never ends. */
  readonly until?: (record: ExecutionRecord) => boolean
}

/** Where a run crashes: just before its nth commit is written, or just after, with nobody told. */
export interface CrashPoint {
  readonly commit: number
  readonly side: 'before' | 'after'
}

/** What a run came to. */
export interface Trace {
  readonly status: string
  readonly output: unknown
  readonly error: Omit<ErrorRecord, 'stack'> | undefined
  readonly context: unknown
  /** What was durably emitted, in order. */
  readonly emitted: readonly unknown[]
  readonly said: readonly string[]
  readonly commits: number
  readonly crashed: boolean
  /** What the program was after each commit, where it rested. */
  readonly record: ExecutionRecord
}

const YEAR = 365 * 24 * 3_600_000
let runs = 0

/** Runs a scenario to its end, with one crash or none. */
export async function playThrough(place: StorePlace, scenario: Scenario, crash?: CrashPoint): Promise<Trace> {
  const said: string[] = []
  const clock = new SimulatedClock()
  const program = scenario.program((word) => void said.push(word))
  const entryPoint = defineEntryPoint({ id: `run${++runs}`, program, ...scenario.options } as EntryPointOptions)
  const id = `${entryPoint.id}.execution`
  let commits = 0
  let crashed = false

  const connection = (): Connection => {
    const own: Connection = place.connect((store) => ({
      commit: async (batch) => {
        commits++
        const now = !crashed && commits === crash?.commit
        if (now) crashed = true
        if (now && crash?.side === 'before') return (own.cut(), new Promise<never>(() => undefined))
        const verdicts = await store.commit(batch)
        if (now) return (own.cut(), new Promise<never>(() => undefined))
        return verdicts
      },
    }))
    return own
  }

  const life = async () => {
    const dies = !crashed && crash !== undefined
    const gone = () => dies && crashed
    const store = connection()
    const runtime = createRuntime({ store, entryPoints: [entryPoint], clock, pollInterval: YEAR, lease: 2 * YEAR })
    await racing(gone, runtime.start())
    const accepted = await store.load(id)
    if (!gone() && !accepted) await racing(gone, runtime.trigger(entryPoint.id, scenario.input, { id }))
    const handle = runtime.execution(id)
    for (let rested = 0; !gone();) {
      const before = commits
      await turns(4)
      rested = commits === before ? rested + 1 : 0
      if (rested < 2 || gone()) continue
      const record = await racing(gone, handle.get())
      if (gone() || !record || !('revision' in record)) continue
      if ((record.endedAt !== null || scenario.until?.(record)) && record.owed === 0) {
        const events = await store.events({ since: 0, execution: id, limit: 1_000 })
        // what stopping commits is no part of the run
        const made = commits
        await runtime.stop()
        const emitted = events
          .filter(({ type }) => type === 'execution.emitted')
          .map(({ data }) => (data === null ? null : JSON.parse(data)))
        return { record, emitted, made }
      }
      const event = scenario.next?.(record)
      if (event) await racing(gone, handle.send(event as never))
      else await goOn(clock, record)
    }
    return undefined
  }

  const ended = (await life()) ?? (await life())
  if (!ended) throw new Error('the second runtime did not come to an end')
  const { record, emitted, made } = ended
  const { status, output, context } = record
  const { stack: _, ...error } = record.error ?? { stack: '' }
  return {
    status,
    output,
    error: record.error ? (error as never) : undefined,
    context,
    emitted,
    said,
    commits: made,
    crashed,
    record,
  }
}

/** Time goes on to the program's next timer. */
async function goOn(clock: SimulatedClock, record: ExecutionRecord): Promise<void> {
  const due = Math.min(...record.timers.map(({ dueAt }) => dueAt), record.limits.retryAt ?? Infinity)
  if (due === Infinity) throw new Error(`${record.status} for ever in ${JSON.stringify(record.value)}`)
  await clock.advance(Math.max(0, due - clock.now()), turn)
}

/** What a call comes to, or undefined once its runtime is gone. */
async function racing<T>(gone: () => boolean, call: Promise<T>): Promise<T | undefined> {
  let ended = false
  const done = call.finally(() => (ended = true))
  done.catch(() => undefined)
  while (!ended && !gone()) await turn()
  return ended ? done : undefined
}

/** What must be the same whether or not a run crashed. */
export function essence({ status, output, error, context, emitted }: Trace) {
  return { status, output, error, context, emitted }
}

/** What was said so that it may be said again after a crash, each word once. */
export const lasting = ({ said }: Trace) => [...new Set(said.filter((word) => !word.startsWith('once:')))].toSorted()

/** The words that were said more than once though they may not be. */
export const repeated = ({ said }: Trace) => said.filter((word, at) => word.startsWith('once:') && said.indexOf(word) !== at)
