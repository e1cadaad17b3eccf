/** What a check of old snapshots found. Owns: the report, as data and in words. */
import type { Misfit } from './misfit.js'

/** What a check found. */
export interface CompatibilityReport {
  readonly ok: boolean
  readonly checked: number
  /** The names of the snapshots that would go on. */
  readonly fits: readonly string[]
  /** One for each break; a snapshot may have several. */
  readonly misfits: readonly Misfit[]
  /** The report in words, a break a line. */
  toString(): string
}

/** A report of these. */
export function reportOf(fits: readonly string[], misfits: readonly Misfit[]): CompatibilityReport {
  const broken = new Set(misfits.map(({ name }) => name)).size
  const checked = fits.length + broken
  const lines = misfits.map(
    ({ name, reason, path, message }) => `  ${name}: ${reason}${path === '' ? '' : ` at ${path}`}: ${message}`,
  )
  const head = broken === 0 ? `All ${checked} snapshots fit.` : `${broken} of ${checked} snapshots would not go on:`
  return { ok: broken === 0, checked, fits, misfits, toString: () => [head, ...lines].join('\n') }
}
