/**
 * Counts events that the store has kept although their senders got no answer, because the process died.
 *
 * Owns: how many of the sends of one event are in the store, so that a sender that lives longer than the process sends again
 * what was lost, and nothing else. Does not know: which of several that are the same was kept. It is the same to the program
 * and to the senders, as long as their number is right: so they are counted, and never told apart. In production, a sender
 * has to look (`get()`) before it sends again.
 */
import { nextTurn } from '../../clock.js'

/** Turns of the event loop after which a write that has not come back is taken for one that hangs. */
const PATIENT = 1_000

/** How an event is kept: it stands in an inbox, or the program got it and a commit holds what it caused. */
export type Kept = 'queued' | 'delivered'

interface Receipt {
  readonly kept: Kept
  /** The process that has written it, by number. */
  readonly life: number
}

/** All senders of one event to one execution. */
interface Senders {
  /** How many wait for an answer. */
  waiting: number
  readonly receipts: Receipt[]
}

/** The receipts of one world. Invariant: an event has never more of them than senders that wait. */
export class Receipts {
  readonly #senders = new Map<string, Senders>()
  /** Writes that the store has not answered yet, also those of the dead. */
  readonly #writes = new Set<Promise<unknown>>()

  /** Somebody sends an event, given as it is stored; resolves with what `send` does. */
  async sending<T>(execution: string, payload: string, send: (sender: Sender) => Promise<T>): Promise<T> {
    const key = `${execution} ${payload}`
    const senders = this.#senders.get(key) ?? { waiting: 0, receipts: [] }
    this.#senders.set(key, senders)
    senders.waiting++
    try {
      return await send({
        lost: async (life) => {
          await this.#written()
          return take(senders, ({ life: of }) => of < life)?.kept
        },
        confirm: (kept, life) => {
          const own = (receipt: Receipt) => receipt.life === life
          void (take(senders, (receipt) => own(receipt) && receipt.kept === kept) ?? take(senders, own))
        },
      })
    } finally {
      senders.waiting--
      senders.receipts.splice(senders.waiting)
      if (senders.waiting === 0) this.#senders.delete(key)
    }
  }

  /** The store has kept an event. One whose sender is none of this world's is not counted. */
  kept(execution: string, payload: string, receipt: Receipt): void {
    const senders = this.#senders.get(`${execution} ${payload}`)
    if (senders && senders.receipts.length < senders.waiting) senders.receipts.push(receipt)
  }

  /** What is on its way now has come to the store, or hangs there. */
  async #written(): Promise<void> {
    const writes = [...this.#writes]
    for (let turns = 0; turns < PATIENT && writes.some((write) => this.#writes.has(write)); turns++)
      await new Promise<void>((resolve) => nextTurn(resolve))
  }

  /** A write is on its way: what it comes to is waited for, whoever lives by then. */
  during<T>(write: Promise<T>): Promise<T> {
    const settled = () => void this.#writes.delete(write)
    this.#writes.add(write)
    write.then(settled, settled)
    return write
  }
}

/** One sender, to the receipts for its event. */
export interface Sender {
  /** The process that it was sent to has died, and `life` is the next one: how it is kept nevertheless, if it is. */
  lost(life: number): Promise<Kept | undefined>
  /** The process `life` has answered that it is kept. */
  confirm(kept: Kept, life: number): void
}

function take({ receipts }: Senders, fits: (receipt: Receipt) => boolean): Receipt | undefined {
  const place = receipts.findIndex(fits)
  return place < 0 ? undefined : receipts.splice(place, 1)[0]
}
