/**
 * The test of one line: every golden execution of every version goes on in the entry point as it is now.
 *
 * Owns: which files are looked at, and the error that names each break. Talks to: the check, and a real runtime.
 */
import type { EntryPoint } from '../../runtime/entry-point.js'
import { StatewardError } from '../../errors.js'
import { isTerminal } from '../../events/execution-status.js'
import { checkCompatibility, type CompatibilityOptions } from './compatibility.js'
import { reportOf, type CompatibilityReport } from './compatibility-report.js'
import { goldenFiles, readGolden } from './golden-file.js'
import { misfitOf } from './misfit.js'
import type { GoldenExecution } from './old-snapshot.js'
import { refusedByRuntime } from './taken-up.js'

/**
 * Restores what every version stored in the entry point as it is now, and has a real runtime take it up (whose steps and
 * actions don't run); rejects if any of it would not go on.
 *
 * `place` is a golden file, or a folder, in which those of the entry point are found by their names. Resolves with the
 * report; the names in it are those of the states, with their versions.
 *
 * Errors: `golden_misfit`, whose message names each break and why, and whose `details.misfits` has them as data;
 * `invalid_option` if there is no golden file, or one of another entry point; `corrupt` and `unknown_format`, naming the file.
 *
 * @example
 * ```ts
 * await recordGolden(tickets, (world) => world.trigger('tickets', { id: 7 }), { folder: 'test/golden' })
 * const report = await checkGolden('test/golden', tickets)
 * console.log(report.fits) // prints [ 'open of version 1' ]
 * try {
 *   await checkGolden('test/golden', renamedTickets)
 * } catch (error) {
 *   if (isStatewardError(error, 'golden_misfit')) console.log(error.message.includes("there is no state 'open' any more")) // prints true
 * }
 * ```
 */
export async function checkGolden(
  place: string,
  entryPoint: EntryPoint,
  options: Omit<CompatibilityOptions, 'version'> = {},
): Promise<CompatibilityReport> {
  const files = await goldenFiles(place, entryPoint.id)
  const executions: GoldenExecution[] = []
  for (const file of files) executions.push(...(await executionsOf(file, entryPoint)))
  const { accept, ...strict } = options
  const report = await checkCompatibility(executions, entryPoint, strict)
  const going = executions.filter(({ name, status }) => report.fits.includes(name) && !isTerminal(status))
  const misfits = report.misfits.filter(({ reason }) => !accept?.includes(reason))
  for (const [index, why] of await refusedByRuntime(entryPoint, going))
    misfits.push(misfitOf(going[index]?.name ?? '', 'restore_failed', '', why))
  const broken = new Set(misfits.map(({ name }) => name))
  const whole = reportOf(
    executions.map(({ name }) => name).filter((name) => !broken.has(name)),
    misfits,
  )
  if (whole.ok) return whole
  throw new StatewardError('golden_misfit', `${entryPoint.id}, version ${entryPoint.version}: ${whole.toString()}`, {
    details: { entryPoint: entryPoint.id, version: entryPoint.version, files, misfits: whole.misfits },
  })
}

async function executionsOf(file: string, { id }: EntryPoint): Promise<GoldenExecution[]> {
  const { entryPoint, version, executions } = await readGolden(file)
  if (entryPoint !== id)
    throw new StatewardError('invalid_option', `${file} is a golden file of '${entryPoint}', not of '${id}'.`, {
      details: { option: 'place', file, entryPoint },
    })
  return executions.map(({ name, ...rest }) => ({ ...rest, name: `${name} of version ${version}` }))
}
