/**
 * How far the ticks of one entry point have come, in the trigger's durable cursor.
 *
 * Owns: the text of the cursor, and how several processes write it: what one of them has handled is never taken back by another one.
 * Does not know: when ticks are, nor what fires.
 */
import type { TickExecution } from '../events/schedule.js'
import type { CursorState, TriggerCursor } from '../actors/trigger/trigger.js'

/** How far the ticks have come. */
export interface TickPosition {
  /** The last tick that was handled; before the first, the instant from which ticks are counted. */
  readonly at: number
  /** How often `at` was set back because the clock was. */
  readonly resets: number
  /** The execution of the last tick that has one. */
  readonly last?: TickExecution | undefined
}

interface CursorText extends TickPosition {
  /** In words: another schedule begins anew. */
  readonly schedule: string
  /** The next tick, for people. */
  readonly next: number | null
}

/** The text of a position. */
export function placeText(schedule: string, { at, resets, last }: TickPosition, next: number | null): string {
  const text: CursorText = { schedule, at, next, resets, ...(last ? { last } : {}) }
  return JSON.stringify(text)
}

/** What a text says, as far as it is one of a position. */
export function placeOf(text: string): Partial<CursorText> {
  return parsed(text)
}

/** The position of one schedule. */
export class TickPlace {
  readonly #cursor: TriggerCursor
  readonly #schedule: string
  readonly #after: (at: number) => number | null
  #revision = 0
  #position: TickPosition = { at: 0, resets: 0 }

  constructor(cursor: TriggerCursor, schedule: string, after: (at: number) => number | null) {
    this.#cursor = cursor
    this.#schedule = schedule
    this.#after = after
  }

  get position(): TickPosition {
    return this.#position
  }

  /** Reads the position; `begin` gives that of a schedule that the store does not know. `isNew`: the store knows none. */
  async open(begin: (isNew: boolean) => number): Promise<void> {
    const state = await this.#cursor.read()
    const known = this.#known(state)
    this.#revision = state.revision
    if (known) {
      this.#position = known
      return
    }
    await this.#save(() => ({ at: begin(state.text === null), resets: 0 }))
  }

  /** Takes over what other processes have handled meanwhile. */
  async refresh(): Promise<void> {
    this.#adopt(await this.#cursor.read())
  }

  /** A tick is handled; `id`: of its execution. */
  async handled(at: number, id?: string): Promise<void> {
    await this.#save((position) => {
      const last = id === undefined || (position.last && position.last.at > at) ? position.last : { id, at }
      return { ...position, at: Math.max(position.at, at), last }
    })
  }

  /** The clock was set back: ticks are counted from `at` again. Does nothing if another process has done it. */
  async reset(at: number): Promise<void> {
    const { resets } = this.#position
    await this.#save((position) => (position.resets > resets ? position : { ...position, at, resets: resets + 1 }))
  }

  async #save(change: (position: TickPosition) => TickPosition): Promise<void> {
    for (;;) {
      const position = change(this.#position)
      const text = placeText(this.#schedule, position, this.#after(position.at))
      const state = await this.#cursor.write(text, this.#revision)
      if (state.text === text) {
        this.#revision = state.revision
        this.#position = position
        return
      }
      this.#adopt(state)
      if (this.#isSame(change(this.#position))) return
    }
  }

  #isSame({ at, resets, last }: TickPosition): boolean {
    const own = this.#position
    return at === own.at && resets === own.resets && last?.id === own.last?.id
  }

  #adopt(state: CursorState): void {
    this.#revision = state.revision
    const known = this.#known(state)
    // a process of another version may have written its own schedule: this one goes on from where it is
    if (known) this.#position = known
  }

  #known({ text }: CursorState): TickPosition | undefined {
    if (text === null) return undefined
    const { schedule, at, resets, last } = parsed(text)
    return schedule === this.#schedule && typeof at === 'number' && typeof resets === 'number' ? { at, resets, last } : undefined
  }
}

/** The cursor may be of another kind of trigger, whose text can be anything. */
function parsed(text: string): Partial<CursorText> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
