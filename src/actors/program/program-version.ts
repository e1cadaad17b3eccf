/** Chooses the program with which a stored execution goes on. Owns the rules of versions: the same structure, a kept old version, a migration, or a program that only grew. */
import type { AnyActorLogic } from 'xstate'
import { StatewardError, isStatewardError } from '../../errors.js'
import { programOf } from './stored-program.js'
import { misfit, misfits, type Incompatibility } from './snapshot-compatibility.js'
import { growth, withRenamed, withTimersOf } from './program-growth.js'
import { structureHash, structureOf } from './program-hash.js'
import type { ProgramSettings } from './program-port.js'
import type { ProgramInterceptor } from './program-interceptor.js'
import type { PersistedProgram, ProgramRecord } from './program-record.js'

/** The part of an entry point that says which programs it runs. */
export interface ProgramDefinition {
  /** The id of the entry point. */
  readonly id: string
  readonly program: AnyActorLogic
  readonly programId: string
  readonly version: string
  readonly hash: string
  readonly versions: Readonly<Record<string, AnyActorLogic>>
  readonly migrate:
    | ((snapshot: PersistedProgram, from: { readonly version: string; readonly hash: string }) => PersistedProgram)
    | undefined
  /** The earlier structures of its program, by hash; set when its stream is made. */
  readonly structures?: Readonly<Record<string, unknown>>
  /** Set by the testing kit alone. */
  readonly interceptor?: ProgramInterceptor
}

/** The settings and the record that fit each other. Throws `program_mismatch`. */
export function fittingProgram(
  definition: ProgramDefinition,
  current: ProgramSettings,
  record: ProgramRecord | undefined,
): { settings: ProgramSettings; record: ProgramRecord | undefined } {
  if (!record || (record.hash === current.hash && record.version === current.version)) return { settings: current, record }
  const from = { version: record.version, hash: record.hash }
  const old = definition.versions[record.version]
  if (old && structureHash(old) === record.hash) return { settings: { ...current, logic: old, ...from }, record }
  if (definition.migrate) return { settings: current, record: migrated(definition, record, from) }
  // another version of the same structure: only code has changed
  if (record.hash === current.hash) return { settings: current, record }
  const found = [...misfits(definition.program, record.snapshot, definition.interceptor)]
  const before = definition.structures?.[record.hash]
  const grown = before === undefined ? undefined : growth(before, structureOf(definition.program), record.snapshot)
  if (found.length === 0 && grown?.problems.length === 0) return { settings: current, record: withRenamed(record, grown.renamed) }
  const lost = grown?.problems ?? ['what it was before is not known']
  const what = [...found.map(({ message }) => message), ...lost].slice(0, 3).join('; ')
  throw mismatch(definition, from, {
    reason: `its structure has changed (${what}), and there is neither \`migrate\` nor \`versions\` for it. ${advice(from.version)}`,
    misfits: found,
  })
}

/** What to do about a snapshot that does not fit. */
const advice = (version: string) =>
  `Keep the old program as \`versions: { '${version}': old }\`, give a \`migrate\` ((snapshot) => snapshot, if it may go on as it stands), or deploy what fits; then resume() it`

/** Why the stored program of an execution would not fit its entry point; undefined if it fits. */
export function misfitOf(definition: ProgramDefinition, program: string, id: string): string | undefined {
  const { program: logic, version, hash } = definition
  try {
    const { settings, record } = fittingProgram(definition, { logic, version, hash } as ProgramSettings, programOf(program, id))
    return record && misfit(settings.logic, record.snapshot, definition.interceptor)
  } catch (error) {
    if (isStatewardError(error)) return error.message
    throw error
  }
}

function migrated(definition: ProgramDefinition, record: ProgramRecord, from: { version: string; hash: string }): ProgramRecord {
  let snapshot: ProgramRecord['snapshot']
  try {
    snapshot = definition.migrate?.(record.snapshot, from) ?? record.snapshot
  } catch (cause) {
    throw mismatch(definition, from, { reason: '`migrate` threw', misfits: [] }, cause)
  }
  const found = [...misfits(definition.program, snapshot, definition.interceptor)]
  if (found[0]) throw mismatch(definition, from, { reason: `after \`migrate\`, ${found[0].message}`, misfits: found })
  return withTimersOf(structureOf(definition.program), { ...record, snapshot })
}

function mismatch(
  definition: ProgramDefinition,
  from: { version: string; hash: string },
  why: { readonly reason: string; readonly misfits: readonly Incompatibility[] },
  cause?: unknown,
): StatewardError {
  return new StatewardError(
    'program_mismatch',
    `A snapshot of ${definition.programId} version ${from.version} does not fit version ${definition.version}: ${why.reason}.`,
    {
      details: { entryPoint: definition.id, from, to: { version: definition.version, hash: definition.hash }, ...why },
      cause,
    },
  )
}
