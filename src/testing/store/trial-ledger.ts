/**
 * What really happened in a store during a trial.
 *
 * Owns: a connection that notes every commit and claim with who made it, how many calls are under way, and an end to
 * runs that never come to rest. Stands between the faults and the store, so that it sees effects and not answers.
 */
import { splitState } from '../../actors/execution/stored-state.js'
import { programOf } from '../../actors/program/stored-program.js'
import type { Commit, SnapshotStore } from '../../persistence/snapshot-store.js'
import { never } from '../world/shared-store.js'
import { storeCalls, type StoreCall } from './store-call.js'

/** What the program of a trial keeps. */
export interface TrialContext {
  readonly label: string
  readonly done: readonly string[]
  readonly pings: readonly number[]
}

/** A commit that the store says it has written. */
export interface WrittenCommit {
  readonly n: number
  readonly process: string
  readonly commit: Commit
  /** The idempotency keys of the steps that stand in it. */
  readonly steps: ReadonlySet<string>
  readonly context: TrialContext | undefined
}

/** A start of a step. */
export interface StartedStep {
  readonly n: number
  readonly process: string
  readonly execution: string
  readonly key: string
}

/** More calls than this, and a run is at odds with itself. */
const TOO_MANY = 8_000

/** The record of one trial; `n` orders everything in it. */
export class TrialLedger {
  n = 0
  /** The calls that are under way in the store. */
  readonly underWay = new Set<string>()
  /** How many have come back. */
  ended = 0
  #begun = 0
  readonly written: WrittenCommit[] = []
  readonly claims: { readonly n: number; readonly process: string; readonly id: string; readonly epoch: number }[] = []
  readonly steps: StartedStep[] = []
  /** The process → how many of its steps ran at the same time, at most. */
  readonly most = new Map<string, number>()

  /** True once a run has made more calls than any run should. */
  get isExhausted(): boolean {
    return this.ended > TOO_MANY
  }

  /** The commits of an execution, in the order in which they were written. */
  of(id: string): readonly WrittenCommit[] {
    return this.written.filter(({ commit }) => commit.id === id)
  }

  /** The same store as `process` sees it. It stays open for the others when this one closes it. */
  connect(store: SnapshotStore, process: string): SnapshotStore {
    const calls = storeCalls.map((call) => [call, (...args: unknown[]) => this.#carryOut(store, process, call, args)])
    return {
      ...(Object.fromEntries(calls) as Pick<SnapshotStore, StoreCall>),
      name: store.name,
      location: store.location,
      close: async () => undefined,
    }
  }

  async #carryOut(store: SnapshotStore, process: string, call: StoreCall, args: unknown[]): Promise<unknown> {
    if (this.isExhausted) return never()
    const mark = `${call} (call ${++this.#begun})`
    this.underWay.add(mark)
    try {
      const answer = await (store[call] as (...given: unknown[]) => Promise<unknown>).apply(store, args)
      if (call === 'commit') this.#committed(process, args[0] as readonly Commit[], answer as readonly { status: string }[])
      if (call === 'claim')
        for (const { id, epoch } of answer as Awaited<ReturnType<SnapshotStore['claim']>>)
          this.claims.push({ n: ++this.n, process, id, epoch })
      return answer
    } finally {
      this.underWay.delete(mark)
      this.ended++
    }
  }

  #committed(process: string, batch: readonly Commit[], verdicts: readonly { status: string }[]): void {
    for (const [index, commit] of batch.entries()) {
      if (verdicts[index]?.status !== 'committed') continue
      const { id } = commit
      const { program } = splitState(commit.state, id)
      const record = program === undefined ? undefined : programOf(program, id)
      const steps = Object.entries(record?.steps ?? {}).map(([path, { visit }]) => `${id}/${path}#${visit}`)
      const context = record?.snapshot.context as TrialContext | undefined
      this.written.push({ n: ++this.n, process, commit, steps: new Set(steps), context })
    }
  }
}
