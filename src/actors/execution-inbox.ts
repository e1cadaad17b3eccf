/** Delivers what stands in an execution's durable inbox, in order and once. Owns that order. */
import type { AnyEventObject } from 'xstate'
import type { Command, CommandOutcome } from '../events/outcomes.js'
import { decode, encode } from '../persistence/snapshot-codec.js'
import type { InboxMessage, SnapshotStore } from '../persistence/snapshot-store.js'
import type { ExecutionActor } from './execution-actor.js'
import { lastAnswer, obey } from './execution-commands.js'

const busy = new WeakSet<ExecutionActor>()

/** Delivers until the inbox is empty or the execution takes no events any more. New direct events wait behind it (`mail`). */
export async function deliverInbox(store: SnapshotStore, execution: ExecutionActor): Promise<void> {
  if (busy.has(execution)) return
  busy.add(execution)
  try {
    for (;;) {
      const messages = await execution.mail.read(() => store.inbox({ execution: execution.id }))
      const events = messages.filter(({ kind }) => kind === 'event')
      for (const message of messages) if (message.kind === 'command') obeyMessage(execution, message)
      for (const message of events) deliverMessage(execution, message)
      if (events.length === 0) execution.mail.waits = false
      if (events.length === 0 || !execution.takesEvents) return
    }
  } finally {
    busy.delete(execution)
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
