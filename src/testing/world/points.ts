/**
 * The instants of a world at which something may be made to happen: around every commit, and around every output.
 *
 * Owns: their order, and notifying the listener. Every run of a scenario reaches the same points, until the first disturbance.
 */

/** What happens there: a commit or another write, or an output of a program. */
export type PointKind = 'commit' | 'inbox' | 'action' | 'step' | 'step end' | 'emit' | 'log'

/** One instant. */
export interface Point {
  /** From 1, over the whole run. */
  readonly n: number
  readonly kind: PointKind
  readonly side: 'before' | 'after'
  readonly execution: string
  /** For people: which commit, which step. */
  readonly what: string
  /** True for a custom action that has no name: it can't be owed. */
  readonly isInline: boolean
  readonly at: number
}

/** `before commit 3 of order-1`, for people. */
export function describePoint({ kind, side, what, execution }: Point): string {
  const at = kind === 'step' ? `the start of step ${what}` : kind === 'step end' ? `the end of step ${what}` : `${kind} ${what}`
  return `${side} ${at} of ${execution}`
}

/** The points of one world. */
export class Points {
  count = 0
  readonly #listener: ((point: Point) => void) | undefined
  readonly #now: () => number

  constructor(now: () => number, listener: ((point: Point) => void) | undefined) {
    this.#now = now
    this.#listener = listener
  }

  /** The world has reached a point; the listener may kill the process that reached it. */
  reach(kind: PointKind, side: Point['side'], execution: string, what: string, isInline = false): void {
    const n = ++this.count
    this.#listener?.({ n, kind, side, execution, what, isInline, at: this.#now() })
  }
}
