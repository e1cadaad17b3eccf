/** A process that dies around each of its writes while a schedule is changed, or fires: each tick starts one execution, each change is whole. */
import { describe, expect, test } from 'vitest'
import { dyingAt } from '../support/mortal-process.js'
import { JobShop, scheduleEvents } from '../support/schedules.js'
import { places } from '../support/store-place.js'
import { hour } from '../support/ticks.js'
import { turns } from '../support/eventually.js'

const options = { entryPoint: 'jobs', every: hour } as const

describe.each(places)('on %s', (_, placeOf) => {
  test.each(['before', 'after'] as const)(
    '%s any write of a tick, another process starts what is missing and nothing twice',
    async (when) => {
      for (let nth = 1; ; nth++) {
        const place = placeOf()
        const shop = new JobShop()
        const made = await shop.begin(place.connect(), 'maker')
        await made.schedules.set('s', { ...options, input: { name: 'a' } })
        await made.schedules.set('once', { entryPoint: 'jobs', input: { name: 'b' }, at: shop.clock.now() + 1.5 * hour })
        await made.stop()
        const mortal = dyingAt(place, nth, when)
        const first = await shop.begin(mortal, 'mortal')
        await shop.pass(2.5 * hour)
        const isOver = !mortal.isCut
        if (isOver) await first.stop()
        const next = await shop.begin(place.connect(), 'next')
        await shop.pass(hour)
        const { executions } = await next.executions({ limit: 100 })
        const keys = executions.map(({ idempotencyKey }) => idempotencyKey?.split(':')[1])
        // what was missed while nobody ran is one execution
        expect(keys.filter((key) => key === 'once')).toHaveLength(1)
        expect(new Set(executions.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(executions.length)
        expect(executions.map(({ status }) => status)).toEqual(executions.map(() => 'completed'))
        expect(await next.schedules.get('once')).toMatchObject({ status: 'ended' })
        expect(await next.schedules.get('s')).toMatchObject({ status: 'active', last: { at: Date.UTC(2026, 0, 5, 15) } })
        if (isOver) {
          expect(keys.filter((key) => key === 's')).toHaveLength(3)
          break
        }
        expect(nth).toBeLessThan(100)
      }
    },
  )

  test.each(['before', 'after'] as const)(
    '%s any write of a change, the change is whole or not there, and may be made again',
    async (when) => {
      const changes = [
        ['set', 'created', 'unchanged'],
        ['pause', 'paused', 'already_paused'],
        ['resume', 'resumed', 'already_active'],
        ['remove', 'removed', 'not_found'],
      ] as const
      for (const [call, done, again] of changes) {
        for (let nth = 1; ; nth++) {
          const place = placeOf()
          const shop = new JobShop()
          const perform = (client: ReturnType<typeof shop.client>) =>
            call === 'set' ? client.schedules.set('s', { ...options, input: { name: 'a' } }) : client.schedules[call]('s')
          const first = shop.client(place.connect())
          if (call !== 'set') await first.schedules.set('s', { ...options, input: { name: 'a' } })
          if (call === 'resume') await first.schedules.pause('s')
          const mortal = dyingAt(place, nth, when)
          let answer: string | undefined
          void perform(shop.client(mortal)).then(({ status }) => (answer = status))
          await turns()
          const next = shop.client(place.connect())
          const { status } = await perform(next)
          if (answer !== undefined) expect(answer).toBe(done)
          expect([done, again]).toContain(status)
          // in the end it is as if the call had been made once
          const reader = place.connect()
          await reader.open()
          const events = await scheduleEvents(reader)
          if (call !== 'remove')
            expect(events.at(-1)).toBe({ set: 'schedule.set s', pause: 'schedule.paused s', resume: 'schedule.resumed s' }[call])
          expect(new Set(events).size).toBe(events.length)
          await shop.begin(place.connect(), 'worker')
          await shop.pass(hour)
          expect(shop.ran).toHaveLength(call === 'set' || call === 'resume' ? 1 : 0)
          if (!mortal.isCut) break
          expect(nth).toBeLessThan(20)
        }
      }
    },
  )
})
