/**
 * How a payload travels over HTTP: what GitHub writes into the request, and what the webhook of an entry point reads there.
 *
 * Owns: paths, headers and the signature, for both sides. `sending.ts` is the sender, `entry-points.ts` the receiver.
 */
import { createHmac } from 'node:crypto'
import { header, hmac, webhook } from 'stateward/triggers'
import { defaultReminder, type EntryPointId, type JsonObject, type RoutedPayload, type WebhookInput } from './payloads.js'

/** Where the deliveries for an entry point go. */
export const pathOf = (entryPoint: EntryPointId) => `/github/${entryPoint}`

/** The trigger of an entry point: one execution for each delivery, however often it comes. */
export function githubWebhook(entryPoint: EntryPointId, secret: string) {
  return webhook<WebhookInput>({
    path: pathOf(entryPoint),
    verify: hmac({ header: 'x-hub-signature-256', secret }),
    idempotencyKey: header('x-github-delivery'),
    input: ({ headers, body }) => ({
      key: headers.get('x-github-delivery') ?? '',
      event: headers.get('x-github-event') ?? '',
      payload: body as JsonObject,
      reminderAfter: defaultReminder,
    }),
    options: ({ headers }) => ({ correlationId: headers.get('x-github-delivery') ?? '' }),
  })
}

/** The request with which GitHub would deliver a payload to the server at `url`. */
export function signedRequest(url: string, secret: string, { entryPoint, input }: RoutedPayload): Request {
  const body = JSON.stringify(input.payload)
  return new Request(url + pathOf(entryPoint), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-github-event': input.event,
      'x-github-delivery': input.key,
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    },
    body,
  })
}
