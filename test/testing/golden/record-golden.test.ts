/** Golden files that are recorded: what is in them, and that they are never lost. */
import { createHash } from 'node:crypto'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { fromPromise, setup } from 'xstate'
import { defineEntryPoint, fromExecution } from '../../../src/index.js'
import { memoryStore } from '../../../src/memory.js'
import { observedCommits } from '../../../src/testing/golden/observed-commits.js'
import { aCommit, anAccepted, checkGolden, readGolden, recordGolden } from '../../../src/testing/index.js'
import { door, doors, read, rejection, through } from './door-entry-point.js'
import { temporaryFolder } from '../../support/temporary-folder.js'
import { scenarios, shop1, shop2 } from './shop.js'

const fixtures = fileURLToPath(new URL('fixtures/', import.meta.url))

describe('the committed files', () => {
  /** Never changed, never removed: what users have stored looks like them. A new version gets a line. */
  const known = {
    'shop@1.json': '722463eb7f859af4b166bb75775d46bb31bcff459b1a12d0ae11132b4854a1df',
    'shop@2.json': '81683938b8fac9389a4034f5fecceb32331483ac78cacae803029ceec87a1068',
  }

  test('are there, unchanged', () => {
    const found = readdirSync(fixtures).map((file) => [file, createHash('sha256').update(read(fixtures, file)).digest('hex')])
    expect(Object.fromEntries(found)).toEqual(known)
  })

  test('are what a recording gives, though an earlier codec has written them', async () => {
    for (const shop of [shop1, shop2 as unknown as typeof shop1]) {
      const [golden] = await recordGolden(shop, scenarios, { folder: fixtures })
      expect(golden).toMatchObject({ outcome: 'unchanged', unreached: [] })
    }
  })

  test('go on in the version of now, and in their own', async () => {
    const report = await checkGolden(fixtures, shop2)
    expect(report).toMatchObject({ ok: true, misfits: [] })
    expect(report.fits).toContain('delivery.{ box, goods: here } [parcel: ready] of version 1')
    expect((await checkGolden(join(fixtures, 'shop@1.json'), shop1)).ok).toBe(true)
  })

  test('hold timers, steps in flight, owed actions, and what JSON can not carry', async () => {
    const { executions } = await readGolden(join(fixtures, 'shop@1.json'))
    const named = (name: string) => executions.find((execution) => execution.name === name)
    expect(named('open')?.record).toMatchObject({
      timers: [{ event: { type: 'REMIND' }, delay: 3_600_000 }],
      snapshot: { context: { ordered: new Date('2026-01-01T10:00:00Z'), prices: new Map([['a book', 20n]]) } },
    })
    expect(named('paying')).toMatchObject({ status: 'running', record: { steps: { charge: { visit: 2 } } } })
    expect(named('held')?.record.outbox).toHaveLength(1)
    expect(named('held')?.record).toMatchObject({ snapshot: { historyValue: { 'shop.delivery.back': [{}, {}] } } })
    expect((named('held')?.record.snapshot.context as { problem: Error } | undefined)?.problem.stack).toBe(
      'Error: no trace of it',
    )
    expect(named('arrived')?.status).toBe('completed')
  })
})

describe('a recording', () => {
  beforeEach(() => vi.stubEnv('UPDATE_GOLDEN', ''))

  test('keeps one execution for each state, the first one that was stored in it, and says which it never saw', async () => {
    const folder = temporaryFolder()
    const [golden] = await recordGolden(doors({ program: door(['shut', 'open', 'broken']) }), through, {
      folder: join(folder, 'new'),
    })
    expect(golden).toEqual({
      file: join(folder, 'new', 'doors@1.json'),
      outcome: 'written',
      states: ['open', 'shut'],
      unreached: ['broken'],
    })
    const { executions, ...head } = await readGolden(golden?.file ?? '')
    expect(head).toEqual({
      format: 1,
      entryPoint: 'doors',
      program: 'door',
      version: '1',
      hash: expect.stringMatching(/^[\da-f]{16}$/) as string,
    })
    expect(executions.map(({ name, status }) => [name, status])).toEqual([
      ['open', 'waiting'],
      ['shut', 'waiting'],
    ])
  })

  test('gives the same bytes each time, wherever it is made', async () => {
    const [one, two] = [temporaryFolder(), temporaryFolder()]
    await recordGolden(shop1, scenarios, { folder: one })
    await recordGolden(shop1, scenarios.toReversed(), { folder: two })
    const [a, b] = [read(one, 'shop@1.json'), read(two, 'shop@1.json')]
    const again = temporaryFolder()
    await recordGolden(shop1, scenarios, { folder: again })
    expect(read(again, 'shop@1.json')).toBe(a)
    // another order may keep another execution of a state, and names them all the same
    expect([...b.matchAll(/^ {6}"name".*$/gm)].map(String)).toEqual([...a.matchAll(/^ {6}"name".*$/gm)].map(String))
  })

  test('is not replaced by another one of the same version, unless it is asked for', async () => {
    const folder = temporaryFolder()
    await recordGolden(doors(), through, { folder })
    const before = read(folder, 'doors@1.json')
    expect((await recordGolden(doors(), through, { folder }))[0]?.outcome).toBe('unchanged')
    const other = doors({ program: door(['shut', 'ajar']) })
    const error = await rejection(recordGolden(other, through, { folder }))
    expect(error).toMatchObject({ code: 'golden_exists', details: { entryPoint: 'doors', version: '1' } })
    expect(error.message).toContain('Give the entry point a new version')
    expect(read(folder, 'doors@1.json')).toBe(before)

    vi.stubEnv('UPDATE_GOLDEN', '1')
    await expect(recordGolden(other, through, { folder, update: false })).rejects.toMatchObject({ code: 'golden_exists' })
    expect((await recordGolden(other, through, { folder }))[0]?.outcome).toBe('written')
    vi.stubEnv('UPDATE_GOLDEN', '0')
    expect((await recordGolden(doors(), through, { folder, update: true }))[0]?.outcome).toBe('written')
    expect(read(folder, 'doors@1.json')).toBe(before)
  })

  test('of another version stands beside it', async () => {
    const folder = temporaryFolder()
    await recordGolden(doors(), through, { folder })
    await recordGolden(doors({ version: '2/beta' }), through, { folder })
    expect(readdirSync(folder)).toEqual(['doors@1.json', 'doors@2%2Fbeta.json'])
    expect((await checkGolden(folder, doors({ version: '3' }))).checked).toBe(4)
  })

  test('is the same although a checkout or a formatter has changed its white space', async () => {
    const folder = temporaryFolder()
    await recordGolden(doors(), through, { folder })
    writeFileSync(
      join(folder, 'doors@1.json'),
      read(folder, 'doors@1.json').replaceAll('\n', '\r\n').replaceAll('  ', '\t').replace('', '\ufeff'),
    )
    expect((await recordGolden(doors(), through, { folder }))[0]?.outcome).toBe('unchanged')
    expect((await checkGolden(folder, doors())).ok).toBe(true)
  })

  test('is whole at every moment, however many record and read it at the same time', async () => {
    const folder = temporaryFolder()
    await recordGolden(doors(), through, { folder })
    const again = () => recordGolden(doors(), through, { folder, update: true })
    writeFileSync(join(folder, 'doors@1.json'), read(folder, 'doors@1.json').replace('"open"', '"ajar"'))
    const readings = Array.from({ length: 40 }, async (_, index) => {
      for (let turn = 0; turn < index; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
      return (await readGolden(join(folder, 'doors@1.json'))).executions.length
    })
    await Promise.all([again(), again(), again(), again()])
    expect(new Set(await Promise.all(readings))).toEqual(new Set([2]))
    expect(readdirSync(folder)).toEqual(['doors@1.json'])
  })

  test('takes several entry points that need each other, each into a file of its own', async () => {
    const folder = temporaryFolder()
    const hall = defineEntryPoint({
      id: 'halls',
      program: setup({ actors: { door: fromExecution('doors') } }).createMachine({
        id: 'hall',
        initial: 'entering',
        states: { entering: { invoke: { id: 'door', src: 'door' } } },
      }),
    })
    const recordings = await recordGolden([hall, doors()], async (world) => void (await world.trigger('halls')), { folder })
    expect(recordings.map(({ states }) => states)).toEqual([['entering'], ['shut']])
    expect(readdirSync(folder)).toEqual(['doors@1.json', 'halls@1.json'])
  })

  test('takes logic that is no machine, named by its status', async () => {
    const [golden] = await recordGolden(
      defineEntryPoint({ id: 'echo', program: fromPromise(async () => 1) }),
      (world) => world.trigger('echo'),
      { folder: temporaryFolder() },
    )
    expect(golden).toMatchObject({ states: ['active', 'done'], unreached: [] })
  })

  test('goes on over a crash, and keeps what was written and nothing else', async () => {
    const [golden] = await recordGolden(
      doors(),
      async (world) => {
        const it = await world.trigger('doors')
        await world.settle()
        world.crash()
        await world.restart()
        await it.send({ type: 'GO' })
      },
      { folder: temporaryFolder() },
    )
    expect(golden?.states).toEqual(['open', 'shut'])

    const memory = memoryStore()
    await memory.open()
    const told: string[] = []
    const store = observedCommits(memory, ({ id }) => told.push(id))
    await store.commit([anAccepted('a')])
    await store.commit([aCommit({ id: 'a', revision: 9 })])
    expect(told).toEqual(['a'])
  })

  test('of nothing is refused, and so is one whose scenario fails', async () => {
    const folder = temporaryFolder()
    await expect(recordGolden(doors(), () => undefined, { folder })).rejects.toMatchObject({ code: 'invalid_option' })
    await expect(recordGolden(doors(), () => Promise.reject(new Error('my own')), { folder })).rejects.toThrow('my own')
    expect(readdirSync(folder)).toEqual([])
  })
})
