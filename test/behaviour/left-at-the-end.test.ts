/** A program that has ended and still owes an action, in a process that died before it could say so. */
import { describe, expect, test } from 'vitest'
import { fromPromise, setup } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import type { Connection } from '../../src/testing/world/shared-store.js'
import { begin } from '../support/begin.js'
import { eventually } from '../support/eventually.js'
import { places } from '../support/store-place.js'

describe.each(places)('on %s', (_, place) => {
  /** One execution runs in a process that is to die, and the only slot of another process is taken if `isFull`. */
  async function open(isFull: boolean) {
    const shared = place()
    const ends: (() => void)[] = []
    const told: string[] = []
    const program = setup({
      actors: { work: fromPromise(() => new Promise<void>((resolve) => void ends.push(resolve))) },
      actions: { tell: () => void told.push('told') },
    }).createMachine({
      id: 'one-step',
      initial: 'working',
      states: { working: { invoke: { src: 'work', onDone: 'over' } }, over: { type: 'final', entry: 'tell' } },
    })
    const entryPoints = [defineEntryPoint({ id: 'one', program, maxConcurrent: 1 })] as const
    let isDying = false
    const own: Connection = shared.connect((store) => ({
      commit: async (commit) => {
        const verdict = await store.commit(commit)
        if (isDying) own.cut()
        return verdict
      },
    }))
    const doomed = await begin({ store: own, entryPoints })
    const execution = await doomed.trigger('one')
    await eventually('its step', () => ends.length === 1)
    const heir = await begin({ store: shared.connect(), entryPoints, lease: 100, pollInterval: 1 })
    if (isFull) await heir.trigger('one')
    await eventually('the steps', () => ends.length === (isFull ? 2 : 1))
    /** The step ends; the process dies when the commit that holds the end of the program is written. */
    const end = async () => {
      isDying = true
      ends[0]?.()
      await eventually('its death', () => own.isCut)
    }
    return { execution, left: heir.execution(execution.id), told, end }
  }

  test('a pause that waits for the last step of a program does not stop its end', async () => {
    const { execution, left, told, end } = await open(false)
    expect(await execution.pause({ timeout: 0 })).toMatchObject({ status: 'pausing' })
    await end()
    await eventually('the pause to be over', async () => (await left.get()).status !== 'pausing')
    expect(await left.cancel()).toEqual({ status: 'already_finished', as: 'completed' })
    expect(told).toEqual(['told'])
  })

  test('a command for one that waits for a slot is answered with the end of its program', async () => {
    const { left, told, end } = await open(true)
    await end()
    await eventually('it to be taken over', async () => (await left.get()).status === 'queued')
    expect(await left.cancel()).toEqual({ status: 'already_finished', as: 'completed' })
    expect(told).toEqual(['told'])
  })
})
