/**
 * Conditions of SQL on where an execution stands, and on what a message is.
 *
 * Owns: their words, made of the stored numbers. SQLite takes a partial index only for a condition that says word for word
 * what the index says (see `sqlite-schema.ts`), so each stands here once, and the statements that name an index are refused
 * if the two come apart. `of` is the alias of the table with its dot, or a parameter.
 */
import { statusNumbers } from './sqlite-schema.js'

const { queued, running, pausing, paused, cancelling } = statusNumbers

/** The least number of a status that is an end. */
export const firstTerminal = statusNumbers.completed

/** What stands in an inbox; a finished command is one that the end of its execution left unread. */
export const messageKinds = { event: 0, command: 1, finished: 2 } as const

/** It has not ended. */
export const isLive = (of = '') => `${of}status < ${firstTerminal}`

/** It has ended. */
export const hasEnded = `status >= ${firstTerminal}`

/** It stands in a queue. */
export const isQueued = (of = '') => `${of}status = ${queued}`

/** Out of the queue, and its owner is not done with it. */
export const isUnderWay = (of = '') => `${of}status <> ${queued} AND (${isLive(of)} OR ${of}owed = 1)`

/** Out of the queue, and it has something to do by itself. */
export const hasWork = `status <> ${queued} AND (status IN (${running}, ${pausing}, ${cancelling}) OR owed = 1)`

/** Nobody holds it, and it is to be woken. */
export const isDue = `owner IS NULL AND due_at IS NOT NULL AND ${isLive()}`

/** A message that must wake an execution of that status which nobody holds: any but an event of a paused one, which waits for its resume. */
export const isAwaited = (status: string) =>
  `i.answered_at IS NULL AND (${status} <> ${paused} OR i.kind = ${messageKinds.command})`
