/**
 * A store with faults on demand, over any other one.
 *
 * Owns: which calls are hit by which fault, and what then happens to them. What may be asked for is in `store-fault.ts`.
 * Does not know: the runtime above it, the store below it, and time.
 */
import type { Commit, SnapshotStore } from '../../persistence/snapshot-store.js'
import { StaleAnswers } from './stale-answers.js'
import { storeCalls, type StoreCall, type StoreRead } from './store-call.js'
import { callsOf, type StoreFault } from './store-fault.js'

/** A store over another one, well until it is told otherwise. */
export interface FaultyStore extends SnapshotStore {
  /** Adds faults; each counts its calls from now on. A call that several would hit is hit by the first. Throws `invalid_option`. */
  inject(...faults: readonly StoreFault[]): void
  /** Ends every fault, and lets what hangs go on. */
  heal(): void
  /** Lets every call that hangs now go on, in the order in which they came; the faults stay. */
  release(): void
  /** Lets the call go on that came last of those that hang. */
  releaseLast(): void
  /** How many calls there were of each kind, those that were hit included. */
  readonly calls: Readonly<Partial<Record<StoreCall, number>>>
  /** How many calls were hit by a fault of any kind. */
  readonly hits: number
  /** How many of them threw. */
  readonly failures: number
  /** How many of them hang now. */
  readonly waiting: number
}

interface Armed {
  readonly fault: StoreFault
  readonly calls: readonly StoreCall[]
  /** How many calls pass before it hits. */
  skip: number
  left: number
}

type AnyCall = (...args: unknown[]) => Promise<unknown>

/**
 * Wraps a store, so that its calls throw, hang, are torn, arrive twice or answer as of an earlier time on demand.
 *
 * It works as the store itself until `inject` is called. What it throws are plain errors, as a driver's. A call that
 * hangs may still have its effect when it is released, long after the runtime that made it was stopped. What each kind
 * of fault does, and why `enqueue` and `claim` can't be duplicated: see `StoreFault`. Errors of `inject`: `invalid_option`.
 *
 * @example
 * ```ts
 * const store = faultyStore(memoryStore())
 * const shaken = createRuntime({ store, entryPoints: [tickets] })
 * await shaken.start()
 * store.inject({ kind: 'throw', call: 'commit' }) // until heal()
 * await shaken.trigger('tickets', { id: 1 }).catch((error) => console.log(error.code)) // prints store_failed
 * store.heal()
 * store.inject({ kind: 'throw', call: 'commit', when: 'after', nth: 1 }) // the next one, although it is written
 * const ticket = await shaken.trigger('tickets', { id: 2 })
 * await ticket.send({ type: 'APPROVE' })
 * console.log((await ticket.result()).status, store.failures > 1) // prints completed true
 * await shaken.stop()
 * ```
 */
export function faultyStore(store: SnapshotStore): FaultyStore {
  let armed: Armed[] = []
  const stale = new StaleAnswers()
  const calls: Partial<Record<StoreCall, number>> = {}
  const gates: (() => void)[] = []
  let hits = 0
  let failures = 0

  const gate = () => new Promise<void>((resolve) => gates.push(resolve))
  const release = () => gates.splice(0).forEach((open) => open())
  const failed = (call: StoreCall, how: string) => {
    failures++
    return new Error(`a fault was injected: ${call} ${how}`)
  }

  /** The fault that hits this call. Every fault counts it, whichever hits. */
  function hit(call: StoreCall): StoreFault | undefined {
    const due = armed.filter((each) => each.calls.includes(call) && each.skip-- <= 0)
    const [first] = due
    if (!first) return undefined
    hits++
    if (--first.left <= 0) armed = armed.filter((each) => each !== first)
    return first.fault
  }

  async function carryOut(call: StoreCall, args: unknown[], fault: StoreFault | undefined): Promise<unknown> {
    const go = (...given: unknown[]) => (store[call] as AnyCall).apply(store, given)
    switch (fault?.kind) {
      case undefined: {
        const answer = await go(...args)
        stale.keep(call, args, answer)
        return answer
      }
      case 'throw':
        if (fault.when === 'after') await go(...args)
        throw failed(call, fault.when === 'after' ? 'threw after its effect' : 'threw before its effect')
      case 'hang': {
        if (fault.when !== 'after') await gate()
        const answer = await go(...args)
        if (fault.when === 'after') await gate()
        return answer
      }
      case 'torn': {
        const batch = args[0] as readonly Commit[]
        const written = batch.slice(0, Math.floor(batch.length / 2))
        if (written.length > 0) await go(written)
        throw failed(call, `wrote ${written.length} of ${batch.length}`)
      }
      case 'duplicate':
        await go(...args)
        return go(...args)
      case 'stale':
        return stale.answer(call as StoreRead, args)
    }
  }

  const wrapped = storeCalls.map((call) => [
    call,
    async (...args: unknown[]) => {
      calls[call] = (calls[call] ?? 0) + 1
      return carryOut(call, args, hit(call))
    },
  ])
  return {
    ...(Object.fromEntries(wrapped) as Pick<SnapshotStore, StoreCall>),
    get name() {
      return store.name
    },
    get location() {
      return store.location
    },
    inject(...faults) {
      const added = faults.map((fault) => {
        const hittable = callsOf(fault)
        const skip = (fault.nth ?? 1) - 1
        return { fault, calls: hittable, skip, left: fault.times ?? (fault.nth === undefined ? Infinity : 1) }
      })
      armed = [...armed, ...added]
    },
    heal() {
      armed = []
      release()
    },
    release,
    releaseLast: () => gates.pop()?.(),
    calls,
    get hits() {
      return hits
    },
    get failures() {
      return failures
    },
    get waiting() {
      return gates.length
    },
  }
}
