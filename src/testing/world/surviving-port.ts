/**
 * What the handles of a test runtime stand on: calls that outlive the process that they were made to.
 *
 * Owns: how each call is made again after a death, so that it has its effect once.
 */
import type { AnyEventObject } from 'xstate'
import type { Command, CommandOutcome, SendOutcome } from '../../events/outcomes.js'
import type { HandlePort } from '../../runtime/execution-handle.js'
import type { IdSource } from '../../ids.js'
import type { SurvivingCalls } from './surviving-calls.js'
import { shortText } from './readable.js'
import type { Kept, Receipts, Sender } from './receipts.js'
import { repeatedAnswer } from './repeated-command.js'
import type { World } from './world.js'

/** What a test runtime lends to its handles. */
export interface Survival {
  readonly world: World
  readonly receipts: Receipts
  readonly survivingCalls: SurvivingCalls
  readonly ids: IdSource
  /** The store as an onlooker sees it: alive or dead, the process has no part in it. */
  storage: HandlePort['storage']
}

/** A port over that of whichever process lives. */
export function survivingPort(port: () => HandlePort, { world, receipts, survivingCalls, ids, storage }: Survival): HandlePort {
  const deliver = async (id: string, payload: string, sender: Sender): Promise<SendOutcome> => {
    let kept: Kept | undefined
    let life = 0
    const outcome = await survivingCalls.surviving(async (again): Promise<SendOutcome> => {
      life = world.life.n
      if (again) kept ??= await sender.lost(life)
      if (!kept) return port().router.deliver(id, payload)
      const stored = await port().load(id)
      if (!('revision' in stored)) return stored
      return kept === 'queued' ? { status: kept } : { status: kept, revision: stored.revision, taken: true }
    })
    if (!kept && (outcome.status === 'queued' || outcome.status === 'delivered')) sender.confirm(outcome.status, life)
    return outcome
  }
  const send = async (id: string, event: AnyEventObject): Promise<SendOutcome> => {
    world.tell(id, `send ${shortText(event)}`)
    // refused before it goes anywhere
    const payload = port().router.checked(id, event)
    return receipts.sending(id, payload, (sender) => deliver(id, payload, sender))
  }
  const command = async (id: string, asked: Command, again: boolean): Promise<CommandOutcome> => {
    const answer = await port().router.command(id, asked)
    const stored = again ? await port().load(id) : undefined
    return stored && 'revision' in stored ? repeatedAnswer(asked, answer, stored) : answer
  }
  return {
    now: () => world.clock.now(),
    storage,
    stream: (id, options) => port().stream(id, options),
    load: (id) => survivingCalls.surviving(() => port().load(id)),
    fork: (of, { idempotencyKey = ids.key(), ...options }) => {
      // known before it is accepted, so that a crash leaves none unused
      const id = ids.execution(world.clock.now())
      world.tell(id, `fork of ${of}`)
      return survivingCalls.surviving(() => port().fork(of, { ...options, idempotencyKey, id }))
    },
    router: {
      checked: (id, event) => port().router.checked(id, event),
      deliver: (id, payload) => receipts.sending(id, payload, (sender) => deliver(id, payload, sender)),
      send,
      command: (id, asked) => {
        world.tell(id, asked.type === 'pause' ? `pause (${asked.mode})` : asked.type)
        return survivingCalls.timed((again) => command(id, asked, again))
      },
      reached: (id, goal, options) => survivingCalls.timed(() => port().router.reached(id, goal, options)),
      result: (id, options) => survivingCalls.timed(() => port().router.result(id, options)),
    },
  }
}
