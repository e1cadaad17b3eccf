/** SIGKILL at random instants of a run of 60 orders, several in a row, started again until done. The seed is printed. */
import { beforeAll, expect, test } from 'vitest'
import { CrashFolder } from './support/crash-folder.js'
import { OrderAudit } from './support/order-audit.js'
import { restartUntilDone } from './support/restart-until-done.js'
import { seeded } from '../../src/testing/world/seeded-ids.js'
import { printedSeed } from './support/printed-seed.js'
import { uninterrupted, type Uninterrupted } from './support/uninterrupted.js'

const settings = { to: 60, maxConcurrent: 6 }
const SERIES = 8
/** So many lives of a series are killed at the most; the last one runs through. */
const KILLS = 6

let reference: Uninterrupted
let length = 0

beforeAll(async () => {
  const begun = performance.now()
  reference = await uninterrupted(settings)
  length = performance.now() - begun
})

test('a run that is killed at random instants, again and again, ends as if it had not been', async () => {
  const random = seeded(printedSeed('random instants'))
  let killed = 0
  let repeated = 0
  for (let series = 0; series < SERIES; series++) {
    const folder = new CrashFolder()
    const audit = new OrderAudit(folder)
    const kills = await restartUntilDone(
      (life) => {
        const process = folder.start(settings)
        if (life <= KILLS) void process.killIn(random() * length * 0.7)
        return process
      },
      (process) => audit.ended(process),
    )
    await audit.whole(settings.to, reference.outcomes)
    killed += kills
    repeated += audit.repeated
    await folder.remove()
  }
  process.stdout.write(`killed ${killed} times in ${SERIES} runs; ${repeated} steps in flight ran again\n`)
  expect(killed).toBeGreaterThan(SERIES)
}, 240_000)
