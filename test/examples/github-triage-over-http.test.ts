/**
 * How the payloads of the example get in: a sender, the webhooks of its entry points, and the digest of the night.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRuntime, type RuntimeEvent } from 'stateward'
import { memoryStore } from 'stateward/memory'
import { SimulatedClock } from 'stateward/testing'
import { expect, onTestFinished, test } from 'vitest'
import { entryPointsOf } from '../../examples/github-triage/entry-points.js'
import { signedRequest } from '../../examples/github-triage/github-webhook.js'
import { nightlyDigestId } from '../../examples/github-triage/nightly-digest.js'
import { readPayloads, type RoutedPayload } from '../../examples/github-triage/payloads.js'
import { sendAll } from '../../examples/github-triage/sending.js'
import { addUp, collect } from '../../examples/github-triage/totals.js'

const payloads = readPayloads()
const few = payloads.slice(0, 11)
const url = 'http://localhost'
const secret = 'a secret of both'
const noWait = () => expect.unreachable('nobody has asked the sender to wait')

/** The receiver, without its person: executions stay where they ask. */
async function receiver(nights = '0 3 * * *') {
  const folder = mkdtempSync(join(tmpdir(), 'stateward-triage-'))
  const clock = new SimulatedClock()
  const entryPoints = entryPointsOf({
    outbox: join(folder, 'outbox.jsonl'),
    secret,
    nights,
    count: async () => addUp(await collect(runtime)),
  })
  const runtime = createRuntime({ store: memoryStore(), entryPoints, clock, logger: () => undefined })
  onTestFinished(async () => {
    await runtime.stop()
    rmSync(folder, { recursive: true })
  })
  await runtime.start()
  return { runtime, clock }
}

test('each payload starts one execution with what GitHub has sent, also if it is sent twice, or by two senders', async () => {
  const { runtime } = await receiver()
  const port = { url, secret, send: runtime.fetch, wait: noWait }
  const first = await sendAll(payloads, port)
  expect(first).toEqual({ deliveries: 395, accepted: 329, known: 66, again: 0 })
  expect(await sendAll(payloads, port)).toEqual({ deliveries: 395, accepted: 0, known: 395, again: 0 })
  const { executions } = await runtime.executions({ limit: 1_000 })
  const found = executions.map(({ entryPoint, input, correlationId }) => ({ entryPoint, input, key: correlationId }))
  const sent = payloads.map(({ entryPoint, input }) => ({ entryPoint, input, key: input.key }))
  const byKey = (a: { readonly key?: unknown }, b: { readonly key?: unknown }) => String(a.key).localeCompare(String(b.key))
  expect(found.toSorted(byKey)).toEqual(sent.toSorted(byKey))
})

test('a delivery that somebody else has signed is refused, and its sender stops', async () => {
  const { runtime } = await receiver()
  const forged = sendAll(few, { url, secret: 'guessed', send: runtime.fetch, wait: noWait })
  await expect(forged).rejects.toMatchObject({
    message: expect.stringContaining('could not be delivered'),
    cause: { message: expect.stringMatching(/^401 /) },
  })
  expect(addUp(await collect(runtime)).executions).toBe(0)
})

/** A receiver that answers with these, one after the other, and with 202 from then on. */
function answering(...answers: ReadonlyArray<Response | Error>) {
  const rest = answers.values()
  return (request: Request): Promise<Response> => {
    const answer = rest.next().value
    if (answer instanceof Error) return Promise.reject(answer)
    return Promise.resolve(answer ?? Response.json({ id: request.headers.get('x-github-delivery') }, { status: 202 }))
  }
}

test('a sender comes again later where nobody is there, or where it is asked to, as late as it is told', async () => {
  const waits: number[] = []
  const account = await sendAll(few.slice(1, 2), {
    url,
    secret,
    send: answering(
      new Error('connect ECONNREFUSED'),
      new Response('', { status: 503 }),
      new Response('', { status: 429, headers: { 'retry-after': '7' } }),
    ),
    wait: async (ms) => waits.push(ms),
  })
  expect(waits).toEqual([250, 250, 7000])
  expect(account).toEqual({ deliveries: 2, accepted: 2, known: 0, again: 3 })
})

test('a sender that is answered with two ids for one delivery says so, and one that is never taken gives up', async () => {
  let id = 0
  const send = () => Promise.resolve(Response.json({ id: `${++id}` }, { status: 202 }))
  await expect(sendAll(few.slice(0, 1), { url, secret, send, wait: noWait })).rejects.toThrow('has started 1 and 2')
  const never = sendAll(few.slice(0, 1), {
    url,
    secret,
    send: () => Promise.reject(new Error('nobody')),
    wait: () => Promise.resolve(),
  })
  await expect(never).rejects.toMatchObject({ cause: { message: 'nobody' } })
})

test('each night has one digest, of all that was handled by then', async () => {
  const { runtime, clock } = await receiver()
  const ignored = payloads.find(({ input }) => input.event === 'star') as RoutedPayload
  await runtime.fetch(signedRequest(url, secret, ignored))
  const digests: RuntimeEvent[] = []
  for (let night = 1; night <= 2; night++) {
    const made = runtime.waitFor({ type: 'execution.completed', entryPoint: nightlyDigestId })
    await clock.advance(86_400_000)
    const answer = await made
    if (answer.status === 'happened') digests.push(answer.event)
  }
  const [first, second] = digests.map(({ data }) => data as { night: number; handled: number; text: string })
  expect(first).toMatchObject({ handled: 1, text: expect.stringContaining('ignored') })
  expect(new Date(first?.night ?? 0).toISOString()).toMatch(/T03:00:00.000Z$/)
  expect((second?.night ?? 0) - (first?.night ?? 0)).toBe(86_400_000)
})
