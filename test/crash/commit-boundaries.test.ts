/**
 * SIGKILL at the commit boundaries of a run of 50 orders, started again until done.
 *
 * A spread sample, to keep the suite short: the batches that hold every eighth commit, once just before and once just
 * after each. Batches of such a run hold about as many commits, so that few are left out.
 */
import { beforeAll, describe, expect, test } from 'vitest'
import { CrashFolder } from './support/crash-folder.js'
import { OrderAudit } from './support/order-audit.js'
import { restartUntilDone } from './support/restart-until-done.js'
import { uninterrupted, type Uninterrupted } from './support/uninterrupted.js'
import type { Death } from './processes/dying-store.js'

const ORDERS = 50
const settings = { to: ORDERS, maxConcurrent: 5 }
/** How many commits lie between one kill and the next. */
const STEP = 8
/** How many series run at the same time. */
const LANES = 2

let reference: Uninterrupted

beforeAll(async () => {
  reference = await uninterrupted(settings)
})

/** Kills each life at the death that is meant for it; the lives after those run through. */
async function survive(deaths: readonly Death[]): Promise<number> {
  const folder = new CrashFolder()
  const audit = new OrderAudit(folder)
  const kills = await restartUntilDone(
    (life) => {
      const death = deaths[life - 1]
      return folder.start({ ...settings, ...(death ? { death } : {}) })
    },
    (process) => audit.ended(process),
  )
  await audit.whole(ORDERS, reference.outcomes)
  await folder.remove()
  return kills
}

/** Every case, `LANES` at a time; resolves with how many kills there were. */
async function surviveAll(cases: readonly (readonly Death[])[]): Promise<number> {
  let next = 0
  let killed = 0
  const lane = async () => {
    for (let mine = next++; mine < cases.length; mine = next++) {
      const deaths = cases[mine] as readonly Death[]
      try {
        const kills = await survive(deaths)
        killed += kills
      } catch (cause) {
        throw new Error(`Killed at ${JSON.stringify(deaths)}: ${(cause as Error).message}`, { cause })
      }
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return killed
}

/** The numbers of every `step`-th commit of the uninterrupted run. */
function every(step: number): number[] {
  return Array.from({ length: Math.floor((reference.commits * 0.85) / step) }, (_, index) => (index + 1) * step)
}

describe('a run of 50 orders that is killed', () => {
  test.each(['before', 'after'] as const)(
    '%s its commits, each time at another one, ends as if it had not been',
    async (when) => {
      const cases = every(STEP).map((n): Death[] => [{ call: 'commit', n, when }])
      const kills = await surviveAll(cases)
      process.stdout.write(
        `killed ${kills} times ${when} the batches that hold every ${STEP}th of ${reference.commits} commits\n`,
      )
      // a run may need fewer commits than the one that nobody killed
      expect(kills).toBeGreaterThan(cases.length * 0.9)
    },
    240_000,
  )

  test('while it recovers, and once more while it recovers from that, ends as if it had not been', async () => {
    const calls = ['register', 'owners', 'retire', 'orphans', 'claim', 'counts', 'nextDue', 'inbox'] as const
    const first: Death = { call: 'commit', n: Math.floor(reference.commits / 2), when: 'after' }
    const cases = calls.flatMap((call) =>
      (['before', 'after'] as const).map((when): Death[] => [first, { call, n: 1, when }, { call, n: 1, when }]),
    )
    const kills = await surviveAll(cases)
    process.stdout.write(`killed ${kills} times in ${cases.length} runs, at the calls ${calls.join(', ')}\n`)
    expect(kills).toBe(cases.length * 3)
  }, 240_000)

  test('at a commit, and again at the first ones after it, ends as if it had not been', async () => {
    const cases = [0.15, 0.4, 0.65].flatMap((part) =>
      [1, 60].map((again): Death[] => [
        { call: 'commit', n: Math.floor(reference.commits * part), when: 'after' },
        { call: 'commit', n: again, when: 'before' },
        { call: 'commit', n: again, when: 'after' },
      ]),
    )
    const kills = await surviveAll(cases)
    process.stdout.write(`killed ${kills} times in ${cases.length} runs, three in a row\n`)
    // the last ones of a row may find less to commit than they wait for
    expect(kills).toBeGreaterThan(cases.length * 2)
  }, 240_000)
})
