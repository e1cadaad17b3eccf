/**
 * The commands of a test runtime to many executions: of a stream, or of all.
 *
 * Owns: that they outlive the process that they were given to. What they count is what the process says that answers: of one
 * that was killed over a pause, the next finds executions paused already.
 */
import type { CommandScope } from '../../runtime/command-scope.js'
import type { SurvivingCalls } from './surviving-calls.js'
import type { World } from './world.js'

/** A scope over that of whichever process lives. `name`: for the story. */
export function survivingScope(
  name: string,
  scope: CommandScope,
  { world, survivingCalls }: { readonly world: World; readonly survivingCalls: SurvivingCalls },
): CommandScope {
  return {
    pause: (options) => {
      world.tell(null, `pause (${options?.mode ?? 'boundary'}) of ${name}`)
      return survivingCalls.timed(() => scope.pause(options))
    },
    resume: (options) => {
      world.tell(null, `resume of ${name}`)
      return survivingCalls.timed(() => scope.resume(options))
    },
    cancel: (options) => {
      world.tell(null, `cancel of ${name}`)
      return survivingCalls.timed(() => scope.cancel(options))
    },
  }
}
