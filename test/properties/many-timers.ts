/**
 * A state with more timers than a store keeps in one piece: delayed events of the program's own.
 *
 * Owns: which of them are due while the state lasts and which long after it, and what their events are called by.
 */
import { assign, raise } from 'xstate'

/** Beyond 64 SQLite stores a state in pieces. */
const COUNT = 70
/** So many are due while the state lasts. */
const SOON = 3
/** When the state is left, in ms. */
export const LASTS = 5_000
const LONG = 1_800_000

/** What of a program's context is about its timers. */
export interface Rung {
  readonly tick: number
  /** Each timer that has come, in order: a hundred times the move that has set it, and its place. */
  readonly rung?: readonly number[]
  /** The moves that have entered such a state which was left in time. */
  readonly outlasted?: readonly number[]
  readonly since?: number
  readonly enteredAt?: number
  /** Each state that a timer has ended, by the monotonic clock. */
  readonly lasted?: readonly { readonly from: number; readonly to: number; readonly ms: number }[]
}

interface Args {
  readonly context: Rung
  readonly event: { readonly n: number }
}

const delayOf = (place: number) => (place < SOON ? 500 + place * 500 : LONG + place)

/** Sets them. Nameless ones get an id from XState. */
export function manyTimers(nameless: boolean | undefined): readonly unknown[] {
  return Array.from({ length: COUNT }, (_, place) =>
    raise((({ context }: Args) => ({ type: 'RING', n: context.tick * 100 + place })) as never, {
      delay: delayOf(place),
      ...(nameless ? {} : { id: `ring${place}` }),
    }),
  )
}

/** One of them has come. */
export const ring = {
  RING: { actions: assign({ rung: (({ context, event }: Args) => [...(context.rung ?? []), event.n]) as never }) },
}

/** Notes when a state with a timer is entered; whoever looks at it when that comes sees whether it came too early. */
export const entered = (now: () => number) => assign({ enteredAt: (() => now()) as never })

/** Notes how long it was. */
export const lasted = (ms: number, now: () => number) =>
  assign({ lasted: (({ context }: Args) => [...(context.lasted ?? []), { from: context.enteredAt, to: now(), ms }]) as never })

/** How a state with many timers is left. `since` is the move of its entry: events that came meanwhile do not count. */
export const outlasted = (target: string, now: () => number) => ({
  [LASTS]: {
    target,
    actions: [
      lasted(LASTS, now),
      assign({ outlasted: (({ context }: Args) => [...(context.outlasted ?? []), context.since]) as never }),
    ],
  },
})

/** Notes the move that has entered it. */
export const since = assign({ since: (({ context }: Args) => context.tick) as never })

/** What is wrong with the timers of a context: one has come twice, out of order, or not at all. */
export function wrongTimers({ rung = [], outlasted: left = [] }: Rung): string | undefined {
  if (new Set(rung).size !== rung.length) return `a timer came twice: ${rung.join(', ')}`
  const disordered = rung.find((n, index) =>
    rung.slice(0, index).some((other) => Math.floor(other / 100) === Math.floor(n / 100) && other > n),
  )
  if (disordered !== undefined) return `timer ${disordered} came after one that was due later: ${rung.join(', ')}`
  const missing = left
    .flatMap((tick) => Array.from({ length: SOON }, (_, place) => tick * 100 + place))
    .find((n) => !rung.includes(n))
  return missing === undefined ? undefined : `timer ${missing} has not come, and one that was due later has`
}
