/**
 * A command, or an event, to all executions that a filter finds.
 *
 * Owns: which these are (found when the command is given, of those that have not ended), that one which fails keeps the command from no
 * other, and the counts of the answers. Does not know: how one execution gets its command (the router).
 */
import { liveStatuses } from '../../events/execution-status.js'
import type { ExecutionWhere } from '../../events/execution-filter.js'
import type { SupervisorHost } from '../supervisor/supervisor-host.js'
import { BoundedWork, type WorkPlace } from './bounded-work.js'
import { findAll } from './finding.js'
import { unreachedError, type Unreached } from './unreached.js'

/** How many executions one command takes into memory at the same time. */
const TAKEN_UP_AT_ONCE = 16

/** The parts of the supervisor that are used. */
export type Found = Pick<SupervisorHost, 'admissions' | 'entryPointIds' | 'live' | 'open' | 'settings'>

/** What is given to all that are found. */
export interface ToFound {
  /** For the message: `The cancel of what was found`. */
  readonly what: string
  readonly where: ExecutionWhere
  /** Looked for only among these; absent: all. */
  readonly entryPoints?: readonly string[] | undefined
  give(this: void, id: string, place: WorkPlace | undefined): Promise<{ readonly status: string }>
}

/** Resolves with how many executions gave which answer; rejects once all have answered, if one could not be reached. */
export async function giveToFound(
  supervisor: Found,
  { what, where, entryPoints, give }: ToFound,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  const work = new BoundedWork<Unreached['of']>(TAKEN_UP_AT_ONCE)
  const { admissions, entryPointIds, settings } = supervisor
  const around = admissions.around()
  try {
    await supervisor.open()
    // what was triggered before is meant as well
    for (const entryPoint of where.entryPoint === undefined ? entryPointIds : [where.entryPoint]) await around.before(entryPoint)
    const living = where.status === undefined ? { ...where, status: liveStatuses } : where
    for await (const page of findAll(settings.store, living, settings.clock.now()))
      for (const { id, entryPoint } of page) {
        if (entryPoints && !entryPoints.includes(entryPoint)) continue
        const later = around.isLater(id)
        if (later && (await later)) continue
        const one = async (place: WorkPlace | undefined) => {
          const { status } = await give(id, place)
          counts[status] = (counts[status] ?? 0) + 1
        }
        // executions in memory get it at once: only those that must be read wait for their turn
        await work.add({ id }, one, { isBounded: supervisor.live(id) === undefined })
      }
  } catch (error) {
    work.failed({ entryPoint: where.entryPoint ?? 'all' }, error)
  } finally {
    around.over()
  }
  const error = unreachedError(what, await work.done(), counts)
  if (error) throw error
  return counts
}
