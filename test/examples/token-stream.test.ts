/** The example's reader: whatever happens to the process that speaks, it ends with the words of the attempt that counts. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { answer } from '../../examples/token-stream/answer.js'
import { readOn, unread } from '../../examples/token-stream/reader.js'
import { createClient, defineEntryPoint } from '../../src/index.js'
import { begin } from '../support/begin.js'
import { fastFolder, sqlitePlace } from '../support/store-place.js'
import { temporaryFolder } from '../support/temporary-folder.js'

test('a reader in another process reconnects at its offset, and ends with the text, although the first process has died', async () => {
  const file = join(temporaryFolder(fastFolder), 'words.txt')
  const text = Array.from({ length: 40 }, (_, n) => `word${n}`).join(' ')
  writeFileSync(file, text)
  const entryPoints = [defineEntryPoint({ id: 'answers', program: answer })]
  const shared = sqlitePlace()
  const mortal = shared.connect()
  const first = await begin({ store: mortal, entryPoints })
  await first.trigger('answers', { file, pace: 5 }, { id: 'a' })
  const client = createClient({ store: shared.connect(), entryPoints, pollInterval: 5 })
  onTestFinished(() => client.close())
  const half = await readOn(client.execution('a'), unread, 5)
  expect(half).toMatchObject({ since: 5, isFinal: false })
  expect(text.startsWith(half.text)).toBe(true)
  mortal.cut()
  await begin({ store: shared.connect(), entryPoints })
  expect(await readOn(client.execution('a'), half)).toMatchObject({ text, isFinal: true })
})
