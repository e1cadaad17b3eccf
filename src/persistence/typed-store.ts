/**
 * Wraps any store, so that every failure is a `StatewardError`.
 *
 * Owns: the boundary between what a driver may throw and what a caller of the runtime gets. Leaves `commit` alone: the
 * group commit names the execution that it failed for. Opens and closes it as one of those who share it; who has closed it is
 * told `already_stopped`.
 */
import { isStatewardError, StatewardError } from '../errors.js'
import type { SnapshotStore } from './snapshot-store.js'
import { holdStore, letStoreGo } from './store-holders.js'

type Call = (...args: unknown[]) => Promise<unknown>

/** The same store. An error of another class becomes `store_failed`, which names the call and the place. */
export function typedStore(store: SnapshotStore): SnapshotStore {
  const wrapped = new Map<string | symbol, Call>()
  /** The error for calls after the runtime of this store has stopped. */
  let isGone = false
  const open = () => {
    isGone = false
    return holdStore(store, wrapped)
  }
  const close = () => {
    isGone = true
    return letStoreGo(store, wrapped)
  }
  const stopped = (cause?: unknown) =>
    new StatewardError('already_stopped', 'The runtime was stopped.', cause === undefined ? {} : { cause })
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function' || name === 'commit') return member
      let call = wrapped.get(name)
      if (!call) {
        const made = name === 'open' ? open : name === 'close' ? close : undefined
        call = async (...args) => {
          if (isGone && !made) throw stopped()
          try {
            return await (made ? made() : (member as Call).apply(target, args))
          } catch (cause) {
            const error = typed(target, String(name), cause)
            throw isGone && !made && isStatewardError(error, 'store_closed') ? stopped(error) : error
          }
        }
        wrapped.set(name, call)
      }
      return call
    },
  })
}

function typed(store: SnapshotStore, operation: string, cause: unknown): StatewardError {
  if (cause instanceof StatewardError) return cause
  const message = cause instanceof Error ? cause.message : String(cause)
  return new StatewardError('store_failed', `The ${store.name} store failed to ${operation}: ${message}`, {
    details: { operation, store: store.name, location: store.location },
    cause,
  })
}
