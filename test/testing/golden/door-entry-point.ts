/** A small entry point to record. Owns: doors in all forms, and the way through one. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { createMachine, type AnyActorLogic } from 'xstate'
import { defineEntryPoint, type EntryPointOptions, type StatewardError } from '../../../src/index.js'
import type { Scenario } from '../../../src/testing/index.js'

/** The text of a file in a folder. */
export const read = (folder: string, file: string) => readFileSync(join(folder, file), 'utf8')

/** What a promise rejects with. */
export const rejection = async (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail('it resolved'),
    (error: unknown) => error as StatewardError,
  )

/** A machine that GO leads through these states. */
export const door = (states: readonly string[] = ['shut', 'open']) =>
  createMachine({
    id: 'door',
    initial: states[0] as string,
    states: Object.fromEntries(states.map((state, index) => [state, { on: { GO: states[index + 1] ?? state } }])),
  })

/** The entry point of it, or of another program. */
export const doors = (options: Partial<EntryPointOptions> = {}) =>
  defineEntryPoint<AnyActorLogic, 'doors'>({ program: door(), ...options, id: 'doors' })

/** From the first state to the second. */
export const through: Scenario<ReturnType<typeof doors>> = async (world) => {
  const it = await world.trigger('doors')
  await it.send({ type: 'GO' })
}
