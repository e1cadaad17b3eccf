/**
 * What the outside saw of a run: every commit with its verdict, every output, every answer, in one order.
 *
 * Owns: that record, and what each simulated process may know to be durable.
 */
import { executionRecord, type ExecutionRecord } from '../../src/actors/execution/execution-record.js'
import type { ExecutionStatus } from '../../src/index.js'
import type { Commit, CommitVerdict, StoredExecution } from '../../src/persistence/snapshot-store.js'
import type { Activity } from '../../src/testing/world/activity.js'
import type { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import type { ProgramContext } from './random-program.js'

/** A commit that was written. */
export interface Written {
  /** Its place among all observations. */
  readonly n: number
  /** When, by the monotonic clock and by the wall. */
  readonly at: number
  readonly wall: number
  readonly process: string
  readonly commit: Commit
  readonly record: ExecutionRecord
  /** The keys of the steps that stand in it. */
  readonly steps: ReadonlySet<string>
}

/** Something that left a process: a step's start or an action. `tick` is the move of the program that caused it. */
export interface Output {
  readonly n: number
  readonly kind: 'step' | 'action' | 'late'
  readonly process: string
  readonly id: string
  readonly tick: number
  readonly key: string
  /** What the process knew to be durable of the execution when it let this out: the program's greatest tick. */
  readonly durableTick: number
  /** True for a step whose earlier start still runs, in whichever process. */
  readonly again: boolean
  /** True for a step that was told to stop before it began. */
  readonly stopped: boolean
  /** True for a step that must not run twice unasked, and does. */
  readonly unasked: boolean
}

/** A call, answered or not. */
export interface Asked {
  /** Its place among all observations. */
  readonly n: number
  readonly process: string
  readonly call: string
  /** An execution, a stream, or `all`. */
  readonly id: string
  answer: Answer | undefined
}

/** An answer to a call, or the error that it was rejected with. */
export interface Answer {
  readonly process: string
  readonly call: string
  readonly id: string
  /** The durable status when the call was made, if nothing else was under way; undefined if something was. */
  readonly asked: ExecutionStatus | 'absent' | undefined
  /** Its places among all observations: when it was asked, and when it was answered. */
  readonly n: number
  readonly told: number
  /** Executions that this one had started, at any depth, and that had not come to rest when the answer came. */
  readonly open: readonly StoredExecution[]
  /** True if one process lived, and nothing was wrong with it or its store. */
  readonly calm: boolean
  readonly status: string
  readonly outcome: {
    readonly status?: string
    readonly revision?: number
    readonly as?: string
    /** Of a publication, and of what was waited for. */
    readonly seq?: number
    readonly event?: { readonly seq: number }
  }
  readonly error?: unknown
  /** The durable row when the answer came. */
  readonly row: StoredExecution | undefined
  /** What was known to be durable: an answer may come from another process. */
  readonly known: number
  readonly ping?: number
  /** Of a delivery, and of a trigger that goes into an execution with others. */
  readonly key?: string
  /** For how long it was to be waited for, in ms. */
  readonly timeout?: number
  /** When it came, by the monotonic clock. */
  readonly at: number
}

/** An event of the application's own that was written. */
export interface Published {
  readonly n: number
  readonly seq: number
  readonly type: string
  readonly process: string
  /** When its process knew of it; Infinity: never. */
  acknowledgedAt: number
}

/** A change of owner. */
export interface Claimed {
  readonly n: number
  readonly process: string
  readonly id: string
  readonly epoch: number
}

/** A commit that was refused. */
export interface Refused {
  readonly n: number
  readonly process: string
  readonly id: string
  readonly verdict: CommitVerdict
}

/** A store call that was made to fail. */
export interface Failed {
  readonly n: number
  readonly process: string
  readonly operation: string
  readonly ids: readonly string[]
  readonly error: Error
}

/** The record of one run. */
export class Ledger {
  readonly written: Written[] = []
  readonly outputs: Output[] = []
  readonly answers: Answer[] = []
  readonly asked: Asked[] = []
  readonly claims: Claimed[] = []
  readonly published: Published[] = []
  readonly refused: Refused[] = []
  readonly failed: Failed[] = []
  /** Each commit that was tried, by execution. */
  readonly attempts: { readonly n: number; readonly process: string; readonly id: string }[] = []
  /** Each resume that was asked for, of whatever. */
  readonly resumes: number[] = []
  /** Those whose programs were told to make good what they have done, durable or not. */
  readonly undoings = new Set<string>()
  /** Store calls that took long. */
  slow = 0
  readonly rows = new Map<string, StoredExecution>()
  /** Moves with every observation; its calls are those of processes that live and are not frozen. */
  readonly activity: Activity
  readonly #clock: SimulatedClock
  #n = 0
  /** Process → execution → the greatest revision that it knows to be durable. */
  readonly #known = new Map<string, Map<string, number>>()

  constructor(activity: Activity, clock: SimulatedClock) {
    this.activity = activity
    this.#clock = clock
  }

  /** The number of one more observation. */
  next(): number {
    this.activity.moved()
    return ++this.#n
  }

  /** A batch was written, acknowledged or not. */
  write(process: string, batch: readonly Commit[], verdicts: readonly CommitVerdict[]): void {
    for (const [index, commit] of batch.entries()) {
      const verdict = verdicts[index] as CommitVerdict
      const n = this.next()
      if (verdict.status !== 'committed') {
        this.refused.push({ n, process, id: commit.id, verdict })
        continue
      }
      const { accept, events: _, consumed: __, checkpoints: ___, joins, input, ...fields } = commit
      const before = this.rows.get(commit.id)
      const more = joins?.flatMap(({ element }) => element ?? []) ?? []
      const whole = before?.elements ?? (more.length > 0 ? [] : null)
      const elements = whole && [...whole, ...more]
      const row = { ...(before ?? accept), ...fields, elements, ...(input === undefined ? {} : { input }) } as StoredExecution
      this.rows.set(commit.id, row)
      const record = executionRecord(row)
      const steps = new Set(Object.entries(record.steps).map(([path, { visit }]) => `${commit.id}/${path}#${visit}`))
      this.written.push({ n, at: this.#clock.monotonic(), wall: this.#clock.now(), process, commit, record, steps })
    }
  }

  /** A process learned what is durable. */
  learn(process: string, id: string, revision: number): void {
    let known = this.#known.get(process)
    if (!known) this.#known.set(process, (known = new Map()))
    known.set(id, Math.max(known.get(id) ?? 0, revision))
  }

  /** A process read the answer to a command: that stands in the commit that has carried it out. */
  learnAnswer(process: string, seq: number): void {
    const by = this.written.find(({ commit }) => commit.consumed.some((each) => each.seq === seq))
    if (by) this.learn(process, by.commit.id, by.commit.revision)
  }

  known(process: string, id: string): number {
    return this.#known.get(process)?.get(id) ?? 0
  }

  /** The greatest revision that any process knows to be durable: what one of them may tell another. */
  knownToAny(id: string): number {
    return Math.max(0, ...[...this.#known.values()].map((known) => known.get(id) ?? 0))
  }

  /** The greatest tick of a program in the commits that a process knows. */
  durableTick(process: string, id: string): number {
    const known = this.known(process, id)
    let tick = 0
    for (const { commit, record } of this.written) {
      if (commit.id === id && commit.revision <= known) tick = Math.max(tick, contextOf(record)?.tick ?? 0)
    }
    return tick
  }

  history(id: string): Written[] {
    return this.written.filter(({ commit }) => commit.id === id)
  }

  /** The executions above one: its parent, and that one's. */
  above(id: string): StoredExecution[] {
    const parent = this.rows.get(this.rows.get(id)?.parentId ?? '')
    return parent ? [parent, ...this.above(parent.id)] : []
  }

  /** The executions that one has started, at any depth. */
  below(id: string): StoredExecution[] {
    const own = [...this.rows.values()].filter(({ parentId }) => parentId === id)
    return own.flatMap((row) => [row, ...this.below(row.id)])
  }

  get ids(): string[] {
    return [...this.rows.keys()]
  }
}

/** The context of a random program. */
export function contextOf(record: ExecutionRecord): ProgramContext | undefined {
  return record.context as ProgramContext | undefined
}
