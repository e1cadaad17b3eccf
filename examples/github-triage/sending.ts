/**
 * Sends the payloads as GitHub would: signed, some at a time, some of them twice, and again until each was taken.
 *
 * Owns: what an answer means to a sender. It knows the receiver by its address alone.
 */
import { signedRequest } from './github-webhook.js'
import type { RoutedPayload } from './payloads.js'

/** What became of the deliveries of one sender. */
export interface SendingAccount {
  /** How many deliveries were answered. */
  readonly deliveries: number
  /** How many of them started an execution. */
  readonly accepted: number
  /** How many had started one before: they came a second time, or were sent by an earlier sender too. */
  readonly known: number
  /** How often a delivery was sent again, because nobody was there, or the receiver asked to wait. */
  readonly again: number
}

/** What a sender needs of the world. */
export interface SendingPort {
  readonly url: string
  readonly secret: string
  /** As `fetch` of the web: rejects if nobody is there. */
  send(request: Request): Promise<Response>
  /** Resolves after so many ms. */
  wait(ms: number): Promise<unknown>
}

/** Every so many payloads one is sent twice. */
const twiceEvery = 5
const atOnce = 20
/** How long a sender waits where nobody says how long, in ms. */
const backOff = 250
/** How often it tries. */
const maxAttempts = 40

/** Sends all; resolves once each delivery was taken. Rejects if one is refused for good, or a second delivery starts something else. */
export async function sendAll(payloads: readonly RoutedPayload[], port: SendingPort): Promise<SendingAccount> {
  const account = { deliveries: 0, accepted: 0, known: 0, again: 0 }
  const rest = payloads.flatMap((payload, index) => (index % twiceEvery === 0 ? [payload, payload] : [payload])).values()
  const ids = new Map<string, string>()
  const sendRest = async () => {
    for (const payload of rest) {
      const { id, isNew } = await deliver(payload, port, () => (account.again += 1))
      const { key } = payload.input
      if ((ids.get(key) ?? id) !== id) throw new Error(`${key} has started ${ids.get(key)} and ${id}`)
      ids.set(key, id)
      account.deliveries += 1
      account[isNew ? 'accepted' : 'known'] += 1
    }
  }
  await Promise.all(Array.from({ length: atOnce }, sendRest))
  return account
}

/** Delivers until it is taken: at once, later if the receiver says so or is not there, and never again what it refuses. */
async function deliver(payload: RoutedPayload, port: SendingPort, onAgain: () => void): Promise<{ id: string; isNew: boolean }> {
  let last: unknown
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    let response: Response | undefined
    try {
      response = await port.send(signedRequest(port.url, port.secret, payload))
    } catch (error) {
      last = error
    }
    if (response?.ok) return { id: ((await response.json()) as { id: string }).id, isNew: response.status === 202 }
    if (response) last = new Error(`${response.status} ${await response.text()}`)
    if (response && response.status < 500 && response.status !== 429) break
    onAgain()
    await port.wait(Number(response?.headers.get('retry-after') ?? 0) * 1000 || backOff)
  }
  throw new Error(`${payload.input.key} could not be delivered.`, { cause: last })
}
