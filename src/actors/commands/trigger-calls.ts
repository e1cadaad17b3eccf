/** Carries out what triggers ask for. Owns: what the answers of the runtime's own calls mean for a trigger. */
import { isStatewardError } from '../../errors.js'
import type { Command } from '../../events/outcomes.js'
import type { SupervisorHost } from '../supervisor/supervisor-host.js'
import { acceptedBefore, type Admitted } from '../stream/accepted-before.js'
import type { AdmissionRequest } from '../stream/admission.js'
import type { TriggerCalls } from '../trigger/trigger-calls.js'
import type { Fired, FireOptions } from '../trigger/trigger.js'
import { isId } from '../../ids.js'
import { accept } from './acceptance.js'
import { accepted } from './accepted.js'
import { checkTrigger } from '../../events/trigger-check.js'

/** The calls of the triggers of one runtime; `command` carries out a command to an execution. */
export function triggerCalls(
  supervisor: SupervisorHost,
  command: (id: string, command: Command) => Promise<unknown>,
): TriggerCalls {
  const { store, clock } = supervisor.settings
  return {
    fire: (...args) => fire((...request) => accept(supervisor, ...request), ...args),
    firedBefore: async (entryPoint, idempotencyKey) => (await acceptedBefore(store, entryPoint, { idempotencyKey }))?.id,
    status: async (id) => (await store.load(id))?.status,
    async causeOf(id) {
      const stored = isId(id) ? await store.load(id) : undefined
      return stored?.causationId ?? stored?.parentId ?? undefined
    },
    lastSeq: () => supervisor.feed.end(),
    async cancel(id, reason, actor) {
      await command(id, { type: 'cancel', intervention: { at: clock.now(), reason, ...(actor === undefined ? {} : { actor }) } })
    },
    publish: (type, data, id) => supervisor.publications.publish(type, data, id === undefined ? {} : { id }),
    follow: (filter) => supervisor.feed.follow(filter),
  }
}

/** Accepts an execution for what fires it: the same one again is an answer. Throws what keeps it from being accepted. */
export async function fire(
  admit: (entryPoint: string, request: AdmissionRequest) => Promise<Admitted>,
  entryPoint: string,
  input: unknown,
  options: FireOptions,
): Promise<Fired> {
  const request = checkTrigger(entryPoint, options)
  try {
    const { id, created, joined } = accepted(await admit(entryPoint, { ...request, input }))
    return { status: created ? 'accepted' : joined ? 'joined' : 'duplicate', id, differs: false }
  } catch (error) {
    // the other process may have made another input of the same thing
    if (!isStatewardError(error, 'idempotency_conflict')) throw error
    return { status: 'duplicate', id: String(error.details['id']), differs: true }
  }
}
