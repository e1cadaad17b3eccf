/** Taking a snapshot in one program to check it in another. Owns: how a test gets a stored execution of a machine, and machines to change. */
import { createMachine, fromPromise, type AnyActorLogic } from 'xstate'
import { defineEntryPoint, type ExecutionRecord } from '../../../src/index.js'
import type { SnapshotStore } from '../../../src/persistence/snapshot-store.js'
import { memoryStore } from '../../../src/memory.js'
import { createTestRuntime, hangs, type Misfit } from '../../../src/testing/index.js'

/** What an execution of `program` is in the store, after these events; the steps in `hanging` are in flight. */
export async function stored(
  program: AnyActorLogic,
  events: readonly string[] = [],
  { store = memoryStore(), hanging = [] }: { store?: SnapshotStore; hanging?: readonly string[] } = {},
): Promise<ExecutionRecord> {
  const runtime = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'orders', program })], store })
  for (const step of hanging) runtime.mock(step as never, hangs())
  const order = await runtime.trigger('orders')
  for (const type of events) await order.send({ type } as never)
  await runtime.settle()
  const record = (await order.get()) as ExecutionRecord
  await runtime.stop()
  return record
}

/** A step that never ends. */
export const never = () => fromPromise(() => new Promise<string>(() => undefined))

/** The reasons and places of misfits. */
export const brief = (misfits: readonly Misfit[]) => misfits.map(({ reason, path }) => `${reason} at ${path}`)

/** A machine that GO leads through these states, one after the other. */
export const flow = (...states: string[]) =>
  createMachine({
    id: 'flow',
    initial: states[0] as string,
    states: Object.fromEntries(states.map((state, index) => [state, { on: { GO: states[index + 1] ?? state } }])),
  })
