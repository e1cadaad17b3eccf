/** Turns the verdict of an admission into the answer to a trigger. Owns no state. */
import { StatewardError } from '../../errors.js'
import type { Admitted } from '../stream/accepted-before.js'

/** The execution that answers a trigger; whether it is new, or was there and has taken the trigger in. Throws `duplicate_execution`. */
export function accepted(outcome: Admitted): { readonly id: string; readonly created: boolean; readonly joined: boolean } {
  if (outcome.status === 'duplicate' && outcome.of === 'id') {
    throw new StatewardError('duplicate_execution', `There is an execution ${outcome.id} already.`, {
      details: { id: outcome.id },
    })
  }
  return { id: outcome.id, created: outcome.status === 'accepted', joined: outcome.status === 'joined' }
}
