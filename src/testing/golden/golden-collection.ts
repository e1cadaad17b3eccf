/**
 * The executions that are kept of a recording: one for each state that a commit held.
 *
 * Owns: what counts as a state (of the program and of the machines in it), that the first commit in it is kept, and that
 * nothing of the machine that recorded it (paths in error stacks) gets in. Does not know: files.
 */
import { splitState } from '../../actors/execution/stored-state.js'
import { programOf } from '../../actors/program/stored-program.js'
import type { ProgramRecord } from '../../actors/program/program-record.js'
import { decode, encode } from '../../codec/snapshot-codec.js'
import type { Commit } from '../../persistence/snapshot-store.js'
import type { GoldenExecution } from './old-snapshot.js'
import { programName } from './program-name.js'

/** Collects from commits, whatever execution they are of. */
export class GoldenCollection {
  readonly #entryPointOf = new Map<string, string>()
  readonly #kept = new Map<string, Map<string, GoldenExecution>>()

  /** Looks at a commit that was written. */
  take({ id, accept, status, state }: Commit): void {
    if (accept) this.#entryPointOf.set(id, accept.entryPoint)
    const { program } = splitState(state, id)
    const entryPoint = this.#entryPointOf.get(id)
    // before its first slot it has none
    if (program === undefined || entryPoint === undefined) return
    const record = withoutStacks(programOf(program, id))
    const name = programName(record.snapshot)
    const kept = this.#kept.get(entryPoint) ?? new Map<string, GoldenExecution>()
    this.#kept.set(entryPoint, kept)
    if (!kept.has(name)) kept.set(name, { name, status, record })
  }

  /** Those of one entry point, in the order in which they came. */
  of(entryPoint: string): GoldenExecution[] {
    return [...(this.#kept.get(entryPoint)?.values() ?? [])]
  }
}

/** A stack names the places of one machine: the same scenario would give other bytes on another. */
function withoutStacks(record: ProgramRecord): ProgramRecord {
  forgetStacks(record.snapshot)
  const texts = record.outbox?.map((text, index) => {
    const place = { id: `${index}`, what: 'action' }
    const pending = decode(text, place)
    forgetStacks(pending)
    return encode(pending, place)
  })
  return texts ? { ...record, outbox: texts } : record
}

function forgetStacks(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  if (value instanceof Error) Object.defineProperty(value, 'stack', { value: String(value) })
  const inner = value instanceof Map ? [...value.entries()] : value instanceof Set ? [...value] : Object.values(value)
  for (const part of inner) forgetStacks(part)
  if (value instanceof Error) forgetStacks(value.cause)
}
