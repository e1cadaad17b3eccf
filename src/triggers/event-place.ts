/**
 * How far the events of one entry point have come, in the trigger's durable cursor.
 *
 * Owns: the text of the cursor, and which events are handled: the position is before the first one that is not. Several processes
 * write it, and none takes back what another one has handled. Writes that come while one is under way are one write.
 */
import type { CursorState, TriggerCursor } from '../actors/trigger/trigger.js'

/** The position of one entry point in the journal. */
export class EventPlace {
  readonly #cursor: TriggerCursor
  /** Events that are not handled, or behind one that is not, in their order. */
  readonly #open: { readonly seq: number; isHandled: boolean }[] = []
  #revision = 0
  /** All events up to this one are handled. */
  #seq = 0
  /** The same, as it is stored. */
  #stored = -1
  #saving: Promise<void> | undefined

  constructor(cursor: TriggerCursor) {
    this.#cursor = cursor
  }

  /** Reads the position; `first` gives that of an entry point that has none, which is stored before anything is handled. */
  async open(first: () => Promise<number>): Promise<number> {
    this.#adopt(await this.#cursor.read())
    // of several processes that begin at the same time, one says where
    if (this.#stored < 0) this.#adopt(await this.#cursor.write(textOf(await first()), this.#revision))
    return (this.#seq = Math.max(0, this.#stored))
  }

  /** An event comes, after all those that came before. */
  begin(seq: number): void {
    this.#open.push({ seq, isHandled: false })
  }

  /** An event is handled; resolves once that is durable, or it is behind one that is not handled. */
  async handled(seq: number): Promise<void> {
    const event = this.#open.find((each) => each.seq === seq)
    if (event) event.isHandled = true
    while (this.#open[0]?.isHandled) this.#seq = this.#open.shift()?.seq ?? this.#seq
    await this.#save()
  }

  #save(): Promise<void> {
    this.#saving ??= this.#saveOn().finally(() => (this.#saving = undefined))
    return this.#saving
  }

  async #saveOn(): Promise<void> {
    while (this.#stored < this.#seq) this.#adopt(await this.#cursor.write(textOf(this.#seq), this.#revision))
  }

  #adopt({ text, revision }: CursorState): void {
    this.#revision = revision
    this.#stored = seqIn(text)
  }
}

const textOf = (seq: number) => JSON.stringify({ seq })

/** -1: none. The cursor may be of another kind of trigger, whose text can be anything. */
function seqIn(text: string | null): number {
  try {
    const seq: unknown = (JSON.parse(text ?? 'null') as { seq?: unknown } | null)?.seq
    return typeof seq === 'number' ? seq : -1
  } catch {
    return -1
  }
}
