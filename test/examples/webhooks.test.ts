/** The greeter of GitHub's issues: over HTTP, with GitHub's own payloads, some delivered twice and one by a stranger. */
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { onTestFinished, expect, test } from 'vitest'
import { startGreeter } from '../../examples/webhooks/start.js'
import { memoryStore } from '../../src/memory.js'
import { temporaryFolder } from '../support/temporary-folder.js'

interface Definition {
  readonly name: string
  readonly examples: readonly object[]
}

const secret = 'shared with GitHub'
const definitions = createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly Definition[]
const payloads = definitions
  .filter(({ name }) => name === 'issues' || name === 'ping' || name === 'issue_comment')
  .flatMap(({ name, examples }) => examples.map((body) => ({ event: name, text: JSON.stringify(body) })))

test('each issue that was opened is greeted once, however often it is delivered, and nothing else is', async () => {
  const comments = `${temporaryFolder()}/comments.log`
  const { runtime, url, stop } = await startGreeter({ store: memoryStore(), secret, comments, port: 0 })
  let isStopped = false
  onTestFinished(async () => {
    if (!isStopped) await stop()
  })
  const deliver = async ({ event, text }: (typeof payloads)[number], id: string, by = secret) => {
    const headers = {
      'content-type': 'application/json',
      'x-github-event': event,
      'x-github-delivery': id,
      'x-hub-signature-256': `sha256=${createHmac('sha256', by).update(text).digest('hex')}`,
    }
    const response = await fetch(`${url}/github`, { method: 'POST', headers, body: text })
    return { status: response.status, text: await response.text() }
  }
  const first = await Promise.all(payloads.map((payload, at) => deliver(payload, `d-${at}`)))
  const again = await Promise.all(payloads.map((payload, at) => deliver(payload, `d-${at}`)))
  const isOpened = payloads.map(({ event, text }) => event === 'issues' && text.startsWith('{"action":"opened"'))
  expect(first.map(({ status }) => status)).toEqual(isOpened.map((opened) => (opened ? 202 : 204)))
  expect(again.map(({ status }) => status)).toEqual(isOpened.map((opened) => (opened ? 200 : 204)))
  const opened = payloads[isOpened.indexOf(true)]
  if (!opened) throw new Error('no issue was opened')
  expect((await deliver(opened, 'd-stranger', 'guessed')).status).toBe(401)
  for (const { text } of first) if (text !== '') await runtime.execution((JSON.parse(text) as { id: string }).id).result()
  await stop()
  isStopped = true
  const written = readFileSync(comments, 'utf8').trim().split('\n')
  expect(written).toHaveLength(isOpened.filter(Boolean).length)
  expect(JSON.parse(written[0] as string)).toMatchObject({ text: expect.stringContaining('thank you for') as string })
})
