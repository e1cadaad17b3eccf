/**
 * Waits until an execution stands where somebody wants it.
 *
 * Owns: that each commit of this process is looked at, those of others at each poll, and the answers. The store says where an
 * execution stands; its machine, which tags that has.
 */
import { matchesState, type StateValue } from 'xstate'
import { inBackground, type Clock } from '../../clock.js'
import { isTerminal } from '../../events/execution-status.js'
import type { ExecutionGoal, GoalOptions, GoalOutcome } from '../../events/state-wait.js'
import type { SnapshotStore, StoredExecution } from '../../persistence/snapshot-store.js'
import { absentFrom } from '../cluster/result-waiters.js'
import type { LastCommit } from '../execution/commit-draft.js'
import { splitState } from '../execution/stored-state.js'
import { programOf } from '../program/stored-program.js'
import { tagsOf } from '../program/xstate/state-tags.js'
import type { StreamDefinition } from '../stream/stream-definition.js'
import type { CommitWatch } from '../supervisor/commit-watch.js'

/** The parts of a supervisor that are used. */
interface Asked {
  readonly settings: { readonly clock: Clock; readonly pollInterval: number; readonly store: SnapshotStore }
  readonly watch: CommitWatch
  readonly admissions: { naming(id: string): Promise<unknown> | undefined }
  live(id: string): unknown
  open(): Promise<void>
  definitionOf(entryPoint: string): StreamDefinition
}

/** Resolves once the last commit of the execution is where the goal says. Throws `unknown_entry_point` for a tag of a machine that this process does not have. */
export async function reached(supervisor: Asked, id: string, goal: ExecutionGoal, options: GoalOptions): Promise<GoalOutcome> {
  const { timeout, signal } = options
  const { clock, pollInterval, store } = supervisor.settings
  signal?.throwIfAborted()
  if (timeout !== 0) await supervisor.admissions.naming(id)
  // it may have fired meanwhile
  signal?.throwIfAborted()
  let isOver = false
  let timer: unknown
  let limit: unknown
  let forget: () => void = () => undefined
  let abort: () => void = () => undefined
  try {
    return await new Promise<GoalOutcome>((resolve, reject) => {
      let entryPoint: string | undefined
      let tags: readonly string[] = []
      const early: LastCommit[] = []
      const look = (commit: LastCommit | StoredExecution) => {
        try {
          if (entryPoint === undefined) return void early.push(commit)
          if (holds(goal, commit, tags, () => supervisor.definitionOf(entryPoint as string)))
            resolve({ status: 'reached', revision: commit.revision })
          else if (isTerminal(commit.status)) resolve({ status: 'already_finished', as: commit.status })
        } catch (error) {
          reject(error as Error)
        }
      }
      const load = async () => {
        const stored = await store.load(id)
        if (!stored) return resolve(await absentFrom(store, id))
        entryPoint = stored.entryPoint
        tags = stored.tags ?? []
        for (const commit of early.splice(0)) look(commit)
        look(stored)
      }
      // this process tells of its own commits; those of others are found
      const poll = () => {
        if (isOver) return
        const again = () => (supervisor.live(id) ? poll() : void load().then(poll, reject))
        timer = clock.setTimeout(again, pollInterval, inBackground)
      }
      forget = supervisor.watch.add(id, { committed: look, fail: reject })
      abort = () => reject(signal?.reason as Error)
      signal?.addEventListener('abort', abort, { once: true })
      if (timeout !== undefined && timeout > 0) limit = clock.setTimeout(() => resolve({ status: 'timeout' }), timeout)
      supervisor
        .open()
        .then(load)
        .then(() => (timeout === 0 ? resolve({ status: 'timeout' }) : poll()))
        .catch(reject)
    })
  } finally {
    isOver = true
    forget()
    signal?.removeEventListener('abort', abort)
    for (const each of [timer, limit]) clock.clearTimeout(each)
  }
}

/** True if the execution stands there. Throws `corrupt`, `unknown_format`. */
function holds(
  { status, state, tag }: ExecutionGoal,
  commit: LastCommit,
  given: readonly string[],
  definition: () => StreamDefinition,
): boolean {
  const statuses = typeof status === 'string' ? [status] : status
  if (statuses && !statuses.includes(commit.status)) return false
  const isTagged = tag === undefined || given.includes(tag)
  if (state === undefined && isTagged) return true
  const { program } = splitState(commit.state, commit.id)
  if (program === undefined) return false
  const { version, snapshot } = programOf(program, commit.id)
  const value = snapshot.value as StateValue | undefined
  if (state !== undefined && (value === undefined || !matchesState(state, value))) return false
  if (isTagged) return true
  const { program: logic, versions, version: current } = definition()
  return tagsOf(version === current ? logic : (versions[version] ?? logic), value).has(tag)
}
