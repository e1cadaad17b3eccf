/**
 * The one step with an effect on the world: it appends a line to the outbox file.
 *
 * A step that was in flight when the process was killed runs again, with the same idempotency key. So a line may be
 * there twice, and `outbox.ts`, like any receiver, drops the second one: at least once here, once in the summary.
 */
import { appendFile } from 'node:fs/promises'
import { fromStep } from 'stateward'
import { checksumOf, stretch, type DeliveryInput, type Receipt } from './steps.js'

/** Makes the step that delivers to one file. */
export function deliverTo(outbox: string) {
  return fromStep<Receipt, DeliveryInput>(
    async ({ input, signal, idempotencyKey, attempt, executionId }) => {
      const checksum = checksumOf(input)
      await appendFile(outbox, `${JSON.stringify({ idempotencyKey, executionId, attempt, checksum, ...input })}\n`)
      await stretch(signal)
      return { checksum }
    },
    { retry: { maxAttempts: 3 }, timeout: 30_000 },
  )
}
