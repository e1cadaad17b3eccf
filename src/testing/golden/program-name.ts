/** A name for what stands in a snapshot. Owns: that it tells the states of the machines in a program as well. */
import type { PersistedProgram } from '../../actors/program/program-record.js'
import { stateText } from '../world/readable.js'

/** The state of a program and of the machines that it runs: `delivery [parcel: packing]`; the status of one that has none. */
export function programName({ status, value, children }: PersistedProgram): string {
  const hasState = typeof value === 'string' || Object.keys((value ?? {}) as object).length > 0
  const inner = Object.entries(children ?? {})
    .filter(([, child]) => child.snapshot.value !== undefined)
    .map(([name, child]) => `${name}: ${programName(child.snapshot)}`)
  const own = hasState ? stateText(value) : status
  return inner.length === 0 ? own : `${own} [${inner.toSorted().join('; ')}]`
}
