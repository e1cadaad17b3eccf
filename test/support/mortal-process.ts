/** A process that dies around one of its writes. Owns: which calls of the store are writes, and their count. */
import type { Connection } from '../../src/testing/world/shared-store.js'
import type { StorePlace } from './store-place.js'

/** A connection that is cut around its nth write: before it, or after it and before its process knows. */
export function dyingAt(shared: StorePlace, nth: number, when: 'before' | 'after'): Connection {
  let writes = 0
  const mortal: Connection = shared.connect((store) => {
    const around =
      <T extends unknown[], R>(call: (...args: T) => Promise<R>) =>
      async (...args: T): Promise<R> => {
        const isLast = ++writes === nth
        if (isLast && when === 'before') mortal.cut()
        if (mortal.isCut) return new Promise<never>(() => undefined)
        const answer = await call(...args)
        if (isLast) mortal.cut()
        return answer
      }
    const { commit, admit, putDocument, publish } = store
    return { commit: around(commit), admit: around(admit), putDocument: around(putDocument), publish: around(publish) }
  })
  return mortal
}
