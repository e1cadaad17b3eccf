/**
 * Hosts one execution: gives the execution machine its effects and commits what it and its program become.
 *
 * Owns: the one commit in flight, the slot, the clock limits, and who is answered when. An answer is given only when
 * the commit that holds its cause is durable.
 * Talks to: the program host below, the stream above through `ExecutionPort`. Does not know: queues, stores' insides.
 */
import { createActor, type Actor, type AnyActorRef, type AnyEventObject } from 'xstate'
import { StatewardError, isStatewardError, toErrorRecord } from '../errors.js'
import type { Clock } from '../clock.js'
import type { ExecutionContext, ExecutionEvent, Intervention, LimitName, PauseRecord } from '../events/execution-events.js'
import { isTerminal, type ExecutionStatus } from '../events/execution-status.js'
import { executionMachine, statusOf } from '../machines/execution-machine.js'
import type { Committer } from '../persistence/group-commit.js'
import { encode } from '../persistence/snapshot-codec.js'
import type { Acceptance, Commit, CommitVerdict, PublishedEvent, StoredExecution } from '../persistence/snapshot-store.js'
import { backoffDelay } from './backoff.js'
import type { ExecutionPort } from './execution-port.js'
import { joinState, programOf, splitState, withFrozenTimers } from './execution-state.js'
import { ProgramHost, type ProgramPort } from './program-host.js'
import type { PausedTimers } from './program-record.js'

/** What an execution comes from: an acceptance, or what was stored of it. */
export type ExecutionOrigin =
  | {
      readonly kind: 'fresh'
      readonly acceptance: Acceptance
      readonly context: ExecutionContext
      readonly input: unknown
      readonly program?: string
    }
  | { readonly kind: 'stored'; readonly stored: StoredExecution; readonly recovered: boolean; readonly input: unknown }

/** The verdict on an acceptance. */
export type AcceptOutcome =
  | { readonly status: 'accepted' }
  | { readonly status: 'duplicate'; readonly id: string; readonly of: 'id' | 'idempotency_key' }

interface Waiter {
  readonly ready: (status: ExecutionStatus) => boolean
  readonly resolve: (revision: number) => void
  readonly reject: (error: unknown) => void
}

const effects = new WeakMap<object, ExecutionActor>()
const of = (self: object) => effects.get(self) as ExecutionActor

/** The machine with its effects: each looks up the execution that it runs for. */
const hostedMachine = executionMachine.provide({
  actions: {
    commit: ({ self, context }, as) => of(self).enter(as, context),
    runProgram: ({ self }) => of(self).runProgram(),
    holdProgram: ({ self }) => of(self).holdProgram(),
    quietProgram: ({ self }) => of(self).quietProgram(),
    stopProgram: ({ self }) => of(self).stopProgram(),
    dropProgram: ({ self }) => of(self).dropProgram(),
    compensate: ({ self }) => of(self).compensate(),
  },
})

/** One execution in memory. */
export class ExecutionActor implements Committer, ProgramPort {
  readonly id: string
  readonly ref: Actor<typeof executionMachine>
  /** As of the last durable commit. */
  status: ExecutionStatus = 'queued'
  /** Of the last durable commit; 0 before the first. Invariant: only grows, by one a commit. */
  revision = 0
  /** True while it holds a slot of its stream. */
  hasSlot = false
  /** True while messages stand in its durable inbox; new ones must stand behind them. */
  mail = false
  /** Inbox messages that were taken out and not yet committed as consumed. */
  readonly taken = new Set<number>()
  readonly priority: number
  readonly acceptedAt: number
  readonly #port: ExecutionPort
  readonly #input: unknown
  readonly #acceptance: Acceptance | undefined
  readonly #epoch: number
  #accepted: { resolve: (outcome: AcceptOutcome) => void; reject: (error: unknown) => void } | undefined
  #startedAt: number | null = null
  #endedAt: number | null = null
  #recoveries = 0
  #recovering = false
  #host: ProgramHost | undefined
  /** The last good snapshot of the program, as stored; a failed one never takes its place. */
  #program: string | undefined
  #programDirty = false
  #failure: unknown
  #journal: PublishedEvent[] = []
  #limitTimer: unknown
  #limits: ExecutionContext['limits'] | undefined
  /** Consumed inbox messages that no commit holds yet. */
  #consumed: { seq: number; answer: string | null }[] = []
  /** Events that came straight to the program and that no commit holds yet. */
  #direct: AnyEventObject[] = []
  #waiters: Waiter[] = []
  #collected: Waiter[] = []
  #leaving = false
  #goneWaiters: (() => void)[] = []
  #passivation: unknown
  #gone = false
  #output: string | null = null

  constructor(port: ExecutionPort, id: string, origin: ExecutionOrigin) {
    this.#port = port
    this.id = id
    this.#input = origin.input
    if (origin.kind === 'fresh') {
      this.#acceptance = origin.acceptance
      this.priority = origin.acceptance.priority
      this.acceptedAt = origin.acceptance.acceptedAt
      this.#epoch = 1
      this.#program = origin.program
      this.publish('execution.accepted', undefined)
      this.ref = createActor(hostedMachine, { id, input: origin.context, parent: port.parent } as never)
    } else {
      const { stored } = origin
      const { lifecycle, program } = splitState(stored.state, id)
      this.priority = stored.priority
      this.acceptedAt = stored.acceptedAt
      this.#epoch = stored.epoch
      this.status = stored.status
      this.revision = stored.revision
      this.#startedAt = stored.startedAt
      this.#endedAt = stored.endedAt
      this.#recoveries = stored.recoveries
      this.#recovering = origin.recovered
      this.#program = program
      this.#output = stored.output
      const snapshot = hostedMachine.resolveState({ value: lifecycle.value as never, context: lifecycle.context })
      this.ref = createActor(hostedMachine, { id, snapshot, parent: port.parent } as never)
    }
    effects.set(this.ref, this)
  }

  /** Starts a fresh one; resolves once its acceptance is durable. */
  accept(): Promise<AcceptOutcome> {
    return new Promise((resolve, reject) => {
      this.#accepted = { resolve, reject }
      this.ref.start()
      if (this.#port.acquire(this)) this.grant()
    })
  }

  /** Goes on where a stored one stood. */
  revive(): void {
    this.ref.start()
    const { value, context } = this.ref.getSnapshot()
    this.#armLimits(context)
    if (this.#recovering) this.publish('execution.recovered', { recoveries: this.#recoveries })
    if (this.#recovering) this.#touch()
    if (this.#recoveries > this.#port.definition.maxRecoveries && this.status !== 'paused')
      return this.#failForGood(this.#recoveryLimit())
    if (isTerminal(this.status)) return this.#payDebts()
    if (value === 'queued') return this.#port.acquire(this) ? this.grant() : undefined
    if (value === 'running') {
      if (this.#port.acquire(this)) this.runProgram()
      else this.ref.send({ type: 'slot.missing' })
    } else if (value === 'waiting') this.runProgram()
    else if (isCompensating(value)) this.runProgram()
    else if (typeof value === 'object') this.ref.send({ type: 'program.drained' })
    else if (value === 'settling') this.#touch()
  }

  /** A slot is free for it. */
  grant(): void {
    this.ref.send({ type: 'slot.granted', at: this.#port.clock.now() })
  }

  // ── commands ──────────────────────────────────────────────────────────────────────────────────────────────────────

  get hasStarted(): boolean {
    return this.#startedAt !== null
  }

  /** Where the lifecycle stands, ahead of what is durable. */
  get heading(): ExecutionStatus {
    return statusOf(this.ref.getSnapshot())
  }

  get context(): ExecutionContext {
    return this.ref.getSnapshot().context
  }

  get live(): ProgramHost | undefined {
    return this.#host
  }

  get isLeaving(): boolean {
    return this.#leaving || this.#gone
  }

  /** Resolves once it is no longer in memory. */
  get gone(): Promise<void> {
    return this.#gone ? Promise.resolve() : new Promise((resolve) => this.#goneWaiters.push(resolve))
  }

  /** A message was put into its inbox here. */
  mailArrived(): void {
    this.mail = true
    if (this.takesEvents) this.#port.started(this)
  }

  /** True if an event may go straight to the program. */
  get takesEvents(): boolean {
    const { value } = this.ref.getSnapshot()
    const open = value === 'running' || value === 'waiting' || isCompensating(value)
    return open && this.#host !== undefined && !this.#leaving
  }

  /** Hands an event to the program; the answer is the revision that holds what it caused. */
  deliver(event: AnyEventObject, seq?: number): Promise<number> {
    if (seq === undefined) this.#direct.push(event)
    else {
      this.taken.add(seq)
      this.#consumed.push({ seq, answer: null })
    }
    this.#stay()
    this.#host?.send(event)
    return this.until(() => true)
  }

  get clock(): Clock {
    return this.#port.clock
  }

  get isBackingOff(): boolean {
    return this.ref.getSnapshot().value === 'backingOff'
  }

  /** Goes on, as soon as there is a slot. `retry`: with fresh attempts. */
  resume(resume: Intervention, retry: boolean): void {
    const granted = this.heading === 'pausing' || this.#port.acquire(this)
    this.ref.send({ type: 'execution.resume', resume, retry, granted })
  }

  /** Sends a command's event to the machine. */
  command(event: ExecutionEvent): void {
    this.#stay()
    this.ref.send(event)
  }

  /** What every stopping command says of the steps in flight. */
  stopping(): { inFlight: boolean; stopBy: number } {
    return { inFlight: this.#host?.inFlight ?? false, stopBy: this.#port.clock.now() + this.#port.definition.cancelTimeout }
  }

  /** The message is consumed by the next commit, with this answer. */
  consume(seq: number, answer: string | null): void {
    this.#consumed.push({ seq, answer })
    this.#touch()
  }

  /** Resolves with the revision once a later durable commit has such a status; rejects if the execution is lost to another owner or the store. */
  until(ready: (status: ExecutionStatus) => boolean): Promise<number> {
    this.#touch()
    return new Promise((resolve, reject) => this.#waiters.push({ ready, resolve, reject }))
  }

  /** Gives up what it holds without a trace: as if the process had died here. */
  abandon(error: unknown): void {
    this.#leave()
    this.#accepted?.reject(error)
    for (const waiter of [...this.#collected.splice(0), ...this.#waiters.splice(0)]) waiter.reject(error)
  }

  /** Commits what there is and gives the execution back to the store, wherever it stands. */
  release(): Promise<number> {
    this.quietProgram()
    this.#leaving = true
    return this.until(() => true)
  }

  // ── effects of the machine ────────────────────────────────────────────────────────────────────────────────────────

  /** A state was entered: it will be committed, with an event that says so. */
  enter(as: ExecutionStatus | 'ending' | 'retrying', context: ExecutionContext): void {
    if (as !== 'queued') this.#port.dequeued(this)
    this.#armLimits(context)
    if (as === 'ending') {
      const { ending } = context
      this.#endedAt = this.#port.clock.now()
      if (ending && ending.status !== 'completed') this.publish(`execution.${ending.status}`, ending)
    } else if (as === 'retrying') this.publish('execution.retrying', { attempt: context.attempt, error: context.failure })
    else if (as === 'paused' || as === 'pausing') this.publish(`execution.${as}`, context.pause)
    else if (as === 'cancelling') this.publish('execution.cancelling', context.cancel)
    else if (as === 'running') this.#publishRun()
    else if (as === 'waiting' || this.revision > 0) this.publish(`execution.${as}`, undefined)
    this.#schedulePassivation(as)
    this.#touch()
  }

  runProgram(): void {
    if (this.#host) return this.#host.unhold()
    try {
      const stored = this.#program === undefined ? undefined : programOf(this.#program, this.id)
      const { settings, record } = this.#port.programFor(stored)
      this.#host = new ProgramHost(
        settings,
        this.id,
        this.ref as unknown as AnyActorRef,
        record ? { record } : { input: this.#input },
        this,
      )
      this.#host.start({ recovering: this.#recovering, mayStart: true })
    } catch (error) {
      this.#misfit(error)
    }
    this.#recovering = false
    this.#port.started(this)
  }

  holdProgram(): void {
    this.#host?.hold()
  }

  quietProgram(): void {
    this.#host?.quiet()
  }

  stopProgram(): void {
    const host = this.#host
    host?.stop()
    if (!host?.inFlight) this.ref.send({ type: 'program.drained' })
  }

  /** Back to the last good commit: what the program did since is gone. */
  dropProgram(): void {
    this.#host?.stop()
    this.#host = undefined
    this.#programDirty = false
  }

  compensate(): void {
    const { cancelEvent } = this.#port.definition
    this.runProgram()
    if (cancelEvent) this.#host?.send(cancelEvent)
  }

  // ── what the program says ─────────────────────────────────────────────────────────────────────────────────────────

  dirty(): void {
    this.#programDirty = true
    this.#touch()
  }

  hold(path: string): void {
    const pause: PauseRecord = { mode: 'now', at: this.#port.clock.now(), reason: `step_in_doubt: ${path}` }
    this.ref.send({ type: 'program.held', pause, ...this.stopping() })
  }

  drained(): void {
    if (!this.#gone) this.ref.send({ type: 'program.drained' })
  }

  publish(type: string, data: unknown): void {
    const text = data === undefined ? null : encode(data, { id: this.id, what: type })
    this.#journal.push({ type, at: this.#port.clock.now(), data: text })
    this.#touch()
  }

  execute(entryPoint: string, input: unknown, key: string, signal: AbortSignal): Promise<unknown> {
    return this.#port.execute(this, entryPoint, input, key, signal)
  }

  // ── the commit ────────────────────────────────────────────────────────────────────────────────────────────────────

  collect(): Commit | undefined {
    if (this.#gone) return undefined
    this.#observeProgram()
    const snapshot = this.ref.getSnapshot()
    const status = statusOf(snapshot)
    const revision = this.revision + 1
    const { pausedTimers } = this.#port.definition
    const asPaused = status === 'paused' ? pausedTimers : undefined
    if (this.#host && !this.#host.outcome) this.#takeProgram(revision, asPaused)
    else if (this.#host?.outcome?.status === 'done') this.#takeProgram(revision)
    else if (asPaused && this.status !== 'paused' && this.#program)
      this.#program = withFrozenTimers(this.#program, this.id, asPaused, this.#port.clock.now())
    if (this.#failure !== undefined) return this.#collectFailure()
    const owes = this.#host?.owes ?? false
    const ends = isTerminal(status)
    const gives = (ends && !owes) || status === 'paused' || this.#leaving
    if (gives) this.#leaving = true
    const context = snapshot.context
    const journal = this.#journal
    this.#journal = []
    const consumed = this.#consumed
    this.#consumed = []
    this.#direct = []
    this.#collected = this.#waiters
    this.#waiters = []
    // what moved while this was being made is in it
    this.#port.commits.withdraw(this)
    return {
      id: this.id,
      ...(this.revision === 0 && this.#acceptance ? { accept: this.#acceptance } : {}),
      revision,
      epoch: this.#epoch,
      owner: gives ? null : this.#port.owner,
      status,
      startedAt: this.#startedAt,
      endedAt: this.#endedAt,
      updatedAt: this.#port.clock.now(),
      dueAt: ends ? null : this.#dueAt(status, context),
      owed: owes,
      recoveries: this.#recoveries,
      state: joinState({ value: snapshot.value as never, context }, this.#program, this.id),
      output: this.#output,
      error: context.ending && 'error' in context.ending ? encode(context.ending.error, { id: this.id, what: 'error' }) : null,
      events: journal,
      consumed,
      ...(this.#port.definition.checkpoints > 0 ? { checkpoints: this.#port.definition.checkpoints } : {}),
    }
  }

  judged(verdict: CommitVerdict, commit: Commit): void {
    if (this.#gone) return
    if (verdict.status === 'duplicate') return this.#taken(verdict)
    if (verdict.status !== 'committed') return this.#fenced(commit)
    const before = this.status
    this.revision = commit.revision
    this.status = commit.status
    const isAcceptance = commit.accept !== undefined
    if (this.hasSlot && !holdsSlot(commit.status)) this.#port.freed(this)
    if (isTerminal(commit.status)) this.#clearTimers()
    this.#accepted?.resolve({ status: 'accepted' })
    this.#accepted = undefined
    for (const { seq } of commit.consumed) this.taken.delete(seq)
    this.#host?.release(commit.revision)
    this.#acknowledgeMachine(commit.status)
    this.#answer(commit)
    this.#port.committed(this, isAcceptance ? undefined : before, commit, verdict.firstSeq)
    if (commit.owner === null) this.#leave()
    else if (isTerminal(commit.status)) this.#payDebts()
  }

  refused(error: unknown, commit: Commit | undefined): void {
    if (this.#gone) return
    if (commit === undefined && !isStatewardError(error)) return this.crashed(error)
    this.#port.lost(this, error)
  }

  crashed(error: unknown): void {
    this.#port.crashed(this, error)
  }

  // ── inside ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #touch(): void {
    if (!this.#gone) this.#port.commits.request(this)
  }

  /** What the program has become moves the machine before the commit is made. */
  #observeProgram(): void {
    const host = this.#host
    if (!host || !this.#programDirty) return
    const { value } = this.ref.getSnapshot()
    if (host.outcome) {
      if (host.outcome.status === 'error') this.#programFailed(host.outcome.error, false)
      else this.#programDone(host.outcome.output)
    } else if (value === 'running' && !host.busy) this.ref.send({ type: 'program.idle' })
    else if (value === 'waiting' && host.busy) {
      const granted = this.#port.acquire(this)
      if (!granted) host.hold()
      this.ref.send({ type: 'program.busy', granted })
    }
  }

  #programDone(output: unknown): void {
    try {
      this.#output = output === undefined ? null : encode(output, { id: this.id, what: 'output' })
    } catch (error) {
      return this.#programFailed(error, true)
    }
    if (isTerminal(this.heading)) return
    this.ref.send({ type: 'program.done' })
    if (this.context.ending?.status === 'completed')
      this.#journal.push({ type: 'execution.completed', at: this.#port.clock.now(), data: this.#output })
  }

  #programFailed(cause: unknown, final: boolean): void {
    const now = this.#port.clock.now()
    const { attempt } = this.context
    const error = toErrorRecord(cause)
    const retryAt = now + backoffDelay(this.#port.definition.retry?.backoff, attempt, this.#port.random)
    this.#undelivered()
    this.ref.send({ type: 'program.failed', error, retryAt, final, at: now })
  }

  /** Events that led to a failure which is retried go back to the inbox: the program that took them is gone. */
  #undelivered(): void {
    const { attempt, maxAttempts } = this.context
    if (attempt >= maxAttempts) return
    for (const { seq, answer } of this.#consumed) if (answer === null) this.taken.delete(seq)
    this.mail ||= this.#consumed.some(({ answer }) => answer === null)
    this.#consumed = this.#consumed.filter(({ answer }) => answer !== null)
    for (const event of this.#direct.splice(0)) this.#port.reenqueue(this, event)
  }

  #takeProgram(revision: number, asPaused?: PausedTimers): void {
    if (!this.#programDirty && asPaused === undefined) return
    try {
      this.#program = this.#host?.collect(revision, asPaused)
      this.#programDirty = false
      if (this.#host?.hasProgressed) this.#recoveries = 0
    } catch (error) {
      this.#failure = error
    }
  }

  /** The snapshot can't be stored: the execution fails, and keeps its last good one. */
  #collectFailure(): Commit | undefined {
    const error = this.#failure
    this.#failure = undefined
    this.#host?.stop()
    this.#host = undefined
    this.#programDirty = false
    this.#failForGood(error)
    return this.collect()
  }

  #failForGood(error: unknown): void {
    this.#programFailed(error, true)
  }

  #misfit(error: unknown): void {
    if (!isStatewardError(error, 'program_mismatch')) return this.#failForGood(error)
    this.#host = undefined
    const pause: PauseRecord = { mode: 'now', at: this.#port.clock.now(), reason: `program_mismatch: ${error.message}` }
    this.ref.send({ type: 'program.held', pause, inFlight: false, stopBy: 0 })
  }

  #publishRun(): void {
    if (this.#startedAt === null) {
      this.#startedAt = this.#port.clock.now()
      this.publish('execution.started', undefined)
    } else if (this.status === 'paused') this.publish('execution.resumed', this.context.resume)
    else this.publish('execution.running', undefined)
  }

  #acknowledgeMachine(status: ExecutionStatus): void {
    if (isTerminal(status) || status === 'pausing' || status === 'cancelling') this.ref.send({ type: 'commit.acknowledged' })
  }

  #answer(commit: Commit): void {
    const still: Waiter[] = []
    for (const waiter of this.#collected) {
      if (waiter.ready(commit.status) || isTerminal(commit.status)) waiter.resolve(commit.revision)
      else still.push(waiter)
    }
    this.#collected = []
    if (still.length > 0) this.#waiters.unshift(...still)
  }

  #taken(verdict: { id: string; of: 'id' | 'idempotency_key' }): void {
    const { resolve } = this.#accepted ?? {}
    this.#accepted = undefined
    this.#leave()
    resolve?.({ status: 'duplicate', id: verdict.id, of: verdict.of })
  }

  #fenced(commit: Commit): void {
    this.abandon(
      new StatewardError('stale_owner', `Execution ${this.id} is held by another owner; commit ${commit.revision} was refused.`, {
        details: { id: this.id, revision: commit.revision },
      }),
    )
  }

  #payDebts(): void {
    if (!this.#host && this.#program !== undefined) this.runProgram()
    this.#touch()
  }

  #leave(): void {
    if (this.#gone) return
    this.#gone = true
    this.#clearTimers()
    this.#port.commits.withdraw(this)
    this.#host?.stop()
    if (this.hasSlot) this.#port.freed(this)
    this.#port.left(this)
    for (const resolve of this.#goneWaiters.splice(0)) resolve()
  }

  #recoveryLimit(): StatewardError {
    return new StatewardError(
      'recovery_limit',
      `Execution ${this.id} was running in ${this.#recoveries} processes that died, one after the other.`,
      {
        details: { id: this.id, recoveries: this.#recoveries },
      },
    )
  }

  // ── clocks ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #dueAt(status: ExecutionStatus, context: ExecutionContext): number | null {
    const { retryAt, deadlineAt, timeoutAt, queueUntil } = context.limits
    const all = [retryAt, deadlineAt]
    if (status === 'queued') all.push(queueUntil)
    if (status !== 'paused') all.push(timeoutAt)
    if (status === 'waiting') all.push(this.#host?.nextTimer)
    const set = all.filter((at) => at !== undefined)
    return set.length > 0 ? Math.min(...set) : null
  }

  #armLimits(context: ExecutionContext): void {
    if (context.limits === this.#limits) return
    this.#limits = context.limits
    const { clock } = this.#port
    clock.clearTimeout(this.#limitTimer)
    this.#limitTimer = undefined
    const due = Object.values(context.limits)
    if (due.length > 0) this.#limitTimer = clock.setTimeout(() => this.#reached(), Math.min(...due) - clock.now())
  }

  #reached(): void {
    this.#limits = undefined
    const { limits } = this.context
    const now = this.#port.clock.now()
    const past = (at: number | undefined) => at !== undefined && at <= now
    const { value } = this.ref.getSnapshot()
    if (past(limits.deadlineAt)) this.#limit('deadline')
    else if (past(limits.timeoutAt) && value !== 'paused') this.#limit('timeout')
    else if (past(limits.stopBy)) this.#limit('stop')
    else if (past(limits.queueUntil)) this.#limit('queueTimeout')
    else if (past(limits.retryAt)) this.ref.send({ type: 'retry.due', granted: this.#port.acquire(this) })
    if (!this.#gone) this.#rearm(now)
  }

  /** Limits that are still to come; one that was reached and changed nothing is not asked again. */
  #rearm(now: number): void {
    const { limits } = this.context
    const later = Object.values(limits).filter((at) => at > now)
    if (later.length === 0) return
    const { clock } = this.#port
    clock.clearTimeout(this.#limitTimer)
    this.#limitTimer = clock.setTimeout(() => this.#reached(), Math.min(...later) - now)
  }

  #limit(limit: LimitName): void {
    this.ref.send({ type: 'limit.reached', limit, ...this.stopping() })
  }

  #schedulePassivation(as: string): void {
    const { clock } = this.#port
    const { passivateAfter } = this.#port.definition
    clock.clearTimeout(this.#passivation)
    this.#passivation = undefined
    if (as !== 'waiting' && as !== 'retrying') return
    if (passivateAfter === Infinity) return
    this.#passivation = clock.setTimeout(() => void this.release().catch(() => undefined), passivateAfter)
  }

  /** Something came while it was about to leave memory. */
  #stay(): void {
    if (this.#passivation !== undefined) this.#schedulePassivation(this.heading)
  }

  #clearTimers(): void {
    const { clock } = this.#port
    clock.clearTimeout(this.#limitTimer)
    clock.clearTimeout(this.#passivation)
  }
}

const isCompensating = (value: unknown) => (value as { cancelling?: string }).cancelling === 'compensating'

/** Statuses under which steps may run. */
const holdsSlot = (status: ExecutionStatus) => status === 'running' || status === 'pausing' || status === 'cancelling'
