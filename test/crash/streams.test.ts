/** A step that streams in real processes which are killed: who reads in another process gets all of the attempt that is committed. */
import { expect, test } from 'vitest'
import type { StepChunk } from '../../src/index.js'
import { CrashFolder } from './support/crash-folder.js'
import { RealProcess } from './support/real-process.js'

const chunks = 10_000

test('10,000 chunks, their process killed three times: a reader that reconnects at its offset gets every chunk of the committed run', async () => {
  const folder = new CrashFolder()
  const start = (role: string, number: number, pause = 0) =>
    folder.adopt(RealProcess.start('stream-process', [folder.db, role, String(number), String(pause)]))
  const entries: StepChunk[] = []
  const heard = (listener: RealProcess) => listener.said('entry').map((line) => JSON.parse(line) as StepChunk)
  const offset = () => entries.at(-1)?.offset ?? 0

  for (let kill = 1; kill <= 3; kill++) {
    // far from its end when it is killed
    const speaker = start('speak', chunks, 200)
    await speaker.untilSaid('started')
    const listener = start('listen', offset())
    await listener.waitUntil(
      'chunks of this run',
      () => heard(listener).filter(({ type }) => type === 'chunk').length > 300 * kill,
    )
    await speaker.kill()
    await listener.kill()
    entries.push(...heard(listener))
  }
  const speaker = start('speak', chunks)
  const listener = start('listen', offset())
  await listener.untilSaid('over')
  await speaker.untilSaid('ended')
  entries.push(...heard(listener))

  // each entry once, and none is missing
  expect(entries.map(({ offset: at }) => at)).toEqual(entries.map((_, at) => at + 1))
  const committed = entries.filter(({ type }) => type === 'committed')
  expect(committed).toHaveLength(1)
  const abandoned = entries.filter(({ type }) => type === 'abandoned').map(({ run }) => run)
  const runs = [...new Set(entries.map(({ run }) => run))]
  expect(abandoned).toEqual(runs.filter((run) => run !== committed[0]?.run))
  expect(abandoned).toHaveLength(3)
  const good = entries.flatMap((entry) => (entry.type === 'chunk' && entry.run === committed[0]?.run ? [entry.data] : []))
  expect(good).toEqual(Array.from({ length: chunks }, (_, n) => n))
})
