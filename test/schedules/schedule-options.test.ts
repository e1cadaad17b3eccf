/** What a schedule can't be set to is refused at the call, with its id and the option, and nothing is stored. */
import { expect, test } from 'vitest'
import { fromPromise } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import { begin } from '../support/begin.js'
import { memoryPlace } from '../support/store-place.js'
import { JobShop } from '../support/schedules.js'
import { quiet } from '../support/ticks.js'

async function here() {
  const shop = new JobShop()
  const store = memoryPlace().connect()
  return { store, schedules: (await shop.begin(store)).schedules }
}

const input = { name: 'a' }
const minute = 60_000

test.each([
  ['none of cron, every and at', { input }, 'cron', 'none'],
  ['cron and every', { input, cron: '* * * * *', every: minute }, 'every', 'cron and every'],
  ['all three', { input, cron: '* * * * *', every: minute, at: 0 }, 'every', 'cron and every and at'],
  ['no cron expression', { input, cron: 'tomorrow' }, 'cron', '"tomorrow"'],
  ['a cron expression that is no text', { input, cron: 5 }, 'cron', '5'],
  ['a cron expression that never comes', { input, cron: '0 0 31 2 *' }, 'cron', '"0 0 31 2 *"'],
  ['no time zone', { input, cron: '* * * * *', timeZone: 'Europe/Atlantis' }, 'timeZone', '"Europe/Atlantis"'],
  ['a time zone without cron', { input, every: minute, timeZone: 'UTC' }, 'timeZone', '"UTC"'],
  ['immediately without every', { input, at: 0, immediately: true }, 'immediately', 'true'],
  ['no interval', { input, every: 0 }, 'every', '0'],
  ['half a millisecond', { input, every: 0.5 }, 'every', '0.5'],
  ['an interval as a text', { input, every: '5m' }, 'every', '"5m"'],
  ['immediately as a text', { input, every: 5, immediately: 'yes' }, 'immediately', '"yes"'],
  ['an invalid date', { input, at: new Date(Number.NaN) }, 'at', '"an invalid date"'],
  ['a time as a text', { input, at: '2026-01-01' }, 'at', '"2026-01-01"'],
  ['no time', { input, at: Number.POSITIVE_INFINITY }, 'at', 'Infinity'],
  ['null for a time', { input, at: null }, 'at', 'null'],
  ['no overlap', { input, every: minute, overlap: 'both' }, 'overlap', '"both"'],
  ['no policy for what is missed', { input, every: minute, missed: 'some' }, 'missed', '"some"'],
  ['no bound', { input, every: minute, missed: 'all', maxMissed: 0 }, 'maxMissed', '0'],
  ['a jitter below 0', { input, every: minute, jitter: -1 }, 'jitter', '-1'],
])('%s', async (_, options, option, value) => {
  const { store, schedules } = await here()
  await expect(schedules.set('s', { entryPoint: 'jobs', ...options } as never)).rejects.toMatchObject({
    code: 'invalid_option',
    details: { schedule: 's', option, value },
    message: expect.stringContaining('The schedule s') as string,
  })
  expect(await store.documents({ prefix: '', limit: 9 })).toEqual([])
})

test('an option that there is not, with the one that was meant', async () => {
  const { schedules } = await here()
  const wrong = schedules.set('s', { entryPoint: 'jobs', input, every: minute, timezone: 'UTC' } as never)
  await expect(wrong).rejects.toMatchObject({
    code: 'invalid_option',
    details: { schedule: 's', option: 'timezone', nearest: 'timeZone' },
  })
  await expect(schedules.set('s', undefined as never)).rejects.toMatchObject({ code: 'invalid_option' })
  await expect(schedules.list({ entrypoint: 'jobs' } as never)).rejects.toMatchObject({ details: { nearest: 'entryPoint' } })
  for (const command of ['pause', 'resume'] as const)
    await expect(schedules[command]('s', { why: 'x' } as never)).rejects.toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining(`The ${command} of schedule s`) as unknown,
    })
})

test('an entry point that there is not', async () => {
  const { schedules } = await here()
  await expect(schedules.set('s', { entryPoint: 'jobz', input, every: minute } as never)).rejects.toMatchObject({
    code: 'unknown_entry_point',
    details: { entryPoint: 'jobz' },
  })
  await expect(schedules.set('s', { input, every: minute } as never)).rejects.toMatchObject({
    code: 'invalid_option',
    details: { option: 'entryPoint' },
  })
})

test('an input that can not be stored, with the place in it', async () => {
  const { schedules } = await here()
  const given = { name: 'a', more: [{ act: () => 1 }] }
  await expect(schedules.set('s', { entryPoint: 'jobs', input: given, every: minute })).rejects.toMatchObject({
    code: 'not_storable',
    details: { id: 'schedule s', path: 'more[0].act' },
  })
})

test.each(['', 'a b', 'x'.repeat(129), 5, undefined])('the id %j', async (id) => {
  const { schedules } = await here()
  const calls = [
    () => schedules.set(id as never, { entryPoint: 'jobs', input, every: minute }),
    () => schedules.get(id as never),
    () => schedules.pause(id as never),
    () => schedules.resume(id as never),
    () => schedules.remove(id as never),
    () => schedules.fire(id as never),
    () => schedules.upcoming(id as never),
  ]
  for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'invalid_id' })
})

test('to replace what gathers, since other callers gave a part of it', async () => {
  const program = fromPromise<void, readonly string[]>(() => Promise.resolve())
  const lines = defineEntryPoint({ id: 'lines', program, batch: { size: 9, within: minute } })
  const store = memoryPlace().connect()
  const { schedules } = await begin({ ...quiet, store, entryPoints: [lines] })
  const set = (overlap: 'replace' | 'skip' | 'queue') =>
    schedules.set('s', { entryPoint: 'lines', input: 'tick', every: minute, overlap } as never)
  await expect(set('replace')).rejects.toMatchObject({
    code: 'invalid_option',
    details: { schedule: 's', option: 'overlap', value: '"replace"' },
    message: expect.stringContaining('lines puts triggers into one execution (`batch`)') as string,
  })
  expect(await store.documents({ prefix: '', limit: 9 })).toEqual([])
  expect([(await set('skip')).status, (await set('queue')).status]).toEqual(['created', 'updated'])
})
