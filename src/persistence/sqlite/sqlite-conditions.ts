/**
 * SQL conditions on the status of an execution and on the kind of a message.
 *
 * Owns: their words, made of the stored numbers. SQLite takes a partial index only for a condition that says word for word
 * what the index says (see `sqlite-schema.ts`), so each stands here once, and the statements that name an index are refused
 * if the two come apart. `of` is the alias of the table with its dot, or a parameter.
 */
import { statusNumbers } from './sqlite-schema.js'

const { queued, running, waiting, pausing, paused, cancelling } = statusNumbers

/** The least number of a status that is an end. */
export const firstTerminal = statusNumbers.completed

/** The kinds of messages; a finished command is one that the end of its execution left unread. */
export const messageKinds = { event: 0, command: 1, finished: 2 } as const

/** The execution has not ended. */
export const isLive = (of = '') => `${of}status < ${firstTerminal}`

/** The execution has ended. */
export const hasEnded = `status >= ${firstTerminal}`

/** The execution is queued. */
export const isQueued = (of = '') => `${of}status = ${queued}`

/** Nothing delays the start of the execution: it may start at once, or has started. */
export const isUndelayed = 'start_at IS NULL'

/** Since when a queued execution may start. */
export const queuedSince = 'coalesce(start_at, accepted_at)'

/** Not queued, and its owner has not finished with it. */
export const isUnderWay = (of = '') => `${of}status <> ${queued} AND (${isLive(of)} OR ${of}owed = 1)`

/** Not queued, and it has something to do without an event. */
export const hasWork = `status <> ${queued} AND (status IN (${running}, ${pausing}, ${cancelling}) OR owed = 1)`

/** Nobody owns the execution, and it must be woken. */
export const isDue = `owner IS NULL AND due_at IS NOT NULL AND ${isLive()}`

/** A message that must wake an unowned execution: any message, but for events of a paused execution, which wait for its resume, and of one that is to start later. */
export const isAwaited = (status: string, startAt: string) =>
  `i.answered_at IS NULL AND ((${status} <> ${paused} AND ${startAt} IS NULL) OR i.kind = ${messageKinds.command})`

/** The statuses of an execution that stands still. */
export const still: readonly number[] = [queued, waiting, paused]

/** The statuses of an execution that has something in flight. */
export const moving: readonly number[] = [running, pausing, cancelling]

/** The execution has started, and stands still: where, is in this column, and an empty text if it is not known. */
export const isStill = 'resting IS NOT NULL'
