/** A program's own inspection, seen alone, is what it is under plain `createActor`. */
import { createActor, type InspectionEvent } from 'xstate'
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/memory.js'
import { begin } from '../support/begin.js'
import { eventually } from '../support/eventually.js'
import { orderMachine, ordersEntryPoint } from './order-program.js'

interface Seen {
  readonly id: string
  readonly sessionId: string
  readonly _parent?: Seen
}

interface Watched {
  readonly type: string
  readonly actorRef: Seen
  readonly sourceRef?: Seen
  readonly event?: { readonly type: string }
  readonly snapshot?: { readonly status: string; readonly value?: unknown; readonly context?: unknown; readonly output?: unknown }
  readonly action?: { readonly type: string }
}

/** The events of one actor and all below it, in words that hold for every run. */
function story(events: readonly InspectionEvent[], root: Seen): unknown[] {
  const inside = (actor: Seen | undefined): boolean => actor !== undefined && (actor === root || inside(actor._parent))
  return (events as unknown as Watched[])
    .filter(({ actorRef }) => inside(actorRef))
    .map(({ type, actorRef, sourceRef, event, snapshot, action }) => ({
      type,
      actor: actorRef.id,
      parent: actorRef === root ? undefined : actorRef._parent?.id,
      source: inside(sourceRef) ? sourceRef?.id : undefined,
      event: event?.type,
      status: snapshot?.status,
      value: snapshot?.value,
      context: snapshot?.context,
      output: snapshot?.output,
      action: action?.type,
    }))
}

const isShipped = ({ snapshot, actorRef }: Watched) =>
  actorRef.id === 'o1' && (snapshot?.value as { shipping?: { parcel?: string } } | undefined)?.shipping?.parcel === 'sent'

describe('the inspection of a program that a runtime hosts', () => {
  it('tells the same story in the same order as under plain createActor, without an inspector of its own', async () => {
    const plain: InspectionEvent[] = []
    const actor = createActor(orderMachine, { id: 'o1', input: { amount: 7 }, inspect: (event) => void plain.push(event) })
    actor.start()
    await eventually('the parcel', () => (plain as unknown as Watched[]).some(isShipped))
    actor.send({ type: 'APPROVE' })
    expect(actor.getSnapshot().status).toBe('done')

    const hosted: InspectionEvent[] = []
    const inspect = (event: InspectionEvent) => void hosted.push(event)
    const runtime = await begin({ id: 'shop', store: memoryStore(), entryPoints: [ordersEntryPoint()], inspect })
    const order = await runtime.trigger('orders', { amount: 7 }, { id: 'o1' })
    await eventually('the parcel', () => (hosted as unknown as Watched[]).some(isShipped))
    await order.send({ type: 'APPROVE' })
    await order.result({ timeout: 5_000 })

    const announced = (hosted as unknown as Watched[]).filter(
      ({ type, actorRef }) => type === '@xstate.actor' && actorRef.id === 'o1',
    )
    const [execution, program] = announced.map(({ actorRef }) => actorRef)
    expect(program?._parent?.sessionId).toBe(execution?.sessionId)
    expect(story(hosted, program as Seen)).toEqual(story(plain, actor as unknown as Seen))
    const roots = new Set(hosted.map(({ rootId }) => rootId))
    expect(roots).toEqual(new Set([runtime.actor.sessionId]))
  })
})
