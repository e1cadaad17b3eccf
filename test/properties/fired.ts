/**
 * Entry points that something fires: a clock, events of the application's own, deliveries over HTTP.
 *
 * Owns: their definitions, which are the same in each process, and what each of their executions must have been fired by.
 */
import { createMachine } from 'xstate'
import { defineEntryPoint, type EntryPoint, type Trigger } from '../../src/index.js'
import { every, on, webhook } from '../../src/triggers.js'
import type { StreamSpec } from './script.js'

/** How they are set up. */
export interface FiresSpec {
  /** Between two ticks, in ms. */
  readonly period: number
  /** What becomes of ticks that could not fire in time. */
  readonly missed: 'once' | 'all'
}

/** What an execution is told of what has fired it. */
export interface Fired {
  /** The instant of a tick, the number of an event, or the key of a delivery. */
  readonly by: number | string
}

/** The ids of the entry points. */
export const firedIds = { ticks: 'ticks', events: 'events', deliveries: 'deliveries' } as const

/** The types of the events that fire, and of those that don't. */
export const publishedTypes = ['order.paid', 'order.sent', 'stock.counted'] as const

/** Types that fire. */
export const firing = 'order.*'

const program = createMachine({
  id: 'fired',
  types: {} as { input: Fired; context: Fired; output: Fired },
  context: ({ input }) => input,
  initial: 'ended',
  states: { ended: { type: 'final' } },
  output: ({ context }) => context,
})

/** As the specs of random programs look, for what is asked of all executions alike. */
export const firedSpec: StreamSpec = {
  program: { states: [], rich: false, poisoned: false },
  options: { maxConcurrent: 3, compensates: false, checkpoints: 0, passivateAfter: 30_000, pausedTimers: 'freeze' },
}

/** The entry points of one process. */
export function firedEntryPoints({ period, missed }: FiresSpec): EntryPoint[] {
  const of = (id: string, trigger: Trigger<Fired>) =>
    defineEntryPoint({ id, program, trigger, maxConcurrent: firedSpec.options.maxConcurrent }) as EntryPoint
  return [
    of(firedIds.ticks, every(period, { missed, maxMissed: 10_000, input: ({ at }): Fired => ({ by: at }) })),
    of(firedIds.events, on(firing, { from: 'start', input: ({ seq }): Fired => ({ by: seq }) })),
    of(
      firedIds.deliveries,
      webhook<Fired, { key: string }>({
        path: '/deliveries',
        verify: false,
        idempotencyKey: ({ body }) => body.key,
        input: ({ body }) => ({ by: body.key }),
      }),
    ),
  ]
}

/** A delivery, as its sender sends it each time. */
export const deliveryOf = (key: string) =>
  new Request('http://localhost/deliveries', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key }),
  })
