/**
 * The snapshot serialiser for vitest and jest.
 *
 * Owns: both forms that their snapshots know. What the text says is decided in `execution-text.ts`.
 */
import { formatExecution } from './execution-text.js'
import { isExecutionSnapshot, type ExecutionSnapshot } from './snapshot-form.js'

/** A serialiser in the new form (`serialize`) and in the old one (`print`). */
export interface ExecutionSerializer {
  test(value: unknown): boolean
  serialize(value: unknown, config: unknown, indentation: string, depth: number, refs: unknown, printer: unknown): string
  print(value: unknown, print: unknown, indent: (text: string) => string): string
}

/**
 * Shows execution snapshots in `toMatchSnapshot`, `toMatchInlineSnapshot` and the differences of `toEqual` as compact texts.
 *
 * `stateward/testing/vitest` registers it. Under jest: `expect.addSnapshotSerializer(executionSerializer)` in a file of `setupFilesAfterEnv`.
 *
 * @example
 * ```ts
 * const snapshot = await executionSnapshot(runtime, execution, { since: Infinity })
 * console.log(executionSerializer.test(snapshot)) // prints true
 * ```
 */
export const executionSerializer: ExecutionSerializer = {
  test: isExecutionSnapshot,
  serialize: (value, _config, indentation) => within(indentation, value),
  // `indent` goes one level too far
  print: (value, _print, indent) => within(indent('').slice(2), value),
}

/** The first line stands where the runner has put it. */
const within = (indentation: string, value: unknown) =>
  formatExecution(value as ExecutionSnapshot).replaceAll('\n', `\n${indentation}`)
