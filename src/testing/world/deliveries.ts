/**
 * Events that were sent and not acknowledged when their process died.
 *
 * Owns: whether an event's effect is in the store, so that a sender that lives longer than the process sends again what was
 * lost, and nothing else. In production, a sender has to look (`get()`) before it sends again.
 */
import type { AnyEventObject } from 'xstate'
import { encode } from '../../persistence/snapshot-codec.js'

/** One event on its way. */
export interface Delivery {
  readonly execution: string
  readonly text: string
  state: 'sent' | 'taken' | 'committing' | 'durable'
}

/** What is on its way in one world. */
export class Deliveries {
  readonly #open = new Set<Delivery>()

  /** An event is sent. */
  send(execution: string, event: AnyEventObject): Delivery {
    const delivery: Delivery = { execution, text: textOf(event), state: 'sent' }
    this.#open.add(delivery)
    return delivery
  }

  /** Nobody waits for it any more. */
  over(delivery: Delivery): void {
    this.#open.delete(delivery)
  }

  /** A program has got an event from outside. */
  taken(execution: string, event: AnyEventObject): void {
    this.#move(execution, textOf(event), 'taken')
  }

  /** The store keeps an event in an inbox. */
  queued(execution: string, payload: string): void {
    this.#move(execution, payload, 'durable')
  }

  /** A commit of these executions is on its way; it holds what was taken until now. */
  committing(executions: readonly string[]): () => void {
    const held = [...this.#open].filter(({ state, execution }) => state === 'taken' && executions.includes(execution))
    for (const delivery of held) delivery.state = 'committing'
    return () => {
      for (const delivery of held) delivery.state = 'durable'
    }
  }

  /** The process is dead: what is not in the store is gone. */
  lost(): void {
    for (const delivery of this.#open) if (delivery.state !== 'durable') delivery.state = 'sent'
  }

  #move(execution: string, text: string, state: Delivery['state']): void {
    for (const delivery of this.#open) {
      if (delivery.state !== 'sent' || delivery.execution !== execution || delivery.text !== text) continue
      delivery.state = state
      return
    }
  }
}

const textOf = (event: AnyEventObject) => encode(event, { id: 'event', what: 'event' })
