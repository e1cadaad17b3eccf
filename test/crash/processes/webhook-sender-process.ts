/**
 * A process that sends signed deliveries, some at the same time, each until it is answered with success: as senders do.
 *
 * Says on its standard output, a line each: `answered <n> <status> <id>` for every answer of success, `failed <n> <why>` for every other
 * try, and `finished`. Every tenth delivery is sent again after its success.
 */
import { createHmac } from 'node:crypto'
import { readWebhookSettings, secret, type SenderSettings } from './webhook-settings.js'

const { url, count, atOnce } = readWebhookSettings() as SenderSettings
const say = (line: string) => process.stdout.write(`${line}\n`)

async function attempt(n: number): Promise<boolean> {
  const body = JSON.stringify({ n })
  const headers = {
    'content-type': 'application/json',
    'x-delivery': `delivery-${n}`,
    'x-signature': createHmac('sha256', secret).update(body).digest('hex'),
  }
  try {
    const response = await fetch(`${url}/deliveries`, { method: 'POST', headers, body })
    const text = await response.text()
    if (!response.ok) throw new Error(`${response.status} ${text}`)
    say(`answered ${n} ${response.status} ${(JSON.parse(text) as { id: string }).id}`)
    return true
  } catch (error) {
    say(`failed ${n} ${String(error)}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
    return false
  }
}

async function deliver(n: number): Promise<void> {
  for (let left = n % 10 === 0 ? 2 : 1; left > 0;) if (await attempt(n)) left--
}

let next = 0
const lane = async () => {
  while (next < count) await deliver(next++)
}
await Promise.all(Array.from({ length: atOnce }, lane))
say('finished')
