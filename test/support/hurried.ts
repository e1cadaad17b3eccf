/**
 * The real time by which the testing kit gives up on what does not come, passing faster.
 *
 * Owns: that it passes as before when the test has ended. Simulated time and the machine's clock are not concerned.
 */
import { onTestFinished } from 'vitest'
import { realTime } from '../../src/clock.js'

const FASTER = 20

/** Until the test ends, the guards of the kit see `FASTER` ms pass in one. */
export function hurried(): void {
  const real = { ...realTime }
  onTestFinished(() => void Object.assign(realTime, real))
  const since = real.now()
  Object.assign(realTime, {
    now: () => since + (real.now() - since) * FASTER,
    setTimeout: (fire: () => void, ms: number) => real.setTimeout(fire, ms / FASTER),
  })
}
