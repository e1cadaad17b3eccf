/** Debounced and batched triggers of real processes on one file, one killed and one frozen: each acknowledged one is in one execution. */
import { expect, test } from 'vitest'
import { storedInput } from '../../src/actors/execution/execution-record.js'
import { sqliteStore } from '../../src/sqlite.js'
import { CrashFolder } from './support/crash-folder.js'
import { freezeUnlocked } from './support/database-lock.js'
import { RealProcess } from './support/real-process.js'

test('of two processes that trigger, one frozen and one killed, no acknowledged input is lost and none is there twice', async () => {
  const folder = new CrashFolder()
  const start = (name: string) => folder.adopt(RealProcess.start('gathering-process', [folder.db, name]))
  const all: RealProcess[] = []
  const begin = async (name: string) => {
    const process = start(name)
    all.push(process)
    await process.untilSaid('started')
    return process
  }
  const acked = (process: RealProcess) => process.said('acked lines').length
  const one = await begin('a')
  const two = await begin('b')
  await one.waitUntil('both have triggered', () => acked(one) > 60 && acked(two) > 60)
  await freezeUnlocked(one, folder.db)
  const before = acked(two)
  await two.waitUntil('the other goes on alone', () => acked(two) > before + 60)
  one.thaw()
  const thawed = acked(one)
  await one.waitUntil('the thawed one goes on', () => acked(one) > thawed + 20)
  await two.kill()
  const three = await begin('c')
  await three.waitUntil('triggers after the crash', () => acked(three) > 40)
  for (const process of [one, three]) await process.kill()

  // what was under way in those that were killed
  const last = await begin('')
  await last.waitUntil('all has ended', async () => {
    const store = sqliteStore(folder.db)
    await store.open()
    const counts = Object.values(await store.counts())
    await store.close()
    return counts.every((statuses) => Object.keys(statuses).every((status) => status === 'completed'))
  })
  await last.kill()
  const store = sqliteStore(folder.copy())
  await store.open()
  const told = (id: string) => all.flatMap((process) => process.said(`acked ${id}`)).map((line) => line.split(' ').slice(-2))
  const inputs = new Map<string, unknown>()
  const found = async (entryPoint: string) => {
    const { executions } = await store.query({ entryPoint, limit: 1_000 })
    for (const each of executions) inputs.set(each.id, storedInput(each))
    return executions.map(({ id }) => id)
  }

  const batches = await found('lines')
  const elements = batches.flatMap((id) => inputs.get(id) as string[])
  expect(new Set(elements).size, 'each once').toBe(elements.length)
  for (const [element = '', id = ''] of told('lines')) expect(inputs.get(id), element).toContain(element)
  for (const id of batches) expect((inputs.get(id) as string[]).length).toBeLessThanOrEqual(7)
  // every caller waits for each answer: within a batch its elements are in its order
  for (const id of batches) {
    for (const name of ['a', 'b', 'c']) {
      const own = (inputs.get(id) as string[]).filter((each) => each.startsWith(`${name}-`)).map((each) => Number(each.slice(2)))
      expect(own).toEqual(own.toSorted((a, b) => a - b))
    }
  }
  // the last one of a caller in an execution is its input, unless another caller's is, or one whose answer was lost
  await found('last')
  const lastOf = new Map<string, number>()
  for (const [element = '', id = ''] of told('last')) {
    const caller = `${id} ${element.charAt(0)}`
    lastOf.set(caller, Math.max(lastOf.get(caller) ?? -1, Number(element.slice(2))))
  }
  for (const [id, input] of inputs)
    if (typeof input === 'string')
      expect(Number(input.slice(2)), id).toBeGreaterThanOrEqual(lastOf.get(`${id} ${input.charAt(0)}`) ?? -1)
  const ran = new Set(all.flatMap((process) => process.said('ran')).map((line) => line.split(' ').slice(1).join(' ')))
  for (const input of inputs.values()) expect(ran).toContain(JSON.stringify(input))
  await store.close()
})
