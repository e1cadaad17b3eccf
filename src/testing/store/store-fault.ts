/**
 * What may go wrong with a call of a store, as data.
 *
 * Owns: the kinds of faults, which calls each of them makes sense for, and refusing all others.
 * Does not do anything to a store: that is `faulty-store.ts`.
 */
import { StatewardError } from '../../errors.js'
import { storeCalls, storeReads, type StoreCall } from './store-call.js'

/**
 * A fault: what happens to which calls.
 *
 * - `throw`: the call rejects with an untyped error, as a driver's, before or after it has had its effect.
 * - `hang`: the call waits until it is released, before or after it has had its effect.
 * - `torn`: the first half (rounded down) of a batch is written, then the call rejects. `commit` alone takes a batch.
 * - `duplicate`: the call is carried out twice, and the second answer is returned, as by a driver that tries again
 *   because an acknowledgement was lost. Not for `enqueue`: `send` is not deduplicated, so a message that stands in the
 *   inbox twice is delivered twice. Not for `claim`: its second answer leaves out what the first one took, and nobody
 *   would know of that. No driver may repeat these two.
 * - `stale`: the call answers as it did when it was last asked the same, or as an empty store if it never was, as
 *   a replica that lags behind. Calls that read alone.
 */
export type StoreFault = {
  readonly call: StoreCall | readonly StoreCall[]
  /** The first of these calls that is hit, counted from now on, 1 is the next. Default 1. */
  readonly nth?: number
  /** How many are hit, one after the other. Default: one if `nth` is given, else all until `heal()`. */
  readonly times?: number
} & (
  | {
      readonly kind: 'throw' | 'hang'
      /** Whether it happens before the call has had its effect or after it. Default `before`. */
      readonly when?: 'before' | 'after'
    }
  | { readonly kind: 'torn' | 'duplicate' | 'stale'; readonly when?: never }
)

/** A kind of fault. */
export type StoreFaultKind = StoreFault['kind']

const except = (...calls: readonly StoreCall[]) => storeCalls.filter((call) => !calls.includes(call))

/** The calls that each kind of fault may hit. */
export const hittable: Readonly<Record<StoreFaultKind, readonly StoreCall[]>> = {
  throw: storeCalls,
  hang: storeCalls,
  torn: ['commit'],
  duplicate: except('enqueue', 'claim'),
  stale: storeReads,
}

/** The calls of a fault, as a list. Throws `invalid_option`, naming the field, for a fault that makes no sense. */
export function callsOf(fault: StoreFault): readonly StoreCall[] {
  if (typeof fault !== 'object' || fault === null) throw refused('fault', fault, 'an object with a `kind` and a `call`')
  // one that is misspelt would leave a fault that is none, or one that never ends
  const field = Object.keys(fault).find((each) => !fields.includes(each))
  if (field !== undefined) throw refused(field, 'given', `one of ${fields.join(', ')}`)
  const { kind, nth, times } = fault
  const when: unknown = fault.when
  const allowed = Object.hasOwn(hittable, kind) ? hittable[kind] : undefined
  if (!allowed) throw refused('kind', kind, Object.keys(hittable).join(', '))
  const calls = typeof fault.call === 'string' ? [fault.call] : fault.call
  if (!Array.isArray(calls) || calls.length === 0) throw refused('call', fault.call, 'a call of the contract, or several')
  const wrong = (calls as readonly StoreCall[]).find((call) => !allowed.includes(call))
  if (wrong !== undefined) throw refused('call', wrong, `for the kind '${kind}', ${allowed.join(', ')}`)
  if (when !== undefined && kind !== 'throw' && kind !== 'hang') throw refused('when', when, 'absent, but for throw and hang')
  if (when !== undefined && when !== 'before' && when !== 'after') throw refused('when', when, 'before or after')
  if (nth !== undefined && !isCount(nth)) throw refused('nth', nth, 'a whole number from 1')
  if (times !== undefined && times !== Infinity && !isCount(times))
    throw refused('times', times, 'a whole number from 1, or Infinity')
  return calls as readonly StoreCall[]
}

const fields: readonly string[] = ['kind', 'call', 'nth', 'times', 'when'] satisfies (keyof StoreFault)[]

const isCount = (value: unknown) => Number.isInteger(value) && (value as number) >= 1

function refused(option: string, value: unknown, wanted: string): StatewardError {
  const shown = typeof value === 'string' || typeof value === 'number' ? value : value === null ? 'null' : typeof value
  return new StatewardError('invalid_option', `A fault's \`${option}\` is ${String(shown)}; it must be ${wanted}.`, {
    details: { option, value: shown },
  })
}
