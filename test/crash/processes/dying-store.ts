/**
 * A store that kills its own process at a chosen call: just before it, or just after it became durable and before
 * anybody is told. Owns: the counting.
 */
import type { SnapshotStore } from '../../../src/index.js'

/** When to die: at the `n`-th call (from 1) of `call`; for `commit`, at the batch that holds the `n`-th commit. */
export interface Death {
  readonly call: keyof SnapshotStore
  readonly n: number
  readonly when: 'before' | 'after'
}

/** The same store, with the process's death built in; `counts` grows with each call, and with each commit of a batch. */
export function dyingStore(store: SnapshotStore, death: Death | undefined) {
  const counts: Partial<Record<string, number>> = {}
  const proxy = new Proxy(store, {
    get(target, name: string) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return async (...args: unknown[]) => {
        const before = counts[name] ?? 0
        const now = before + (name === 'commit' ? (args[0] as readonly unknown[]).length : 1)
        counts[name] = now
        const dies = death !== undefined && death.call === name && before < death.n && death.n <= now
        if (dies && death.when === 'before') die()
        const result: unknown = await member.apply(target, args)
        if (dies) die()
        return result
      }
    },
  })
  return { store: proxy, counts }
}

function die(): never {
  process.kill(process.pid, 'SIGKILL')
  // the signal may reach another thread of the process first
  for (;;);
}
