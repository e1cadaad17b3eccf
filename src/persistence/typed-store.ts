/**
 * Any store, with every failure as a `StatewardError`.
 *
 * Owns: the boundary between what a driver may throw and what a caller of the runtime gets. Leaves `commit` alone: the
 * group commit names the execution that it failed for. Opens and closes it as one of those who share it.
 */
import { StatewardError } from '../errors.js'
import type { SnapshotStore } from './snapshot-store.js'
import { holdStore, letStoreGo } from './store-holders.js'

type Call = (...args: unknown[]) => Promise<unknown>

/** The same store; what it throws that is no `StatewardError` comes as `store_failed`, naming the call and the place. */
export function typedStore(store: SnapshotStore): SnapshotStore {
  const wrapped = new Map<string | symbol, Call>()
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function' || name === 'commit') return member
      let call = wrapped.get(name)
      if (!call) {
        if (name === 'open') call = () => typed(target, 'open', () => holdStore(target, wrapped))
        else if (name === 'close') call = () => typed(target, 'close', () => letStoreGo(target, wrapped))
        else call = (...args) => typed(target, String(name), () => (member as Call).apply(target, args))
        wrapped.set(name, call)
      }
      return call
    },
  })
}

async function typed(store: SnapshotStore, operation: string, call: () => Promise<unknown>): Promise<unknown> {
  try {
    return await call()
  } catch (cause) {
    if (cause instanceof StatewardError) throw cause
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new StatewardError('store_failed', `The ${store.name} store failed to ${operation}: ${message}`, {
      details: { operation, store: store.name, location: store.location },
      cause,
    })
  }
}
