/** Rejects with `stuck` when nothing has happened for two seconds while a scenario or a command waits. */
import { realTime } from '../../clock.js'
import { StatewardError } from '../../errors.js'

/** How long nothing may happen in its world while a scenario waits, in ms of real time. */
const PATIENCE = 2_000
const GLANCE = 20

/** The activity of a world. */
export interface Attended {
  settle(): Promise<void>
  /** Grows with all that happens. */
  moves(): number
}

/** Settles as a scenario does. Rejects with `stuck` once its world has been quiet for two seconds and it still waits. */
export async function withStallWatchdog<T>(scenario: Promise<T>, { settle, moves }: Attended): Promise<T> {
  let isOver = false
  const over = () => void (isOver = true)
  scenario.then(over, over)
  const watched = async (): Promise<never> => {
    for (let last = -1, since = 0; !isOver;) {
      await new Promise<void>((resolve) => realTime.setTimeout(resolve, GLANCE))
      if (isOver) break
      await settle()
      const [now, all] = [realTime.now(), moves()]
      if (all !== last) [last, since] = [all, now]
      else if (now - since > PATIENCE) throw stuck()
    }
    return new Promise<never>(() => undefined)
  }
  return Promise.race([scenario, watched()])
}

function stuck(): StatewardError {
  return new StatewardError(
    'stuck',
    `The scenario waits for what does not come: nothing has happened for ${PATIENCE} ms. If it waits for time to pass, let it pass (\`advance\`, \`runToIdle\`); if for a process that was killed, \`restart\` it.`,
  )
}
