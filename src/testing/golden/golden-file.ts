/**
 * The files in which executions of a version are kept, one for each version of an entry point.
 *
 * Owns: their format, their names, and that the same executions give the same bytes. `executions` holds each program in the
 * codec's own form, laid out as JSON so that a person can read it and see what changed. Does not know: how they were made.
 */
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { programOf } from '../../actors/program/stored-program.js'
import type { ProgramRecord } from '../../actors/program/program-record.js'
import { StatewardError } from '../../errors.js'
import { executionStatuses, type ExecutionStatus } from '../../events/execution-status.js'
import { encode } from '../../codec/snapshot-codec.js'
import type { GoldenExecution } from './old-snapshot.js'

const format = 1

/** What a golden file says. */
export interface GoldenFile {
  readonly entryPoint: string
  /** The id of the program. */
  readonly program: string
  readonly version: string
  readonly hash: string
  /** In the order of their names. */
  readonly executions: readonly GoldenExecution[]
}

/** The name of the file of a version, such as `orders@1.json`. */
export function goldenName(entryPoint: string, version: string): string {
  return `${stem(entryPoint)}${encodeURIComponent(version)}.json`
}

const stem = (entryPoint: string) => `${encodeURIComponent(entryPoint)}@`

/** The text of a golden file. Throws `not_storable`. */
export function goldenText({ executions, ...head }: GoldenFile): string {
  const kept = executions
    .map(({ name, status, record }) => ({
      name,
      status,
      program: JSON.parse(encode(record, { id: name, what: 'program' })) as unknown,
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return `${JSON.stringify({ format, ...head, executions: kept }, null, 2)}\n`
}

/**
 * Reads a golden file. Errors: `unknown_format` if a newer version wrote it, `corrupt` for anything else that is none, both
 * naming the file; what Node says if it can't be read at all.
 *
 * @example
 * ```ts
 * await recordGolden(tickets, (world) => world.trigger('tickets', { id: 7 }), { folder: 'test/golden' })
 * const { version, executions } = await readGolden('test/golden/tickets@1.json')
 * console.log(version, executions.map(({ name, status }) => `${name}: ${status}`)) // prints 1 [ 'open: waiting' ]
 * ```
 */
export async function readGolden(file: string): Promise<GoldenFile> {
  const text = await readFile(file, 'utf8')
  try {
    return parsed(parsedJson(text) as Readonly<Record<string, unknown>>, file)
  } catch (error) {
    if (error instanceof StatewardError && error.details['file'] !== undefined) throw error
    const code = error instanceof StatewardError && error.code === 'unknown_format' ? 'unknown_format' : 'corrupt'
    const message = error instanceof Error ? error.message : String(error)
    throw unreadable(code, file, message, error)
  }
}

/** The data of a file, also of one that an editor has put a byte order mark before. */
export const parsedJson = (text: string): unknown => JSON.parse(text.replace(/^\ufeff/, ''))

/** The golden files of an entry point: those of its name in a folder, or the one file that is given. Errors: `invalid_option` if there is none. */
export async function goldenFiles(place: string, entryPoint: string): Promise<readonly string[]> {
  const found = await stat(place).catch(() => undefined)
  if (found?.isFile()) return [place]
  const names = found ? (await readdir(place)).filter((name) => name.startsWith(stem(entryPoint)) && name.endsWith('.json')) : []
  if (names.length > 0) return names.toSorted().map((name) => join(place, name))
  throw new StatewardError(
    'invalid_option',
    `There is no golden file of '${entryPoint}' at ${place} (such as ${goldenName(entryPoint, '1')}): record one with recordGolden.`,
    { details: { option: 'place', place, entryPoint } },
  )
}

function parsed(golden: Readonly<Record<string, unknown>>, file: string): GoldenFile {
  const { format: found, entryPoint, program, version, hash, executions } = golden
  if (typeof found === 'number' && found > format)
    throw unreadable('unknown_format', file, `it has format ${found}, and this version of Stateward reads up to ${format}`)
  const texts = [entryPoint, program, version, hash]
  if (found !== format || !texts.every((text) => typeof text === 'string') || !Array.isArray(executions))
    throw new TypeError('it is no golden file')
  // such a file would be no test of anything
  if (executions.length === 0) throw new TypeError('it holds no executions')
  return {
    ...(golden as unknown as GoldenFile),
    executions: executions.map((entry: { name: string; status: ExecutionStatus; program: unknown }): GoldenExecution => {
      const { name, status } = entry
      if (typeof name !== 'string' || !executionStatuses.includes(status))
        throw new TypeError('an execution has no name or no status')
      const record: ProgramRecord = programOf(JSON.stringify(entry.program), name)
      return { name, status, record }
    }),
  }
}

function unreadable(code: 'corrupt' | 'unknown_format', file: string, why: string, cause?: unknown): StatewardError {
  const message = `The golden file ${file} can't be read: ${why}.`
  return code === 'corrupt'
    ? new StatewardError('corrupt', message, { details: { file }, cause })
    : new StatewardError('unknown_format', message, { details: { file }, cause })
}
