/** A program played in simulated time, from its trigger to where nothing is due any more. Owns: when its events are sent. */
import type { AnyActorLogic, AnyEventObject } from 'xstate'
import { defineEntryPoint, type EntryPointOptions, type ExecutionRecord } from '../../src/index.js'
import { createTestRuntime, type TestRuntime } from '../../src/testing/index.js'
import type { StorePlace } from './store-place.js'

/** What is done to an execution. */
export interface Play {
  readonly input?: unknown
  /** What is sent to it, one after the other, whenever it has come to rest. */
  readonly events?: readonly AnyEventObject[]
}

/** Plays on a runtime's entry point `run`; resolves with what it came to. */
export async function play(runtime: TestRuntime, { input, events = [] }: Play): Promise<ExecutionRecord> {
  const execution = await runtime.trigger('run', input, { id: 'it' })
  for (const event of events) {
    await runtime.settle()
    await execution.send(event as never)
  }
  await runtime.runToIdle()
  return (await execution.get()) as ExecutionRecord
}

/** Plays a program, on a store of its own or at a place. */
export async function played(
  place: StorePlace,
  program: AnyActorLogic,
  { options, ...how }: Play & { readonly options?: Partial<EntryPointOptions> } = {},
): Promise<ExecutionRecord> {
  const entryPoint = defineEntryPoint({ id: 'run', program, ...options } as EntryPointOptions)
  const runtime = createTestRuntime({ entryPoints: [entryPoint], store: place.open })
  const record = await play(runtime as never, how)
  await runtime.stop()
  return record
}
