/**
 * The way in to one execution: its durable inbox, and the events that come straight to the program.
 *
 * Owns: the order of events. What stands in the inbox goes before what comes after it, also if another process has put it
 * there; events that are sent here without awaiting each other keep their order. Carries out the commands that it finds.
 * Talks to: the store's inbox, and the execution, which says what its program takes.
 */
import type { AnyEventObject } from 'xstate'
import type { Command, CommandOutcome, SendOutcome } from '../../events/outcomes.js'
import { decode, encode } from '../../codec/snapshot-codec.js'
import type { InboxMessage, SnapshotStore } from '../../persistence/snapshot-store.js'
import { lastAnswer, handle, type CommandedExecution } from './execution-commands.js'
import { ExecutionInbox } from './execution-inbox.js'
import type { SentEvent } from './external-event.js'

/** What an inbox asks of the execution that it leads to. */
export interface InboxOwner extends CommandedExecution {
  /** A command, carried out by `own`, and what it means for the executions that this one has started. */
  inOrder(command: Command, own: () => Promise<CommandOutcome>): Promise<CommandOutcome>
  readonly id: string
  readonly program: { send(event: AnyEventObject): boolean }
  /** True if an event would reach the program now. */
  readonly takesEvents: boolean
  /** True if it may also go there before anything else is durable. */
  readonly takesDirect: boolean
  /** True if it can't tell yet what becomes of it. */
  readonly isUndecided: boolean
  /** True if it leaves this process, or has left it. */
  readonly isLeaving: boolean
  /** Resolves once that is durable, or it is gone. */
  decided(): Promise<void>
  deliver(sent: SentEvent): Promise<SendOutcome | undefined>
  touch(): void
}

/** An event that was sent here and has no place yet. */
interface Arrival {
  readonly event: SentEvent
  /** How many had arrived by then. */
  readonly n: number
  readonly resolve: (answer: SendOutcome | undefined | Promise<SendOutcome | undefined>) => void
  readonly reject: (error: unknown) => void
}

/** The inbox of one execution in memory. */
export class InboxDelivery {
  readonly inbox = new ExecutionInbox()
  readonly #execution: InboxOwner
  readonly #store: SnapshotStore
  readonly #lost: (error: unknown) => void
  /** False only if the durable inbox was found empty and nothing was put there by this process since. */
  #mayHold = false
  /** How often this process was told of something there; a read that began before says nothing of it. */
  #news = 0
  #reading: { done: Promise<void>; again: boolean } | undefined
  #arrivals: Arrival[] | undefined
  #arrived = 0
  /** Arrivals up to this one came before the last look into the durable inbox, after which nothing stood there. */
  #looked = 0
  /** Until what a failed attempt had taken is in the inbox again: it was sent before what has no place yet. */
  #returning: Promise<void> | undefined

  /** `lost`: the store could not be asked, and the execution must be taken up again. */
  constructor(execution: InboxOwner, store: SnapshotStore, lost: (error: unknown) => void) {
    this.#execution = execution
    this.#store = store
    this.#lost = lost
  }

  /** Something may stand there that this process has not seen: it is read, for its commands also if the program takes no events. */
  poll(): Promise<void> {
    this.#noted()
    return this.#deliver()
  }

  /** An event was put there by this process. */
  arrived(): void {
    this.#noted()
    if (this.#execution.takesEvents) this.#deliver().catch(this.#lost)
  }

  /** The program takes events: what stands there is delivered, by whoever reads it just now. */
  started(): void {
    if (this.#mayHold && !this.#reading && this.#execution.takesEvents) this.#deliver().catch(this.#lost)
  }

  /**
   * Takes in an event that is sent here, behind all that were sent before: to the program, or to the durable inbox if the
   * program does not take it now. Resolves once that is durable; undefined: this is not the place any more, look again.
   */
  receive(event: SentEvent): Promise<SendOutcome | undefined> {
    return new Promise((resolve, reject) => {
      const arrival = { event, n: ++this.#arrived, resolve, reject }
      if (this.#arrivals) this.#arrivals.push(arrival)
      else void this.#place((this.#arrivals = [arrival]))
    })
  }

  /** What a failed attempt had taken stands there again: messages where they stood, other events behind them, in their order. */
  async putBack(): Promise<void> {
    this.#noted()
    const returning = this.#enqueueAll(this.inbox.giveBack(), this.#returning)
    this.#returning = returning
    await returning
    if (this.#returning === returning) this.#returning = undefined
  }

  /** One after the other gets its place; the next one does not wait until that is durable. */
  async #place(arrivals: Arrival[]): Promise<void> {
    const execution = this.#execution
    for (let next = arrivals.shift(); next; next = arrivals.shift()) {
      try {
        while (this.#isUnsure) await (this.#returning ?? execution.decided())
        while (execution.takesDirect && (this.#mayHold || this.#looked < next.n)) await this.#lookFor(next.n + arrivals.length)
        if (execution.takesDirect) next.resolve(execution.deliver(next.event))
        else if (this.#isUnsure) arrivals.unshift(next)
        else if (execution.isLeaving) await this.#sentBack(next, arrivals)
        else next.resolve(await this.#queued(next))
      } catch (error) {
        next.reject(error)
      }
    }
    this.#arrivals = undefined
  }

  /** Looks whether something stands in the durable inbox before the arrivals up to `n`, and delivers it. */
  async #lookFor(n: number): Promise<void> {
    await this.#deliver()
    if (!this.#mayHold) this.#looked = n
  }

  /** True until it shows whether this is the place. One that leaves is none, and then for all that have come. */
  get #isUnsure(): boolean {
    const { isLeaving, isUndecided } = this.#execution
    return !isLeaving && (this.#returning !== undefined || isUndecided)
  }

  /** This is not the place any more, for none of them. */
  async #sentBack(next: Arrival, arrivals: Arrival[]): Promise<void> {
    await this.#execution.decided()
    // all at once: the first of them is routed before anything that is sent from now on, and so are the others
    for (const { resolve } of [next, ...arrivals.splice(0)]) resolve(undefined)
  }

  async #queued({ event }: Arrival): Promise<SendOutcome | undefined> {
    const queued = await this.#enqueue(event.payload)
    if (queued.status !== 'queued') return undefined
    this.arrived()
    return { status: 'queued' }
  }

  async #enqueueAll(payloads: readonly string[], before: Promise<void> | undefined): Promise<void> {
    try {
      await before
      for (const payload of payloads) await this.#enqueue(payload)
    } catch (error) {
      this.#lost(error)
    }
  }

  #noted(): void {
    this.#mayHold = true
    this.#news++
  }

  #enqueue(payload: string) {
    const { id, clock } = this.#execution
    return this.#store.enqueue({ executionId: id, kind: 'event', payload, at: clock.now() })
  }

  /** Delivers until the inbox is empty or the execution takes no events any more; concurrent calls join. */
  #deliver(): Promise<void> {
    if (this.#reading) {
      this.#reading.again = true
      return this.#reading.done
    }
    const reading = { done: Promise.resolve(), again: false }
    this.#reading = reading
    reading.done = this.#deliverAll(reading)
    return reading.done
  }

  async #deliverAll(reading: { again: boolean }): Promise<void> {
    const execution = this.#execution
    try {
      for (;;) {
        reading.again = false
        const news = this.#news
        const messages = await this.inbox.read(() => this.#store.inbox({ execution: execution.id }))
        const events = messages.filter(({ kind }) => kind === 'event')
        for (const message of messages) if (message.kind === 'command') this.#handle(message)
        for (const message of events) this.#give(message)
        if (reading.again) continue
        if (events.length === 0 && news === this.#news) this.#mayHold = false
        if (events.length === 0 || !execution.takesEvents) return
      }
    } finally {
      // in the turn of the last look: who asks from now on starts another
      this.#reading = undefined
    }
  }

  #give({ seq, payload }: InboxMessage): void {
    const execution = this.#execution
    if (!execution.takesEvents) return
    this.inbox.delivered(seq)
    // its sender was answered when it was queued
    execution.program.send(decode<AnyEventObject>(payload, { id: execution.id, what: 'event' }))
    execution.touch()
  }

  #handle({ seq, payload }: InboxMessage): void {
    const execution = this.#execution
    const command = decode<Command>(payload, { id: execution.id, what: 'command' })
    const text = (outcome: CommandOutcome) => encode(outcome, { id: execution.id, what: 'answer' })
    const before = execution.nextStatus
    this.inbox.take(seq, (status, revision) => {
      const outcome = lastAnswer(command, before, status, revision)
      return outcome && text(outcome)
    })
    void execution
      .inOrder(command, () => handle(execution, command))
      .then(
        // consumed by the next commit, with this answer, unless one holds it already
        (outcome) => this.inbox.answered(seq, text(outcome)) && execution.touch(),
        // lost to another owner, who finds the message where it stands
        () => undefined,
      )
  }
}
