/**
 * Waits for conditions on executions.
 *
 * Owns: the waiting calls, whose conditions are checked again whenever an execution has committed or has left memory; and
 * how a runtime becomes idle before it stops.
 */
import type { Clock } from '../../clock.js'

/** The waiting calls. */
export class Moves {
  #waiting: (() => void)[] = []

  /** An execution has committed or left memory: checks the conditions. */
  happened(): void {
    if (this.#waiting.length === 0) return
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** Resolves once the condition or `isOver` is true. */
  async until(isSo: () => boolean, isOver: () => boolean = () => false): Promise<void> {
    while (!isSo() && !isOver()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}

/** A part of the runtime that must become idle. */
interface Settling {
  /** Starts nothing more: no execution, no step, no timer. */
  freeze(): void
  readonly inFlight: boolean
}

/** Starts nothing more, and resolves once nothing is in flight, or after `grace` ms. The lease is kept meanwhile. */
export async function settled(
  clock: Clock,
  grace: number,
  membership: { takeNoMore(): void },
  streams: readonly Settling[],
  moves: Moves,
): Promise<void> {
  membership.takeNoMore()
  for (const stream of streams) stream.freeze()
  let isOver = false
  const timer = clock.setTimeout(() => {
    isOver = true
    moves.happened()
  }, grace)
  await moves.until(
    () => !streams.some((stream) => stream.inFlight),
    () => isOver,
  )
  clock.clearTimeout(timer)
}
