/**
 * Delivers events and commands to one execution: from its durable inbox, or directly to the program.
 *
 * Owns: the order of events. A message in the inbox is delivered before any event that comes later, also if another process put it
 * there; events that are sent here without awaiting each other keep their order. Carries out the commands that the inbox holds.
 * Talks to: the store's inbox, and the execution, which says what its program takes.
 */
import type { AnyEventObject } from 'xstate'
import type { Command, CommandOutcome, SendOutcome } from '../../events/outcomes.js'
import { decode, encode } from '../../codec/snapshot-codec.js'
import { heldUpBy } from '../../errors.js'
import type { InboxMessage, SnapshotStore } from '../../persistence/snapshot-store.js'
import { lastAnswer, handle, type CommandedExecution } from './execution-commands.js'
import { ExecutionInbox } from './execution-inbox.js'
import type { SentEvent } from './external-event.js'

/** The parts of an execution host that the delivery uses. */
export interface InboxOwner extends CommandedExecution {
  /** Carries out a command by `own`, and its consequences for the executions that this execution has started. */
  inOrder(command: Command, own: () => Promise<CommandOutcome>): Promise<CommandOutcome>
  readonly id: string
  readonly program: { send(event: AnyEventObject): boolean }
  /** True if an event would reach the program now. */
  readonly takesEvents: boolean
  /** True if the event may also be delivered before anything else is durable. */
  readonly takesDirect: boolean
  /** True while the execution's next state is not certain. */
  readonly isUndecided: boolean
  /** True if the execution leaves this process, or has left it. */
  readonly isLeaving: boolean
  /** Resolves once the next state is durable, or the execution has left this process. */
  decided(): Promise<void>
  deliver(sent: SentEvent): Promise<SendOutcome | undefined>
  touch(): void
  /**
   * Of an execution that waited when its process died: the store says that it goes on, before it gets what came meanwhile, or an event. If that
   * ends this process as well, the death is counted. False once that is durable, and for others.
   */
  countsFirst(): boolean
}

/** An event that was sent here and is neither delivered nor in the inbox yet. */
interface Arrival {
  readonly event: SentEvent
  /** The number of arrivals at that time. */
  readonly n: number
  readonly resolve: (answer: SendOutcome | undefined | Promise<SendOutcome | undefined>) => void
  readonly reject: (error: unknown) => void
}

/** Delivers to one execution in memory. */
export class InboxDelivery {
  readonly inbox = new ExecutionInbox()
  readonly #execution: InboxOwner
  readonly #store: SnapshotStore
  readonly #lost: (error: unknown) => void
  /** False only if the durable inbox was found empty and this process has put nothing there since. */
  #mayHold = false
  /** How often this process was notified of new messages; a read that began before a notification may miss its message. */
  #news = 0
  #reading: { done: Promise<void>; again: boolean } | undefined
  #arrivals: Arrival[] | undefined
  #placing: Promise<unknown> | undefined
  #arrived = 0
  /** Arrivals up to this one came before the last read of the durable inbox, which left it empty. */
  #looked = 0
  /** Pending while the events of a failed attempt are put back into the inbox: they were sent before the arrivals that wait. */
  #returning: Promise<void> | undefined

  /** `lost`: the store could not be asked, and the execution must be reloaded. */
  constructor(execution: InboxOwner, store: SnapshotStore, lost: (error: unknown) => void) {
    this.#execution = execution
    this.#store = store
    this.#lost = lost
  }

  /** False if the durable inbox has nothing for the program. */
  get mayHold(): boolean {
    return this.#mayHold
  }

  /** The inbox may hold messages that this process has not seen: reads it. Commands are carried out even if the program takes no events. */
  poll(): Promise<void> {
    this.#noted()
    return this.#deliver()
  }

  /** This process has put an event into the inbox. */
  arrived(): void {
    this.#noted()
    if (this.#execution.takesEvents) this.#deliver().catch(this.#lost)
  }

  /** The program takes events now: the inbox is delivered, by a read that is under way or by a new one. */
  started(): void {
    if (this.#mayHold && !this.#reading && this.#execution.takesEvents) this.#deliver().catch(this.#lost)
  }

  /**
   * Takes an event that is sent here, after all that were sent before: to the program, or to the durable inbox if the
   * program does not take it now. Resolves once that is durable; undefined: the execution is no longer here, route the event again.
   */
  receive(event: SentEvent): Promise<SendOutcome | undefined> {
    return new Promise((resolve, reject) => {
      const arrival = { event, n: ++this.#arrived, resolve, reject }
      if (this.#arrivals) this.#arrivals.push(arrival)
      else this.#placing = this.#place((this.#arrivals = [arrival]))
    })
  }

  /** Resolves once no event waits here any more for its place, with the error if another process's lock delayed one for its whole time; undefined: none waits. */
  get placing(): Promise<unknown> | undefined {
    return this.#placing
  }

  /** Puts the events of a failed attempt back: messages keep their place in the inbox, direct events are appended in their order. */
  async putBack(): Promise<void> {
    this.#noted()
    const returning = this.#enqueueAll(this.inbox.giveBack(), this.#returning)
    this.#returning = returning
    await returning
    if (this.#returning === returning) this.#returning = undefined
  }

  /** Places the arrivals one after the other; the next one does not wait until the one before is durable. */
  async #place(arrivals: Arrival[]): Promise<unknown> {
    const execution = this.#execution
    let heldUp: unknown
    for (let next = arrivals.shift(); next; next = arrivals.shift()) {
      try {
        execution.countsFirst()
        while (this.#isUnsure) await (this.#returning ?? execution.decided())
        while (execution.takesDirect && (this.#mayHold || this.#looked < next.n)) await this.#lookFor(next.n + arrivals.length)
        if (execution.takesDirect) next.resolve(execution.deliver(next.event))
        else if (this.#isUnsure) arrivals.unshift(next)
        else if (execution.isLeaving) await this.#sentBack(next, arrivals)
        else next.resolve(await this.#queued(next))
      } catch (error) {
        heldUp = heldUpBy(error)
        // the same lock would delay each of the others for as long, one after the other
        for (const { reject } of [next, ...(heldUp ? arrivals.splice(0) : [])]) reject(error)
      }
    }
    this.#arrivals = this.#placing = undefined
    return heldUp
  }

  /** Reads and delivers the durable inbox, whose messages came before the arrivals up to `n`. */
  async #lookFor(n: number): Promise<void> {
    await this.#deliver()
    if (!this.#mayHold) this.#looked = n
  }

  /** True until it is certain whether arrivals can be placed here. Of an execution that leaves it is certain: they can't. */
  get #isUnsure(): boolean {
    const { isLeaving, isUndecided } = this.#execution
    return !isLeaving && (this.#returning !== undefined || isUndecided)
  }

  /** The execution leaves this process: all arrivals must be routed again. */
  async #sentBack(next: Arrival, arrivals: Arrival[]): Promise<void> {
    await this.#execution.decided()
    // all in one turn, so that they are routed before anything that is sent from now on
    for (const { resolve } of [next, ...arrivals.splice(0)]) resolve(undefined)
  }

  async #queued({ event }: Arrival): Promise<SendOutcome | undefined> {
    const queued = await this.#enqueue(event.payload)
    if (queued.status === 'queued') {
      this.arrived()
      return { status: 'queued' }
    }
    // it has ended elsewhere, and the commit that is refused takes it out of memory: until then each event would be routed here again
    await this.#execution.decided()
    return undefined
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
        if (events.length > 0 && execution.countsFirst()) return
        for (const message of events) this.#give(message)
        if (reading.again) continue
        if (events.length === 0 && news === this.#news) this.#mayHold = false
        if (events.length === 0 || !execution.takesEvents) return
      }
    } finally {
      // in the turn of the last read: a later call starts a new one
      this.#reading = undefined
    }
  }

  #give({ seq, payload }: InboxMessage): void {
    const execution = this.#execution
    if (!execution.takesEvents) return
    this.inbox.delivered(seq)
    // the sender was answered when the event was queued
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
        // the next commit consumes it with this answer, unless a commit holds one already
        (outcome) => this.inbox.answered(seq, text(outcome)) && execution.touch(),
        // another owner has the execution, and finds the message in the inbox
        () => undefined,
      )
  }
}
