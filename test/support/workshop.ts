/**
 * Workers in simulated time, whose steps end when the test says so.
 *
 * Owns: their test runtime, which stops with the test, and in which order they get their turn.
 */
import { onTestFinished } from 'vitest'
import { defineEntryPoint, type EntryPointOptions } from '../../src/index.js'
import { createTestRuntime, type HoldOptions, type TestRuntimeOptions } from '../../src/testing/index.js'
import { approval, worker } from './programs.js'

/** The options of the entry point `work`. */
export type WorkOptions = Partial<EntryPointOptions<ReturnType<typeof worker>, 'work'>>

/** A worker at a time unless told otherwise, and approvals beside them. Steps ignore their signals unless they heed them. */
export function workshop(
  options: WorkOptions = {},
  { heedsSignal = false, ...settings }: HoldOptions & Omit<TestRuntimeOptions, 'entryPoints'> = {},
) {
  const work = defineEntryPoint({ id: 'work', program: worker(), maxConcurrent: 1, ...options })
  const approvals = defineEntryPoint({ id: 'approvals', program: approval, maxConcurrent: 1 })
  const world = createTestRuntime({ ...settings, entryPoints: [work, approvals] })
  onTestFinished(() => world.stop())
  const step = world.hold('step', { heedsSignal })
  /** Ends steps as they start, until nothing starts any more; the labels in the order of their first steps. */
  const order = async () => {
    for (let ended = 0; ; ended++) {
      await world.settle()
      const next = step.calls[ended]
      if (!next) return begun(step.calls)
      next.resolve(`${next.input} done`)
    }
  }
  /** From now on steps end at once. */
  const free = () => world.mock('step', ({ input }) => `${input} done`)
  return { world, step, order, free }
}

/** The labels of workers, by their first steps. */
export const begun = (calls: readonly { readonly input: unknown }[]) =>
  calls.map(({ input }) => String(input)).flatMap((label) => (label.endsWith('.1') ? label.slice(0, -2) : []))
