/**
 * Commands to many executions at once: to those of one stream, or of the whole runtime.
 *
 * Owns: that a scope stays paused for what is triggered later, and the counts of the answers. Talks to: the streams (which
 * keep their pause), and the router, which gives each execution its command.
 */
import type { ScopePause } from './actors/scope-commands.js'
import type { SupervisorParts } from './actors/supervisor-logic.js'
import type { Intervention } from './events/execution-events.js'
import type { Command } from './events/outcomes.js'
import { checkCommand, type By, type CancelOptions, type PauseOptions } from './events/requests.js'

/** Pause, resume and cancel of many: of one stream, or of the whole runtime. Each resolves with how many answered what. */
export interface CommandScope {
  /** Starts nothing more (what is triggered is accepted and queued), and pauses all that has not ended. Outlives the process. */
  pause(options?: PauseOptions): Promise<Readonly<Record<string, number>>>
  /** Starts again, and resumes those that the pause of this scope had stopped. */
  resume(options?: By): Promise<Readonly<Record<string, number>>>
  /** Cancels all that has not ended. */
  cancel(options?: CancelOptions): Promise<Readonly<Record<string, number>>>
}

/** The commands of a scope over these entry points; `parts` is asked at each. */
export function commandScope(
  parts: () => SupervisorParts,
  scope: 'stream' | 'runtime',
  entryPoints: readonly string[],
): CommandScope {
  const name = scope === 'runtime' ? 'the runtime' : `stream ${entryPoints.join()}`
  const by = ({ reason, actor }: By) => ({
    at: parts().supervisor.settings.clock.now(),
    scope,
    ...(reason === undefined ? {} : { reason }),
    ...(actor === undefined ? {} : { actor }),
  })
  const about = `${scope} ${entryPoints.join()}`
  const all = async (command: Command, pause?: ScopePause) => {
    const counts: Record<string, number> = {}
    for (const entryPoint of entryPoints) {
      for (const [status, count] of Object.entries(await parts().router.commandAll(entryPoint, command, pause)))
        counts[status] = (counts[status] ?? 0) + count
    }
    return counts
  }
  const setPause = async (pause: Intervention | undefined) => {
    const { supervisor } = parts()
    await supervisor.open()
    for (const entryPoint of entryPoints) await supervisor.streams.setPause(entryPoint, pause)
  }
  return {
    pause: async (options = {}) => {
      checkCommand('pause', name, options)
      const { mode = 'boundary', timeout, ...rest } = options
      return parts().router.scopes.pausing(about, async (pause, resumed) => {
        const intervention = by(rest)
        await setPause(intervention)
        await resumed
        return all({ type: 'pause', mode, intervention, ...(timeout === undefined ? {} : { wait: timeout }) }, pause)
      })
    },
    resume: async (rest = {}) => {
      checkCommand('resume', name, rest)
      return parts().router.scopes.resuming(about, async (takeBack) => {
        await setPause(undefined)
        takeBack()
        return all({ type: 'resume', retry: false, intervention: by(rest) })
      })
    },
    cancel: async (options = {}) => {
      checkCommand('cancel', name, options)
      const { timeout, ...rest } = options
      await parts().supervisor.open()
      return all({ type: 'cancel', intervention: by(rest), ...(timeout === undefined ? {} : { wait: timeout }) })
    },
  }
}
