/** Delivers what stands in an execution's durable inbox, in order and once. Owns that order. */
import type { AnyEventObject } from 'xstate'
import type { Command, CommandOutcome } from '../events/outcomes.js'
import { decode, encode } from '../persistence/snapshot-codec.js'
import type { InboxMessage, SnapshotStore } from '../persistence/snapshot-store.js'
import type { ExecutionActor } from './execution-actor.js'
import { lastAnswer, obey } from './execution-commands.js'

interface Reading {
  done: Promise<void>
  /** Something may have come in since the inbox was read. */
  again: boolean
}

const reading = new WeakMap<ExecutionActor, Reading>()

/** Delivers until the inbox is empty or the execution takes no events any more; concurrent calls join. New direct events wait behind it (`mail`). */
export function deliverInbox(store: SnapshotStore, execution: ExecutionActor): Promise<void> {
  const known = reading.get(execution)
  if (known) {
    known.again = true
    return known.done
  }
  const own: Reading = { done: Promise.resolve(), again: false }
  reading.set(execution, own)
  own.done = deliverAll(store, execution, own).finally(() => reading.delete(execution))
  return own.done
}

async function deliverAll(store: SnapshotStore, execution: ExecutionActor, own: Reading): Promise<void> {
  for (;;) {
    own.again = false
    const messages = await execution.mail.read(() => store.inbox({ execution: execution.id }))
    const events = messages.filter(({ kind }) => kind === 'event')
    for (const message of messages) if (message.kind === 'command') obeyMessage(execution, message)
    for (const message of events) deliverMessage(execution, message)
    if (own.again) continue
    if (events.length === 0) execution.mail.waits = false
    if (events.length === 0 || !execution.takesEvents) return
  }
}

function deliverMessage(execution: ExecutionActor, { seq, payload }: InboxMessage): void {
  if (!execution.takesEvents) return
  const event = decode<AnyEventObject>(payload, { id: execution.id, what: 'event' })
  // its sender was answered when it was queued
  execution.deliver(event, seq).catch(() => undefined)
}

function obeyMessage(execution: ExecutionActor, { seq, payload }: InboxMessage): void {
  const command = decode<Command>(payload, { id: execution.id, what: 'command' })
  const text = (outcome: CommandOutcome) => encode(outcome, { id: execution.id, what: 'answer' })
  const before = execution.heading
  execution.mail.take(seq, (status, revision) => {
    const outcome = lastAnswer(command, before, status, revision)
    return outcome && text(outcome)
  })
  void obey(execution, command).then(
    (outcome) => execution.consume(seq, text(outcome)),
    // lost to another owner, who finds the message where it stands
    () => undefined,
  )
}
