/**
 * One store that several simulated processes connect to.
 *
 * Owns: its connections. One that is cut behaves as that of a dead process: nothing of it arrives, no call comes back, and
 * others notice the death at once. Does not know: what is stored.
 */
import { StatewardError } from '../../errors.js'
import type { SnapshotStore } from '../../persistence/snapshot-store.js'

/** A store as one process sees it. */
export interface Connection extends SnapshotStore {
  /** From now on nothing of it arrives, and no call comes back. */
  cut(): void
  readonly isCut: boolean
}

/** A promise that is never settled: the answer that the dead get. One each: a shared one would keep all who wait for it for ever. */
export const never = (): Promise<never> => new Promise<never>(() => undefined)

/** The keys of dead owners, by the store that they died on: each world on it notices the deaths in the others. */
const deaths = new WeakMap<object, Set<string>>()

/** Makes connections to one store. */
export class SharedStore {
  readonly #open: () => SnapshotStore
  readonly #dead: Set<string>
  readonly #opened = new Set<SnapshotStore>()

  /** A store that all processes share, or what opens it for one of them. */
  constructor(store: SnapshotStore | (() => SnapshotStore)) {
    this.#open = typeof store === 'function' ? store : () => store
    this.#dead = deaths.get(store) ?? new Set()
    deaths.set(store, this.#dead)
  }

  /** A connection; what is changed in `over` is called instead of the store's own. */
  connect(over: (store: SnapshotStore) => Partial<SnapshotStore> = () => ({})): Connection {
    const store = this.#open()
    this.#opened.add(store)
    const keys = new Set<string>()
    let cut = false
    let closed = true
    const own: SnapshotStore = {
      ...callsOf(store),
      open: () => {
        closed = false
        return store.open()
      },
      // several connections may share one store in memory
      close: async () => {
        closed = true
      },
      register: (owner, dead) => {
        keys.add(owner.key)
        return store.register(owner, dead)
      },
      owners: async () =>
        (await store.owners()).map((owner) => (this.#dead.has(owner.key) ? { ...owner, leaseUntil: 0 } : owner)),
    }
    const whole = { ...own, ...over(own) }
    const alive = async (name: string, call: Call, args: unknown[]): Promise<unknown> => {
      if (cut) return never()
      if (closed && name !== 'open' && name !== 'close') throw new StatewardError('store_closed', `closed at ${name}`)
      const answer = await call(...args)
      // it came back to nobody
      return cut ? never() : answer
    }
    const calls = Object.entries(whole).map(([name, member]: [string, unknown]) => [
      name,
      typeof member === 'function' ? (...args: unknown[]) => alive(name, member as Call, args) : member,
    ])
    return {
      ...(Object.fromEntries(calls) as SnapshotStore),
      get isCut() {
        return cut
      },
      cut: () => {
        cut = true
        for (const key of keys) this.#dead.add(key)
      },
    }
  }

  /** Closes the store for good. */
  async close(): Promise<void> {
    for (const store of this.#opened) await store.close()
  }
}

type Call = (...args: unknown[]) => unknown

/** Also of a store that is an object of a class. */
function callsOf(store: SnapshotStore): SnapshotStore {
  const names = new Set<string>(Object.keys(store))
  for (
    let proto: object = Object.getPrototypeOf(store);
    proto !== Object.prototype && proto !== null;
    proto = Object.getPrototypeOf(proto)
  )
    for (const name of Object.getOwnPropertyNames(proto)) if (name !== 'constructor') names.add(name)
  const calls = [...names].map((name) => {
    const member: unknown = Reflect.get(store, name)
    return [name, typeof member === 'function' ? (member as Call).bind(store) : member]
  })
  return Object.fromEntries(calls) as SnapshotStore
}
