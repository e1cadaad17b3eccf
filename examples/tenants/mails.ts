/** A rate: the provider takes five mails in a second, from all processes together. More wait. */
import { defineEntryPoint, fromStep } from 'stateward'

/** A mail to send. */
export interface Mail {
  readonly to: string
  readonly text: string
}

/** The provider's call. It gets the step's key, so that a mail that is tried again is sent once. */
export type SendMail = (mail: Mail, idempotencyKey: string) => Promise<void>

/** Sends mails through a provider. */
export const mailsBy = (send: SendMail) =>
  defineEntryPoint({
    id: 'mails',
    program: fromStep<void, Mail>(({ input, idempotencyKey }) => send(input, idempotencyKey)),
    rate: { limit: 5, per: 1_000 },
  })
