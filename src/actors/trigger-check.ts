/** What a trigger must fulfil before anything is made or written, and what its answer comes to. Owns no state. */
import { StatewardError } from '../errors.js'
import { triggerNames, type TriggerOptions } from '../events/requests.js'
import { isId } from '../ids.js'
import { refuseUnknown } from '../known-options.js'
import type { Admitted } from './accepted-before.js'

/** Throws `invalid_id`, `invalid_option`, naming the option. */
export function checkTrigger(entryPoint: string, options: TriggerOptions = {}): void {
  refuseUnknown('invalid_option', `The trigger of ${entryPoint}`, options, triggerNames, { entryPoint })
  for (const name of ['id', 'correlationId', 'idempotencyKey', 'sessionId'] as const) {
    const value = options[name]
    if (value === undefined) continue
    const isKey = name === 'idempotencyKey'
    if (isKey ? typeof value === 'string' && value.length > 0 && value.length <= 512 : isId(value)) continue
    const wanted = isKey
      ? 'a text of 1 to 512 characters'
      : '1 to 128 letters, digits, or . _ : - inside, never two dots in a row'
    throw new StatewardError('invalid_id', `\`${name}\` ${JSON.stringify(value)} for ${entryPoint} is not one; use ${wanted}.`, {
      details: { entryPoint, option: name, value: String(value) },
    })
  }
  for (const name of ['timeout', 'queueTimeout', 'deadline', 'priority'] as const) {
    const value = options[name]
    if (value === undefined || (typeof value === 'number' && Number.isFinite(value) && (name === 'priority' || value > 0)))
      continue
    throw new StatewardError(
      'invalid_option',
      `\`${name}\` for ${entryPoint} is ${String(value)}; it must be a number of milliseconds above 0.`,
      {
        details: { entryPoint, option: name, value: String(value) },
      },
    )
  }
}

/** The execution that answers a trigger, and whether it is a new one. Throws `duplicate_execution`. */
export function accepted(outcome: Admitted): { readonly id: string; readonly created: boolean } {
  if (outcome.status === 'duplicate' && outcome.of === 'id') {
    throw new StatewardError('duplicate_execution', `There is an execution ${outcome.id} already.`, {
      details: { id: outcome.id },
    })
  }
  return { id: outcome.id, created: outcome.status === 'accepted' }
}
