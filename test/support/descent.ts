/**
 * A command on its way down to what an execution has started, and the process that dies meanwhile.
 *
 * Owns: three levels of executions, and a connection that is cut at a write.
 */
import { setup } from 'xstate'
import { defineEntryPoint, fromExecution, type ChildStepOptions } from '../../src/index.js'
import type { SnapshotStore } from '../../src/persistence/snapshot-store.js'
import type { Connection } from '../../src/testing/world/shared-store.js'
import type { StepsInFlight } from './steps-in-flight.js'
import type { StorePlace } from './store-place.js'

/** Three levels, and two executions on the lowest. */
export function levels(flights: StepsInFlight, options: ChildStepOptions = {}) {
  const asks = (id: string, below: string, count: number) =>
    setup({ actors: { below: fromExecution(below, options) } }).createMachine({
      id,
      initial: 'asking',
      states: {
        asking: {
          type: 'parallel',
          states: Object.fromEntries(
            Array.from({ length: count }, (_, n) => [
              `n${n}`,
              { initial: 'on', states: { on: { invoke: { src: 'below', onDone: 'off' } }, off: { type: 'final' } } },
            ]),
          ),
          onDone: 'done',
        },
        done: { type: 'final' },
      },
    })
  const leaf = setup({ actors: { step: flights.step } }).createMachine({
    id: 'leaf',
    initial: 'working',
    states: { working: { invoke: { src: 'step', input: 'work', onDone: 'done' } }, done: { type: 'final' } },
  })
  return [
    defineEntryPoint({ id: 'top', program: asks('top', 'middle', 1) }),
    defineEntryPoint({ id: 'middle', program: asks('middle', 'leaf', 2) }),
    defineEntryPoint({ id: 'leaf', program: leaf }),
  ] as const
}

/** A connection of a process that dies at its nth write from when that is asked for. */
export function mortal(place: StorePlace) {
  let left = Infinity
  let isAfter = false
  const dies = async <T>(write: () => Promise<T>): Promise<T> => {
    const isLast = left-- === 1
    if (isLast && !isAfter) store.cut()
    const answer = await (store.isCut ? new Promise<never>(() => undefined) : write())
    if (!isLast) return answer
    store.cut()
    return new Promise<never>(() => undefined)
  }
  const store: Connection = place.connect((inner: SnapshotStore) => ({
    commit: (batch) => dies(() => inner.commit(batch)),
    enqueue: (message) => dies(() => inner.enqueue(message)),
  }))
  return {
    store,
    dieAt: (nth: number, after: boolean) => {
      ;[left, isAfter] = [nth, after]
    },
  }
}
