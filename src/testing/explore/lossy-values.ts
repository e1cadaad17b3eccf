/** Values that are other ones after JSON. Owns finding the first place in each branch where the kind of a value changes. */
import { isStoredRef } from '../../actors/program/xstate/stored-refs.js'
import { shortText } from '../world/readable.js'
import type { LossyValue } from './exploration-host.js'

const kindOf = (value: unknown) =>
  value === null ? 'null' : typeof value === 'object' ? Object.prototype.toString.call(value) : typeof value

/** The places at which a context did not come back as what it was. */
export function lossyValues(execution: string, was: unknown, is: unknown, path = 'context'): LossyValue[] {
  if (was === undefined && is === undefined) return []
  if (kindOf(was) !== kindOf(is)) return [{ execution, path, was: shortText(was), is: shortText(is) }]
  if (typeof was === 'number' && !Object.is(was, is)) return [{ execution, path, was: shortText(was), is: shortText(is) }]
  if (typeof was !== 'object' || was === null) return []
  // an actor is stored by its name
  if ('sessionId' in was || isStoredRef(was)) return []
  return Object.entries(was).flatMap(([key, inner]) =>
    lossyValues(execution, inner, (is as Record<string, unknown>)[key], `${path}.${key}`),
  )
}
