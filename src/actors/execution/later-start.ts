/**
 * Executions that are to start later.
 *
 * Owns: what it means that an execution must not start before a time (`startAt` of its context). Until it has started, its row says so
 * as well (`StoredExecution.startAt`), and so no claim takes it before it is due. Until that time it is queued, nobody owns it and no
 * process has it in memory, but for a moment after a command to it. When it is due, whoever claims it first puts it into its queue,
 * with the place of one that was accepted at that time.
 *
 * The time goes by the wall clock, as that reads in the process that starts it: a clock that is set back delays the start, one that is
 * set forward brings it. Limits and timers are another matter: they measure how much time passes.
 *
 * To move the time, or to give such an execution another input, commit its next revision under its stored epoch, with `owner` null,
 * status `queued`, the new `startAt` in its context (`CommitDraft.commit` puts it into the row), `dueAt` by `dueAt('queued', limits,
 * undefined, startAt)`, and the new `input` if there is one. The commit is `stale` if another process was faster: it has moved the
 * execution too, or has claimed it, because it was due or got a command.
 */
import type { ExecutionContext } from '../../events/execution-events.js'

/** True if what has such a context, or request, must not start at `now`. */
export function isLater({ startAt }: { readonly startAt?: ExecutionContext['startAt'] | undefined }, now: number): boolean {
  return startAt !== undefined && startAt > now
}
