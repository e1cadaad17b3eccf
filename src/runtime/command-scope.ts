/**
 * Commands to many executions at once: to those of one stream, of a group of them, or of the whole runtime.
 *
 * Owns: a scope stays paused for executions that are triggered later; a stream never keeps the command from another one; how long
 * the whole command may take; and the counts of the answers. Talks to: the streams (which keep their pause), and the router, which
 * gives each execution its command.
 */
import type { AdmissionsAround } from '../actors/supervisor/admissions.js'
import { Deadline } from '../actors/supervisor/deadline.js'
import type { WorkPlace } from '../actors/commands/bounded-work.js'
import { giveToFound } from '../actors/commands/commands-to-found.js'
import { cancelCommand, pauseCommand, resumeCommand, type Given } from '../actors/commands/command.js'
import type { ScopeCommand } from '../actors/commands/scope-commands.js'
import type { SupervisorParts } from './supervisor-parts.js'
import { unreachedError, type Unreached } from '../actors/commands/unreached.js'
import { isHeldUp } from '../errors.js'
import type { Intervention } from '../events/execution-events.js'
import type { Command } from '../events/outcomes.js'
import { checkCommand, commandNames, type By, type CancelOptions, type PauseOptions, type ToWhere } from '../events/requests.js'
import { checkWhere, type ExecutionWhere } from '../events/execution-filter.js'

/**
 * Pause, resume and cancel of many: of one stream, of a group, or of the whole runtime. All executions in the scope get the command at once, and
 * the call resolves with how many gave which answer. If the command can't reach an execution, the others still get it: the call rejects
 * once they have answered, with the code of the first failure; `details.failures` names each, `details.answered` has the counts.
 * With `where` it is for all that this finds in the scope, each for itself, and nothing else: no stream stays paused. `count(where)` of the
 * runtime says how many that are.
 */
export interface CommandScope {
  /** Starts nothing more (what is triggered is accepted and queued), and pauses all that has not ended. Outlives the process. */
  pause(options?: PauseOptions & ToWhere): Promise<Readonly<Record<string, number>>>
  /** Starts again, and resumes those that the pause of this scope had stopped. */
  resume(options?: By & ToWhere): Promise<Readonly<Record<string, number>>>
  /** Cancels all that has not ended. */
  cancel(options?: CancelOptions & ToWhere): Promise<Readonly<Record<string, number>>>
}

/** Which streams a scope is over. */
export interface Scope {
  readonly kind: 'stream' | 'group' | 'runtime'
  /** For messages, and for the order of commands to the same scope. */
  readonly name: string
  /** Those that are in it now. */
  entryPoints(): readonly string[]
}

/** The commands of a scope; `parts` is asked at each. */
export function commandScope(parts: () => SupervisorParts, { kind, name, entryPoints }: Scope): CommandScope {
  const given = () => ({ at: parts().supervisor.settings.clock.now(), scope: kind })

  /** `before`: runs first for each stream; if it throws, no execution of that stream gets the command. */
  const all = async (
    command: Command,
    {
      by: own,
      around,
      until,
      before,
      over,
    }: {
      readonly by?: ScopeCommand
      readonly around?: AdmissionsAround
      readonly until?: Deadline | undefined
      readonly over: readonly string[]
      before?(this: void, entryPoint: string, unreached: Unreached[]): Promise<void>
    },
  ) => {
    const { router } = parts()
    const counts: Record<string, number> = {}
    const unreached: Unreached[] = []
    const one = async (entryPoint: string) => {
      await before?.(entryPoint, unreached)
      const isTakenBack = () => own?.isOvertaken(entryPoint) === true
      await accepted(around?.before(entryPoint), until, async (id) => isTakenBack() || router.command(id, command))
      const isLater = around && { isLater: around.isLater }
      const answers = await router.commandAll(entryPoint, command, { isTakenBack, until, ...isLater })
      for (const [status, count] of Object.entries(answers.counts)) counts[status] = (counts[status] ?? 0) + count
      unreached.push(...answers.unreached)
    }
    await Promise.all(
      over.map((entryPoint) => one(entryPoint).catch((error: unknown) => void unreached.push({ of: { entryPoint }, error }))),
    )
    const error = unreachedError(`The ${command.type} of ${name}`, unreached, counts)
    if (error) throw error
    return counts
  }
  /** Waits for executions that were triggered before. Those that are not accepted when the time is up get the command later, without an answer. */
  const accepted = async (
    triggered: Promise<readonly string[]> | undefined,
    until: Deadline | undefined,
    tell: (id: string) => Promise<unknown>,
  ) => {
    if (!triggered) return
    const late = async () => Promise.all((await triggered).map(tell))
    const failed = (error: unknown) =>
      parts().supervisor.settings.logger('what was triggered before a command to', name, 'could not be told of it', error)
    await (until ? until.bound(triggered).catch(() => void late().catch(failed)) : triggered)
  }
  /** The deadline of the whole command, counted from now; it includes what the command waits for before any execution gets it. */
  const deadline = (timeout: number | undefined) =>
    timeout === undefined ? undefined : new Deadline(parts().supervisor.settings.clock, timeout)
  /** The same for what a filter finds: each gets the command for itself. */
  const found = (type: Command['type'], where: ExecutionWhere, timeout: number | undefined, make: (given: Given) => Command) => {
    checkWhere(`The ${type} of ${name}`, where)
    const { supervisor, router } = parts()
    const until = deadline(timeout)
    const command = make({ at: supervisor.settings.clock.now() })
    const give = (id: string, place: WorkPlace | undefined) => router.command(id, command, { until, place })
    const own = kind === 'runtime' ? {} : { entryPoints: entryPoints() }
    return giveToFound(supervisor, { what: `The ${type} of what was found`, where, give, ...own })
  }
  const setPause = (entryPoint: string, pause: Intervention | undefined) => parts().supervisor.streams.setPause(entryPoint, pause)

  return {
    pause: async ({ where, ...options } = {}) => {
      checkCommand('pause', name, options)
      if (where !== undefined) return found('pause', where, options.timeout, (of) => pauseCommand(options, of))
      const until = deadline(options.timeout)
      const { streams } = parts().supervisor
      const over = entryPoints()
      const holds = new Map(over.map((entryPoint) => [entryPoint, streams.hold(entryPoint)]))
      const around = parts().supervisor.admissions.around()
      const end = () => {
        around.over()
        holds.forEach((release) => release())
      }
      const answer = parts().router.scopes.pausing(name, async (own, resumes) => {
        const command = pauseCommand(options, given())
        await parts().supervisor.open()
        const before = async (entryPoint: string, unreached: Unreached[]) => {
          try {
            await setPause(entryPoint, command.intervention).finally(holds.get(entryPoint))
          } catch (error) {
            // every other write would wait as long for the same lock
            if (isHeldUp(error)) throw error
            unreached.push({ of: { entryPoint }, error })
          }
          await (until ? until.bound(resumes.through).catch(resumes.takeBack) : resumes.through)
        }
        return all(command, { by: own, around, until, before, over })
      })
      return answer.finally(end)
    },
    resume: async ({ where, ...rest } = {}) => {
      checkCommand('resume', name, rest, commandNames.retry)
      if (where !== undefined) return found('resume', where, undefined, (of) => resumeCommand(rest, of))
      return parts().router.scopes.resuming(name, async (own, takeBack) => {
        await parts().supervisor.open()
        // a stream that stays paused is left as it is, whole
        const before = (entryPoint: string) => setPause(entryPoint, undefined).then(() => takeBack(entryPoint))
        return all(resumeCommand(rest, given()), { by: own, before, over: entryPoints() })
      })
    },
    cancel: async ({ where, ...options } = {}) => {
      checkCommand('cancel', name, options)
      if (where !== undefined) return found('cancel', where, options.timeout, (of) => cancelCommand(options, of))
      const until = deadline(options.timeout)
      const around = parts().supervisor.admissions.around()
      try {
        await parts().supervisor.open()
        return await all(cancelCommand(options, given()), { around, until, over: entryPoints() })
      } finally {
        around.over()
      }
    },
  }
}
