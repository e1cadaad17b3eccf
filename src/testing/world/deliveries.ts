/**
 * Events that were sent and not acknowledged when their process died.
 *
 * Owns: whether an event's effect is in the store, so that a sender that lives longer than the process sends again what was
 * lost, and nothing else. In production, a sender has to look (`get()`) before it sends again.
 */
import type { AnyEventObject } from 'xstate'
import { encode } from '../../persistence/snapshot-codec.js'
import type { InboxMessage } from '../../persistence/snapshot-store.js'

/** One event on its way. */
export interface Delivery {
  readonly execution: string
  readonly text: string
  /** `returning`: the program that took it has failed, and it is on its way to the inbox. */
  state: 'sent' | 'taken' | 'returning' | 'committing' | 'durable'
  /** It went into the inbox before any program got it. */
  isQueued: boolean
}

/** What is on its way in one world. */
export class Deliveries {
  readonly #open = new Set<Delivery>()
  /** Texts of events that stand in an inbox and that no program of this process has got, by execution and number. */
  readonly #waiting = new Map<string, Map<number, string>>()
  /** The numbers of those that one has got, or will get, by execution. */
  readonly #read = new Map<string, Set<number>>()

  /** An event is sent. */
  send(execution: string, event: AnyEventObject): Delivery {
    const delivery: Delivery = { execution, text: textOf(event), state: 'sent', isQueued: false }
    this.#open.add(delivery)
    return delivery
  }

  /** Nobody waits for it any more. */
  over(delivery: Delivery): void {
    this.#open.delete(delivery)
  }

  /** An inbox was read: what stands in it goes to the program before anything else. */
  read(execution: string, messages: readonly InboxMessage[]): void {
    const read = this.#read.get(execution) ?? new Set()
    const waiting = this.#waiting.get(execution) ?? new Map<number, string>()
    this.#read.set(execution, read)
    this.#waiting.set(execution, waiting)
    for (const { seq, kind, payload } of messages) {
      if (kind !== 'event' || read.has(seq)) continue
      read.add(seq)
      waiting.set(seq, payload)
    }
  }

  /** A program has got an event from outside. */
  taken(execution: string, event: AnyEventObject): void {
    const text = textOf(event)
    const waiting = this.#waiting.get(execution)
    for (const [seq, other] of waiting ?? []) if (other === text) return void waiting?.delete(seq)
    const delivery = this.#first(execution, text, 'sent')
    if (delivery) delivery.state = 'taken'
  }

  /** A program has failed: what it had taken since the last commit is given back, if it is to be tried again. */
  failed(execution: string): void {
    this.#read.delete(execution)
    for (const delivery of this.#open)
      if (delivery.execution === execution && delivery.state === 'taken') delivery.state = 'returning'
  }

  /** The store keeps an event in an inbox. */
  queued(execution: string, payload: string): void {
    const returned = this.#first(execution, payload, 'returning')
    const delivery = returned ?? this.#first(execution, payload, 'sent')
    if (!delivery) return
    delivery.isQueued = !returned
    delivery.state = 'durable'
  }

  /** A commit of these executions is on its way; it holds what was taken until now. */
  committing(executions: readonly string[]): () => void {
    const held = [...this.#open].filter(
      ({ state, execution }) => (state === 'taken' || state === 'returning') && executions.includes(execution),
    )
    for (const delivery of held) delivery.state = 'committing'
    return () => {
      for (const delivery of held) delivery.state = 'durable'
    }
  }

  /** The process is dead: what is not in the store is gone. */
  lost(): void {
    for (const delivery of this.#open) if (delivery.state !== 'durable') delivery.state = 'sent'
    this.#waiting.clear()
    this.#read.clear()
  }

  #first(execution: string, text: string, state: Delivery['state']): Delivery | undefined {
    return [...this.#open].find((each) => each.state === state && each.execution === execution && each.text === text)
  }
}

const textOf = (event: AnyEventObject) => encode(event, { id: 'event', what: 'event' })
