/**
 * Would what is stored go on in a new program?
 *
 * Owns: which program an old snapshot would go on with, and the report. Talks to: the runtime's own rules of versions and
 * structure, a real restoration, the finer rules beside it. Runs no step and no action, and touches no store.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { AnyActorLogic } from 'xstate'
import { structureHash } from '../../actors/program/program-hash.js'
import type { Incompatibility } from '../../actors/program/snapshot-compatibility.js'
import type { ProgramSettings } from '../../actors/program/program-port.js'
import type { ProgramRecord } from '../../actors/program/program-record.js'
import { fittingProgram } from '../../actors/program/program-version.js'
import type { EntryPoint } from '../../runtime/entry-point.js'
import { isStatewardError, StatewardError } from '../../errors.js'
import { clone } from '../../codec/snapshot-codec.js'
import { reportOf, type CompatibilityReport } from './compatibility-report.js'
import { misfitOf, type Misfit, type MisfitReason } from './misfit.js'
import { oldPrograms, type OldProgram, type OldSnapshots } from './old-snapshot.js'
import { programFindings } from './program-findings.js'
import { stillClock } from './restored-program.js'
import type { Finding } from './stored-rules.js'

/** How snapshots are checked. */
export interface CompatibilityOptions {
  /** What the context of the program must meet, any Standard Schema (zod, valibot, arktype, …); default: the machine's own `schemas.context`, if it is one. */
  readonly context?: StandardSchemaV1
  /** The version of snapshots that do not say theirs; default: that of the entry point. */
  readonly version?: string
  /** Reasons that you have looked at and accept. */
  readonly accept?: readonly MisfitReason[]
}

/**
 * Restores old snapshots in a new program, and tells which of them would not go on, and why.
 *
 * `newProgram` may be an entry point: then the check does what a runtime does at its start, with `versions` and `migrate`,
 * and a changed structure that neither of them speaks of is a misfit (`structure_changed`), since the runtime would pause
 * such executions. Of a machine (or any other logic) it asks only whether the snapshot could be restored and go on: whether
 * `migrate: (snapshot) => snapshot` would do. Nothing runs: no step, no action, no timer. What has ended fits always.
 *
 * Gotchas: a snapshot of XState's own knows no timers, and a record of `get()` not which actions are owed, so those are not
 * checked; golden files have both. Code is not compared: a step that takes another input by now is not noticed.
 *
 * Errors: `invalid_option` for what is no snapshot, and for records of another entry point.
 *
 * @example
 * ```ts
 * const { executions } = await runtime.executions({ entryPoint: 'tickets' })
 * const report = await checkCompatibility(executions, renamedTickets)
 * console.log(report.ok, report.misfits[0]?.reason) // prints false state_gone
 * ```
 */
export async function checkCompatibility(
  oldSnapshots: OldSnapshots,
  newProgram: AnyActorLogic | EntryPoint,
  options: CompatibilityOptions = {},
): Promise<CompatibilityReport> {
  const fits: string[] = []
  const misfits: Misfit[] = []
  for await (const old of oldPrograms(oldSnapshots)) {
    const found = await misfitsOf(old, newProgram, options)
    const kept = found.filter(({ reason }) => !options.accept?.includes(reason))
    if (kept.length === 0) fits.push(old.name)
    misfits.push(...kept)
  }
  return reportOf(fits, misfits)
}

async function misfitsOf(
  old: OldProgram,
  newProgram: AnyActorLogic | EntryPoint,
  options: CompatibilityOptions,
): Promise<Misfit[]> {
  if (isEntryPoint(newProgram) && old.entryPoint !== undefined && old.entryPoint !== newProgram.id)
    throw new StatewardError(
      'invalid_option',
      `Execution ${old.name} is one of '${old.entryPoint}', not of '${newProgram.id}'.`,
      {
        details: { option: 'oldSnapshots', name: old.name, entryPoint: old.entryPoint },
      },
    )
  if (old.isOver || !old.record) return []
  const found: Finding[] = []
  try {
    // `migrate` and XState may change what they are given
    const snapshot = clone(old.record.snapshot, { id: old.name, what: 'snapshot' })
    for await (const finding of findings({ ...old, record: { ...old.record, snapshot } }, newProgram, options))
      found.push(finding)
  } catch (error) {
    found.push({
      reason: 'restore_failed',
      path: '',
      what: `it can't be restored: ${error instanceof Error ? error.message : String(error)}`,
    })
  }
  return found.map(({ reason, path, what }) => misfitOf(old.name, reason, path, what))
}

async function* findings(
  old: OldProgram & { readonly record: ProgramRecord },
  newProgram: AnyActorLogic | EntryPoint,
  { context, version }: CompatibilityOptions,
): AsyncGenerator<Finding, void> {
  const { name, hasOrigin, hasTimers } = old
  const check = (logic: AnyActorLogic, record: ProgramRecord, schema: StandardSchemaV1 | undefined) =>
    programFindings(name, logic, record, {
      schema,
      sameStructure: hasOrigin && record.snapshot === old.record.snapshot && record.hash === structureHash(logic),
      timers: hasTimers ? (record.timers ?? []) : undefined,
    })
  if (!isEntryPoint(newProgram)) return yield* check(newProgram, old.record, context)

  const { program } = newProgram
  const record = hasOrigin ? old.record : { ...old.record, ...originOf(newProgram, version ?? newProgram.version) }
  try {
    const settings = { logic: program, version: newProgram.version, hash: newProgram.hash, clock: stillClock } as ProgramSettings
    const fitting = fittingProgram(newProgram, settings, record)
    // an old program that is kept has a context of its own
    yield* check(fitting.settings.logic, fitting.record ?? record, fitting.settings.logic === program ? context : undefined)
  } catch (error) {
    if (!isStatewardError(error, 'program_mismatch')) throw error
    const known = (error.details['misfits'] ?? []) as readonly Incompatibility[]
    if (newProgram.migrate) {
      for (const { reason, path, message } of known) yield { reason, path, what: `after \`migrate\`, ${message}` }
      if (known.length === 0) yield { reason: 'migrate_failed', path: '', what: `\`migrate\` threw: ${messageOf(error.cause)}` }
      return
    }
    let count = 0
    for await (const finding of check(program, record, context)) {
      count++
      yield finding
    }
    if (count === 0)
      yield {
        reason: 'structure_changed',
        path: '',
        what: `it would be restored, but its structure is not that of version ${record.version}, so that a runtime would pause it`,
      }
  }
}

/** What a snapshot that does not say where it comes from is taken for. */
function originOf({ versions, migrate, hash, version: current }: EntryPoint, version: string): { version: string; hash: string } {
  const kept = versions[version]
  if (kept) return { version, hash: structureHash(kept) }
  return { version, hash: migrate && version !== current ? 'unknown' : hash }
}

const isEntryPoint = (program: AnyActorLogic | EntryPoint): program is EntryPoint =>
  'programId' in program && 'program' in program

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
