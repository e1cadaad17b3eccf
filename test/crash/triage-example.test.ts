/** `npm start` without npm: the compiled example, killed at several instants and started again, comes to the same totals. */
import { expect, test } from 'vitest'
import { CrashFolder } from './support/crash-folder.js'
import { RealProcess, repository } from './support/real-process.js'
import { restartUntilDone } from './support/restart-until-done.js'
import { seeded } from '../../src/testing/world/seeded-ids.js'
import { printedSeed } from './support/printed-seed.js'

const main = `${repository}dist-examples/github-triage/main.js`

/** The summary without what kills and speed may change, and says so itself. */
function totals({ output }: RealProcess): string {
  const from = output.findIndex((line) => line.startsWith('entry point'))
  const lines = output.slice(from).filter((line) => !/^(outbox|database|approvals|webhooks|digest) /.test(line))
  return lines.map((line) => line.replace(/, \d+ repeated after a kill and dropped.*/, '')).join('\n')
}

test('npm start, killed at any moment and started again, goes on and comes to the same totals', async () => {
  const random = seeded(printedSeed('npm start'))
  const start = (folder: CrashFolder) => folder.adopt(RealProcess.start(main, ['--db', `${folder.path}/triage.db`]))
  const whole = start(new CrashFolder())
  const begun = performance.now()
  expect(await whole.ended, whole.story()).toEqual({ code: 0, signal: null })
  const length = performance.now() - begun
  expect(whole.output.at(-1)).toMatch(/^All \d+ payloads add up\.$/)

  const folder = new CrashFolder()
  let last: RealProcess | undefined
  const kills = await restartUntilDone((life) => {
    last = start(folder)
    // at a fifth, two fifths … of the run, and a little beside
    if (life <= 4) void last.killIn(((life + random()) * length) / 6)
    return last
  })
  process.stdout.write(`npm start was killed ${kills} times\n`)
  expect(kills).toBeGreaterThan(1)
  expect(last?.output[0]).toMatch(/done in an earlier run|holds a finished run/)
  expect(totals(last as RealProcess)).toBe(totals(whole))
}, 120_000)
