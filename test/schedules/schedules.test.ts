/** Schedules that are made at run time: what each call answers, and what fires when, over restarts and processes. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { begin } from '../support/begin.js'
import { JobShop, scheduleEvents } from '../support/schedules.js'
import { places } from '../support/store-place.js'
import { day, hour, iso, minute, quiet } from '../support/ticks.js'
import { turns } from '../support/eventually.js'

const week = 7 * day

describe.each(places)('schedules, on %s', (_, placeOf) => {
  async function here(options: ConstructorParameters<typeof JobShop>[0] = {}) {
    const place = placeOf()
    const shop = new JobShop(options)
    const store = place.connect()
    const runtime = await shop.begin(store)
    return { place, shop, store, runtime, schedules: runtime.schedules, clock: shop.clock }
  }

  test('a cron expression fires at its times, in its time zone', async () => {
    const { shop, schedules, clock } = await here()
    const set = await schedules.set('daily', {
      entryPoint: 'jobs',
      input: { name: 'd' },
      cron: '0 9 * * MON-FRI',
      timeZone: 'Europe/Berlin',
    })
    expect(set).toEqual({ status: 'created', id: 'daily', next: Date.UTC(2026, 0, 6, 8) })
    await shop.pass(week)
    expect(shop.ran).toEqual(['06', '07', '08', '09', '12'].map((at) => `d 2026-01-${at}T08:00Z`))
    expect(await schedules.get('daily')).toMatchObject({
      status: 'active',
      cron: '0 9 * * MON-FRI',
      timeZone: 'Europe/Berlin',
      input: { name: 'd' },
      overlap: 'queue',
      missed: 'once',
      jitter: 0,
      next: Date.UTC(2026, 0, 13, 8),
      last: { at: Date.UTC(2026, 0, 12, 8) },
      isKnown: true,
      createdAt: clock.now() - week,
    })
  })

  test('it waits while its entry point is removed, and goes on when that is added again', async () => {
    const { shop, runtime, schedules } = await here()
    await schedules.set('all', { entryPoint: 'jobs', input: { name: 'a' }, every: 20 * minute, missed: 'all' })
    await shop.pass(20 * minute)
    expect(await runtime.remove('jobs')).toMatchObject({ status: 'removed' })
    await shop.pass(hour)
    expect(await schedules.get('all')).toMatchObject({ isKnown: false, status: 'active' })
    expect(shop.ran).toEqual(['a 2026-01-05T12:20Z'])
    await runtime.add(shop.entryPoint)
    await shop.pass(minute)
    // 12:40, 13:00 and 13:20 were missed
    expect(shop.ran.slice(1)).toEqual(['a 2026-01-05T13:21Z', 'a 2026-01-05T13:21Z', 'a 2026-01-05T13:21Z'])
    await shop.pass(20 * minute)
    expect(shop.ran.slice(4)).toEqual(['a 2026-01-05T13:40Z'])
  })

  test('an interval is counted from when it was set, or begins at once', async () => {
    const { shop, schedules } = await here()
    await schedules.set('often', { entryPoint: 'jobs', input: { name: 'o' }, every: 20 * minute })
    await schedules.set('now', { entryPoint: 'jobs', input: { name: 'n' }, every: 30 * minute, immediately: true })
    await shop.pass(0)
    await shop.pass(hour)
    expect(shop.ran.toSorted()).toEqual([
      'n 2026-01-05T12:00Z',
      'n 2026-01-05T12:30Z',
      'n 2026-01-05T13:00Z',
      'o 2026-01-05T12:20Z',
      'o 2026-01-05T12:40Z',
      'o 2026-01-05T13:00Z',
    ])
  })

  test('a time fires once, and then the schedule has ended', async () => {
    const { shop, schedules, clock, store } = await here()
    const at = clock.now() + hour
    await schedules.set('once', { entryPoint: 'jobs', input: { name: 'a' }, at: new Date(at) })
    expect(await schedules.upcoming('once')).toEqual([at])
    await shop.pass(2 * hour)
    expect(shop.ran).toEqual(['a 2026-01-05T13:00Z'])
    expect(await schedules.get('once')).toMatchObject({ status: 'ended', at, next: null, endedAt: at, last: { at } })
    expect(await schedules.upcoming('once')).toEqual([])
    expect(await schedules.set('once', { entryPoint: 'jobs', input: { name: 'a' }, at })).toMatchObject({ status: 'unchanged' })
    expect(await schedules.pause('once')).toEqual({ status: 'already_ended' })
    expect(await schedules.resume('once')).toEqual({ status: 'already_ended' })
    expect(await scheduleEvents(store)).toEqual(['schedule.set once', 'schedule.ended once'])
  })

  test('what has ended is forgotten after seven days', async () => {
    const { place, shop, runtime, schedules, clock } = await here()
    await schedules.set('once', { entryPoint: 'jobs', input: { name: 'a' }, at: clock.now() + minute })
    await shop.pass(minute)
    await runtime.stop()
    for (const [jump, left] of [
      [6.5 * day, 1],
      [day, 0],
    ] as const) {
      clock.jump(jump)
      const next = await shop.begin(place.connect(), `after ${jump}`.replaceAll(' ', '-'))
      expect((await next.schedules.list()).schedules).toHaveLength(left)
      await next.stop()
    }
  })

  test('what has ended may be set anew', async () => {
    const { shop, schedules, clock } = await here()
    await schedules.set('once', { entryPoint: 'jobs', input: { name: 'a' }, at: clock.now() + hour })
    await shop.pass(2 * hour)
    expect(await schedules.set('once', { entryPoint: 'jobs', input: { name: 'a' }, at: clock.now() + hour })).toMatchObject({
      status: 'updated',
    })
    await shop.pass(2 * hour)
    expect(shop.ran).toEqual(['a 2026-01-05T13:00Z', 'a 2026-01-05T15:00Z'])
  })

  test('a time that is past fires at once, unless what is missed is to be left out', async () => {
    const { shop, schedules, clock, store } = await here()
    await schedules.set('past', { entryPoint: 'jobs', input: { name: 'a' }, at: clock.now() - day })
    await schedules.set('never', { entryPoint: 'jobs', input: { name: 'b' }, at: clock.now() - day, missed: 'none' })
    await shop.pass(0)
    expect(shop.ran).toEqual(['a 2026-01-05T12:00Z'])
    for (const id of ['past', 'never']) expect(await schedules.get(id)).toMatchObject({ status: 'ended' })
    expect(await scheduleEvents(store)).toContain('schedule.skipped never')
  })

  test('the same again changes nothing; another time begins anew; another input keeps the place', async () => {
    const { shop, schedules } = await here()
    const options = { entryPoint: 'jobs', input: { name: 'a' }, every: hour } as const
    await schedules.set('s', options)
    await shop.pass(30 * minute)
    expect(await schedules.set('s', { ...options, jitter: 0 })).toMatchObject({ status: 'unchanged' })
    expect(await schedules.set('s', { ...options, input: { name: 'b' } })).toMatchObject({ status: 'updated' })
    await shop.pass(30 * minute)
    expect(shop.ran).toEqual(['b 2026-01-05T13:00Z'])
    expect(await schedules.set('s', { ...options, every: 10 * minute })).toMatchObject({ status: 'updated' })
    await shop.pass(20 * minute)
    expect(shop.ran.slice(1)).toEqual(['a 2026-01-05T13:10Z', 'a 2026-01-05T13:20Z'])
  })

  test('what is done to an input afterwards changes nothing', async () => {
    const { shop, schedules } = await here()
    const input = { name: 'before' }
    const set = schedules.set('s', { entryPoint: 'jobs', input, every: minute })
    input.name = 'after'
    await set
    await shop.pass(minute)
    expect(shop.ran).toEqual(['before 2026-01-05T12:01Z'])
  })

  test('a paused schedule fires nothing; what it has missed is for its policy', async () => {
    const { shop, schedules, store } = await here()
    const every = { entryPoint: 'jobs', every: hour } as const
    await schedules.set('once', { ...every, input: { name: 'once' } })
    await schedules.set('none', { ...every, input: { name: 'none' }, missed: 'none' })
    await schedules.set('all', { ...every, input: { name: 'all' }, missed: 'all', maxMissed: 2 })
    for (const id of ['once', 'none', 'all'])
      expect(await schedules.pause(id, { reason: 'quiet', actor: 'ann' })).toEqual({ status: 'paused' })
    expect(await schedules.pause('once')).toEqual({ status: 'already_paused' })
    expect(await schedules.get('once')).toMatchObject({ status: 'paused', next: null, pause: { reason: 'quiet', actor: 'ann' } })
    await shop.pass(4.5 * hour)
    expect(shop.ran).toEqual([])
    for (const id of ['once', 'none', 'all']) expect(await schedules.resume(id)).toEqual({ status: 'resumed' })
    expect(await schedules.resume('once')).toEqual({ status: 'already_active' })
    await shop.pass(0)
    expect(shop.ran.toSorted()).toEqual(['all 2026-01-05T16:30Z', 'all 2026-01-05T16:30Z', 'once 2026-01-05T16:30Z'])
    await shop.pass(hour)
    expect(shop.ran.slice(3).toSorted()).toEqual(['all 2026-01-05T17:00Z', 'none 2026-01-05T17:00Z', 'once 2026-01-05T17:00Z'])
    const events = await scheduleEvents(store)
    for (const id of ['once', 'none', 'all']) expect(events.filter((each) => each === `schedule.skipped ${id}`)).toHaveLength(1)
  })

  test('a week without a process: each policy is kept once one is there', async () => {
    const { place, shop, runtime, schedules } = await here()
    const cron = { entryPoint: 'jobs', cron: '0 9 * * *' } as const
    for (const missed of ['once', 'none', 'all'] as const)
      await schedules.set(missed, { ...cron, input: { name: missed }, missed })
    await runtime.stop()
    shop.clock.jump(week)
    await shop.begin(place.connect(), 'next')
    await shop.pass(0)
    expect(shop.ran.toSorted()).toEqual([...Array.from({ length: 7 }, () => 'all 2026-01-12T12:00Z'), 'once 2026-01-12T12:00Z'])
  })

  test('one that is removed fires nothing more, and may be made anew', async () => {
    const { shop, schedules, store } = await here()
    const options = { entryPoint: 'jobs', input: { name: 'a' }, every: hour } as const
    await schedules.set('s', options)
    await shop.pass(hour)
    expect(await schedules.remove('s')).toEqual({ status: 'removed' })
    expect(await schedules.remove('s')).toEqual({ status: 'not_found' })
    expect(await schedules.get('s')).toEqual({ status: 'not_found' })
    await shop.pass(3 * hour)
    expect(shop.ran).toHaveLength(1)
    expect(await schedules.set('s', options)).toMatchObject({ status: 'created' })
    await shop.pass(hour)
    expect(shop.ran).toHaveLength(2)
    expect(await scheduleEvents(store)).toEqual(['schedule.set s', 'schedule.removed s', 'schedule.set s'])
  })

  test('an unknown schedule is told', async () => {
    const { schedules } = await here()
    expect(await schedules.pause('nobody')).toEqual({ status: 'not_found' })
    expect(await schedules.resume('nobody')).toEqual({ status: 'not_found' })
    expect(await schedules.fire('nobody')).toEqual({ status: 'not_found' })
    await expect(schedules.upcoming('nobody')).rejects.toMatchObject({ code: 'not_found', details: { schedule: 'nobody' } })
  })

  test('one is fired by hand, and its ticks stay as they are', async () => {
    const { shop, schedules } = await here()
    await schedules.set('s', { entryPoint: 'jobs', input: { name: 'a' }, every: hour })
    await schedules.pause('s')
    const fired = await schedules.fire('s', { idempotencyKey: 'k', correlationId: 'c' })
    if (fired.status !== 'fired') throw new Error(fired.status)
    expect(await fired.execution.get()).toMatchObject({ input: { name: 'a' }, correlationId: 'c', causationId: 'schedule:s' })
    const again = await schedules.fire('s', { idempotencyKey: 'k' })
    expect(again.status === 'fired' && again.execution.id).toBe(fired.execution.id)
    await turns()
    expect(shop.ran).toHaveLength(1)
    expect(await schedules.get('s')).toMatchObject({ status: 'paused', last: null })
  })

  test('an execution that is still there is waited for, left alone or replaced', async () => {
    const { shop, schedules, store, runtime } = await here({ hangs: true })
    const every = { entryPoint: 'jobs', every: hour } as const
    for (const overlap of ['skip', 'replace', 'queue'] as const)
      await schedules.set(overlap, { ...every, input: { name: overlap }, overlap })
    await shop.pass(2 * hour)
    const names = shop.ran.map((each) => each.split(' ')[0]).toSorted()
    expect(names).toEqual(['queue', 'queue', 'replace', 'replace', 'skip'])
    expect((await runtime.executions({ status: 'cancelled' })).executions.map(({ input }) => input)).toEqual([
      { name: 'replace' },
    ])
    expect(await scheduleEvents(store)).toContain('schedule.skipped skip')
  })

  test('they are listed a page at a time', async () => {
    const { schedules } = await here()
    for (let n = 10; n < 25; n++) await schedules.set(`s${n}`, { entryPoint: 'jobs', input: { name: 'a' }, every: hour })
    for (const id of ['s11', 's24']) await schedules.pause(id)
    const ids = []
    for (let cursor: string | undefined, page = 0; page < 9; page++) {
      const list = await schedules.list({ limit: 4, ...(cursor === undefined ? {} : { cursor }) })
      ids.push(...list.schedules.map(({ id }) => id))
      if (list.cursor === undefined) break
      cursor = list.cursor
    }
    expect(ids.toSorted()).toEqual(Array.from({ length: 15 }, (_each, n) => `s${n + 10}`))
    expect((await schedules.list({ status: 'paused', limit: 2 })).schedules.map(({ id }) => id).toSorted()).toEqual([
      's11',
      's24',
    ])
    expect(await schedules.list({ entryPoint: 'others' })).toEqual({ schedules: [] })
    await expect(schedules.list({ limit: 0 })).rejects.toMatchObject({ code: 'invalid_option', details: { option: 'limit' } })
    await expect(schedules.list({ status: 'gone' as never })).rejects.toMatchObject({ details: { option: 'status' } })
  })

  test('the next times are known before they come', async () => {
    const { shop, schedules, clock } = await here()
    await schedules.set('c', { entryPoint: 'jobs', input: { name: 'c' }, cron: '0 9 * * *' })
    await schedules.set('e', { entryPoint: 'jobs', input: { name: 'e' }, every: 7 * minute })
    await schedules.pause('e')
    await shop.pass(10 * minute)
    expect((await schedules.upcoming('c', 2)).map(iso)).toEqual(['2026-01-06T09:00Z', '2026-01-07T09:00Z'])
    expect((await schedules.upcoming('e', 2)).map(iso)).toEqual(['2026-01-05T12:14Z', '2026-01-05T12:21Z'])
    expect(await schedules.upcoming('e')).toHaveLength(5)
    expect(clock.now()).toBe(Date.UTC(2026, 0, 5, 12, 10))
    for (const count of [0, 1.5, 1_001])
      await expect(schedules.upcoming('e', count)).rejects.toMatchObject({ code: 'invalid_option' })
  })

  test('with a jitter each tick fires later, always by the same time, and within it', async () => {
    const { shop, schedules } = await here()
    await schedules.set('s', { entryPoint: 'jobs', input: { name: 'a' }, cron: '0 * * * *', jitter: 10 * minute })
    await shop.pass(5.5 * hour)
    const late = shop.ran.map((each) => Date.parse(each.split(' ')[1] ?? '') % hour)
    expect(late).toHaveLength(5)
    expect(late.every((ms) => ms >= 0 && ms < 10 * minute)).toBe(true)
    expect(new Set(late).size).toBeGreaterThan(1)
  })

  test('every process on the store fires them, and each tick starts one execution', async () => {
    const { place, shop, schedules, store } = await here()
    const others = [
      await shop.begin(place.connect(), 'second', { pollInterval: 5_000 }),
      await shop.begin(place.connect(), 'third', { pollInterval: 5_000 }),
    ]
    await schedules.set('s', { entryPoint: 'jobs', input: { name: 'a' }, every: minute })
    await shop.pass(10 * minute)
    expect(shop.ran).toHaveLength(10)
    // the process that has made it is gone
    store.cut()
    await shop.pass(10 * minute)
    expect(shop.ran).toHaveLength(20)
    expect(new Set(shop.ran).size).toBe(20)
    // and what another one changes holds in all of them from the next tick on
    await others[0]?.schedules.remove('s')
    await shop.pass(10 * minute)
    expect(shop.ran).toHaveLength(20)
  })

  test('what another process changes is noticed within a `pollInterval`', async () => {
    const { place, shop, schedules, store } = await here()
    await shop.begin(place.connect(), 'second', { pollInterval: 5_000 })
    await schedules.set('s', { entryPoint: 'jobs', input: { name: 'a' }, every: hour })
    await shop.pass(5_000)
    store.cut()
    await shop.pass(hour)
    expect(shop.ran).toEqual(['a 2026-01-05T13:00Z'])
  })

  test('also if the process that has changed it died before it could give notice', async () => {
    const { place, shop, store } = await here()
    await shop.begin(place.connect(), 'second', { pollInterval: 5_000 })
    const dying = place.connect((inner) => ({
      putDocument: (write) => (write.key === 'schedules' ? new Promise<never>(() => undefined) : inner.putDocument(write)),
    }))
    const client = shop.client(dying)
    void client.schedules.set('s', { entryPoint: 'jobs', input: { name: 'a' }, every: hour })
    await turns()
    expect(await store.document('schedule:s')).toBeDefined()
    store.cut()
    await shop.pass(hour)
    expect(shop.ran).toEqual(['a 2026-01-05T13:00Z'])
    dying.cut()
  })

  test('a client has the same calls, and runs nothing', async () => {
    const { place, shop } = await here()
    await shop.begin(place.connect(), 'worker', { pollInterval: 5_000 })
    const client = shop.client(place.connect())
    onTestFinished(() => client.close())
    const { schedules } = client
    expect(await schedules.set('s', { entryPoint: 'jobs', input: { name: 'a' }, every: 10 * minute })).toMatchObject({
      status: 'created',
    })
    await shop.pass(10 * minute)
    expect(shop.ran).toHaveLength(1)
    expect(await schedules.pause('s')).toEqual({ status: 'paused' })
    await shop.pass(10 * minute)
    expect(shop.ran).toHaveLength(1)
    expect(await schedules.get('s')).toMatchObject({ status: 'paused', last: { at: Date.UTC(2026, 0, 5, 12, 10) } })
    const fired = await schedules.fire('s')
    expect(fired.status === 'fired' && (await fired.execution.get()).status).toBe('queued')
    expect((await schedules.list()).schedules).toHaveLength(1)
    expect(await schedules.remove('s')).toEqual({ status: 'removed' })
  })

  test('a paused stream holds its schedules up, a drain and a stop end them here', async () => {
    const { shop, runtime, schedules } = await here()
    await schedules.set('s', { entryPoint: 'jobs', input: { name: 'a' }, every: hour, missed: 'none' })
    await runtime.stream('jobs').pause()
    await shop.pass(90 * minute)
    expect(shop.ran).toEqual([])
    await runtime.stream('jobs').resume()
    await shop.pass(30 * minute)
    expect(shop.ran).toEqual(['a 2026-01-05T14:00Z'])
    await runtime.drain()
    await shop.pass(hour)
    expect(shop.ran).toHaveLength(1)
  })

  test('one whose entry point this process does not have is told, kept, and fires once it is there', async () => {
    const { place, shop, runtime, schedules } = await here()
    await schedules.set('s', { entryPoint: 'jobs', input: { name: 'a' }, every: hour })
    await runtime.stop()
    const logged: string[] = []
    const other = await begin({
      ...quiet,
      store: place.connect(),
      clock: shop.clock,
      id: 'other',
      entryPoints: [],
      logger: (...args: unknown[]) => void logged.push(args.map(String).join(' ')),
    })
    expect(logged.filter((line) => line.includes('the schedule s does not fire in this process'))).toHaveLength(1)
    expect(await other.schedules.get('s')).toMatchObject({ status: 'active', isKnown: false })
    await shop.pass(90 * minute)
    await other.add(shop.entryPoint)
    await shop.pass(0)
    expect(shop.ran).toEqual(['a 2026-01-05T13:30Z'])
    await other.remove('jobs')
    await shop.pass(2 * hour)
    expect(shop.ran).toHaveLength(1)
    expect(await other.schedules.get('s')).toMatchObject({ status: 'active', isKnown: false })
  })

  test('a clock that is set forward or back fires each tick once', async () => {
    const { shop, schedules, clock, runtime } = await here()
    await schedules.set('c', { entryPoint: 'jobs', input: { name: 'c' }, cron: '0 * * * *', missed: 'all' })
    await schedules.set('a', { entryPoint: 'jobs', input: { name: 'a' }, at: clock.now() + 5.5 * hour })
    await shop.pass(90 * minute)
    clock.jump(3 * hour)
    await shop.pass(minute)
    clock.jump(-3 * hour)
    await shop.pass(5 * hour)
    const keys = (await runtime.executions({ limit: 100 })).executions.map(({ idempotencyKey }) => idempotencyKey?.slice(-24))
    const ticks = ['13', '14', '15', '16', '17', '18'].map((hours) => `2026-01-05T${hours}:00:00.000Z`)
    expect(keys.toSorted()).toEqual([...ticks, '2026-01-05T17:30:00.000Z'].toSorted())
    expect(shop.ran.filter((each) => each.startsWith('a'))).toEqual(['a 2026-01-05T17:30Z'])
  })
})
