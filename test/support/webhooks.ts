/** Webhooks for tests. Owns: an entry point that doubles what it is sent, and requests with a good signature. */
import { createHmac } from 'node:crypto'
import { fromPromise } from 'xstate'
import { z } from 'zod'
import { defineEntryPoint, type EntryPointOptions } from '../../src/index.js'
import { header, hmac, webhook, type WebhookOptions } from '../../src/triggers.js'

/** What nobody may find anywhere. */
export const secret = 'the-secret-of-the-sender'

export const double = fromPromise(async ({ input }: { input: { n: number } }) => input.n * 2)

const schema = z.object({ n: z.number() })
type Body = z.infer<typeof schema>

/** An entry point at `/doubles`. */
export function doubles(
  over: Partial<WebhookOptions<{ n: number }, Body>> = {},
  options: Partial<EntryPointOptions<typeof double>> = {},
) {
  return defineEntryPoint({
    id: 'doubles',
    program: double,
    trigger: webhook<{ n: number }, Body>({
      path: '/doubles',
      verify: hmac({ header: 'x-signature', secret }),
      idempotencyKey: header('x-delivery'),
      schema,
      input: ({ body }) => ({ n: body.n }),
      ...over,
    }),
    ...options,
  })
}

export const signature = (body: string | Uint8Array) => createHmac('sha256', secret).update(body).digest('hex')

/** A delivery to `/doubles`, signed well; what is in `headers` counts more, and an empty one is left out. */
export function delivery(
  id: string,
  body: unknown = { n: 21 },
  headers: Readonly<Record<string, string>> = {},
  { path = '/doubles', method = 'POST' } = {},
): Request {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const all = { 'content-type': 'application/json', 'x-signature': signature(text), 'x-delivery': id, ...headers }
  const given = Object.entries(all).filter(([, value]) => value !== '')
  const sent = method === 'GET' || method === 'HEAD' ? {} : { body: text }
  return new Request(`http://localhost${path}`, { method, headers: Object.fromEntries(given), ...sent })
}

/** Status and JSON of an answer. */
export async function read(response: Response): Promise<{ status: number; body: Readonly<Record<string, unknown>> }> {
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
