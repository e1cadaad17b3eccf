/** The test of one line: every golden execution of every version goes on, or it is said which does not, and why. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fromPromise, setup } from 'xstate'
import { z } from 'zod'
import { defineEntryPoint } from '../../../src/index.js'
import { checkGolden, recordGolden } from '../../../src/testing/index.js'
import { door, doors, read, rejection, through } from './door-entry-point.js'
import { temporaryFolder } from '../../support/temporary-folder.js'

describe('the test of one line', () => {
  test('names each break of each version, and why', async () => {
    const folder = temporaryFolder()
    await recordGolden(doors(), through, { folder })
    await recordGolden(doors({ version: '2', program: door(['shut', 'ajar']) }), through, { folder })
    const now = doors({ version: '3', program: door(['shut', 'locked']) })
    const error = await rejection(checkGolden(folder, now))
    expect(error.code).toBe('golden_misfit')
    expect(error.message.split('\n').map((line) => line.split(';')[0])).toEqual([
      'doors, version 3: 4 of 4 snapshots would not go on:',
      "  open of version 1: state_gone at value: there is no state 'open' any more",
      '  shut of version 1: structure_changed: it would be restored, but its structure is not that of version 1, so that a runtime would pause it',
      "  ajar of version 2: state_gone at value: there is no state 'ajar' any more",
      '  shut of version 2: structure_changed: it would be restored, but its structure is not that of version 2, so that a runtime would pause it',
    ])
    expect(error.details).toMatchObject({
      misfits: [{ reason: 'state_gone' }, {}, {}, {}],
      files: [join(folder, 'doors@1.json'), join(folder, 'doors@2.json')],
    })
  })

  test('is content with what `versions` keeps or `migrate` mends', async () => {
    const folder = temporaryFolder()
    await recordGolden(doors(), through, { folder })
    const program = door(['shut', 'ajar'])
    expect((await checkGolden(folder, doors({ version: '2', program, versions: { '1': door() } }))).ok).toBe(true)
    const migrate = (snapshot: object) => ({ ...snapshot, value: 'ajar' }) as never
    expect((await checkGolden(folder, doors({ version: '2', program, migrate }))).fits).toEqual([
      'open of version 1',
      'shut of version 1',
    ])
  })

  test('finds an owed action that is gone, and a context that its schema does not take', async () => {
    const folder = temporaryFolder()
    const machine = (action: string, schemas?: object) =>
      setup({ actions: { [action]: () => undefined }, ...(schemas ? { schemas } : {}) }).createMachine({
        id: 'door',
        context: { key: 7 },
        entry: action as never,
        initial: 'shut',
        states: { shut: {} },
      })
    await recordGolden(doors({ program: machine('ring') }), (world) => world.trigger('doors'), { folder })
    const now = (action: string, schemas?: object) => doors({ program: machine(action, schemas) })
    expect((await rejection(checkGolden(folder, now('knock')))).message).toContain(
      "action_gone at outbox[0]: there is no action 'ring' any more, and one is owed",
    )
    const context = z.object({ key: z.string() })
    expect((await rejection(checkGolden(folder, now('ring', { context })))).message).toContain('context_invalid at context.key')
    expect((await rejection(checkGolden(folder, now('ring'), { context }))).message).toContain('context_invalid at context.key')
    expect((await checkGolden(folder, now('ring', { context }), { accept: ['context_invalid'] })).ok).toBe(true)
  })

  test('hears it from a real runtime, of which nothing runs', async () => {
    const folder = temporaryFolder()
    const ran: string[] = []
    const machine = setup({
      actors: { ring: fromPromise(async () => void ran.push('ring')) },
      actions: { tell: () => void ran.push('tell') },
    }).createMachine({
      id: 'door',
      initial: 'shut',
      states: { shut: { entry: 'tell', invoke: { src: 'ring' }, after: { 1: { actions: 'tell' } } } },
    })
    await recordGolden(doors({ program: machine }), (world) => world.trigger('doors'), { folder })
    ran.length = 0
    expect((await checkGolden(folder, doors({ program: machine }))).ok).toBe(true)
    expect(ran).toEqual([])
    let calls = 0
    const fickle = doors({
      version: '2',
      program: machine,
      migrate: (snapshot) => {
        if (++calls > 1) throw new Error('not twice')
        return snapshot
      },
    })
    const error = await rejection(checkGolden(folder, fickle))
    expect(error.message).toMatch(/shut of version 1: restore_failed: a runtime pauses it: program_mismatch: .*`migrate` threw/)
  })

  test('takes up more than a stream has slots, and many at once', async () => {
    const folder = temporaryFolder()
    const states = Array.from({ length: 30 }, (_, index) => `s${index}`)
    const busy = setup({ actors: { work: fromPromise(() => new Promise(() => undefined)) } }).createMachine({
      id: 'door',
      initial: 's0',
      states: Object.fromEntries(
        states.map((state, index) => [state, { invoke: { src: 'work' }, on: { GO: states[index + 1] ?? state } }]),
      ),
    })
    const entryPoint = doors({ program: busy, maxConcurrent: 1 })
    await recordGolden(
      entryPoint,
      async (world) => {
        world.hold('work' as never)
        const it = await world.trigger('doors')
        for (const _ of states) await it.send({ type: 'GO' })
      },
      { folder },
    )
    expect((await checkGolden(folder, entryPoint)).checked).toBe(30)
  })

  test('fails where there is nothing to check, and for the files of another entry point', async () => {
    const folder = temporaryFolder()
    await expect(checkGolden(folder, doors())).rejects.toMatchObject({ code: 'invalid_option', details: { entryPoint: 'doors' } })
    await expect(checkGolden(join(folder, 'nowhere'), doors())).rejects.toMatchObject({ code: 'invalid_option' })
    await recordGolden(doors(), through, { folder })
    writeFileSync(join(folder, 'other.json'), 'not mine')
    const other = defineEntryPoint({ id: 'windows', program: door() })
    await expect(checkGolden(folder, other)).rejects.toMatchObject({ code: 'invalid_option' })
    await expect(checkGolden(join(folder, 'doors@1.json'), other)).rejects.toMatchObject({
      code: 'invalid_option',
      details: { entryPoint: 'doors' },
    })
    expect((await checkGolden(folder, doors())).ok).toBe(true)
  })

  test.each([
    ['corrupt', 'is no JSON', (text: string) => text.slice(0, -20)],
    ['corrupt', 'is none of ours', () => '{}'],
    ['corrupt', 'has a damaged program', (text: string) => text.replace('"f": 1', '"g": 1')],
    ['corrupt', 'holds nothing', (text: string) => JSON.stringify({ ...(JSON.parse(text) as object), executions: [] })],
    ['corrupt', 'has an unknown status', (text: string) => text.replace('"waiting"', '"sleeping"')],
    ['unknown_format', 'is of a newer version', (text: string) => text.replace('"format": 1', '"format": 2')],
    ['unknown_format', 'has a program of a newer version', (text: string) => text.replace('"f": 1', '"f": 99')],
  ])('rejects with %s if a file %s, and names it', async (code, _, damage) => {
    const folder = temporaryFolder()
    await recordGolden(doors(), through, { folder })
    const file = join(folder, 'doors@1.json')
    writeFileSync(file, damage(read(folder, 'doors@1.json')))
    const error = await rejection(checkGolden(folder, doors()))
    expect([error.code, error.details['file']]).toEqual([code, file])
    expect(error.message).toContain(file)
  })
})
