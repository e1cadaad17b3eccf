/**
 * Waiting for what executions come to.
 *
 * Owns: who waits until something has become so, asked again whenever an execution was committed or has left memory, and
 * how a runtime comes to rest before it stops.
 */
import type { Clock } from '../../clock.js'

/** Those who wait. */
export class Moves {
  #waiting: (() => void)[] = []

  /** Something has moved. */
  happened(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** Resolves once it is so, or `isOver` is. */
  async until(isSo: () => boolean, isOver: () => boolean = () => false): Promise<void> {
    while (!isSo() && !isOver()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}

/** What is to come to rest. */
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
