/**
 * One program, lived through in several ways: by plain XState, and here undisturbed, killed, passivated and paused at every rest.
 *
 * Owns: the ways, and that each is held against plain XState at the end.
 */
import { createActor, type AnyActorLogic, type AnyEventObject, type AnyMachineSnapshot } from 'xstate'
import { expect, test, vi } from 'vitest'
import { defineEntryPoint, type ExecutionRecord } from '../../src/index.js'
import { createTestRuntime, SimulatedClock } from '../../src/testing/index.js'
import { memoryPlace } from './store-place.js'

/** What happens to a program: an event, or so many ms that pass. */
export type Happening = AnyEventObject | number

/** A program, and what happens to it. */
export interface Life {
  readonly program: () => AnyActorLogic
  readonly input?: unknown
  readonly happens: readonly Happening[]
}

/** What disturbs a program whenever it has come to rest. */
export const disturbances = ['nothing', 'a kill', 'passivation', 'a pause'] as const

const soon = 1

/** Plays it under plain XState, in simulated time; its last snapshot. */
export async function plainLife({ program, input, happens }: Life): Promise<AnyMachineSnapshot> {
  // of events that come to an actor that has ended
  vi.spyOn(console, 'warn').mockReturnValue()
  const clock = new SimulatedClock()
  const actor = createActor(program(), { input, clock: clock as never, logger: () => undefined })
  actor.subscribe({ error: () => undefined })
  actor.start()
  for (const happening of happens) {
    if (typeof happening === 'number') await clock.advance(happening)
    else actor.send(happening)
  }
  return actor.getSnapshot() as AnyMachineSnapshot
}

/** Plays it on a test runtime, disturbed after each happening; its record at the end. */
export async function disturbedLife(
  { program, input, happens }: Life,
  disturbance: (typeof disturbances)[number],
): Promise<ExecutionRecord> {
  const passivateAfter = disturbance === 'passivation' ? soon : Infinity
  const entryPoint = defineEntryPoint({ id: 'run', program: program(), passivateAfter } as never)
  const world = createTestRuntime({ entryPoints: [entryPoint], store: memoryPlace().open })
  const execution = await world.trigger('run', input as never, { id: 'it' })
  for (const happening of happens) {
    await world.settle()
    if (disturbance === 'a pause') await execution.pause({ mode: 'now' }).then(() => execution.resume())
    if (disturbance === 'a kill') await Promise.resolve(world.crash()).then(() => world.restart())
    if (disturbance === 'passivation') await world.advance(soon)
    if (typeof happening === 'number') await world.advance(happening - (disturbance === 'passivation' ? soon : 0))
    else await execution.send(happening as never)
  }
  await world.settle()
  const record = (await execution.get()) as ExecutionRecord
  await world.stop()
  return record
}

const gotOf = (context: unknown) => (context as { readonly got?: unknown } | undefined)?.got

/** Tests that `got` in a program's context comes to the same as under plain XState, whatever disturbs it. */
export function livesLikePlain(name: string, life: Life, got: unknown): void {
  test(`${name}, under plain XState`, async () => {
    expect(gotOf((await plainLife(life)).context)).toEqual(got)
  })
  test.each(disturbances)(`${name}, with %s at every rest`, async (disturbance) => {
    const { context, error, status } = await disturbedLife(life, disturbance)
    expect({ got: gotOf(context), error, failed: status === 'failed' }).toEqual({ got, error: null, failed: false })
  })
}
