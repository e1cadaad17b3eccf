/** Cron: its instants where clocks change, and its refusals. */
import { describe, expect, test } from 'vitest'
import { cron } from '../../src/triggers.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { memoryPlace } from '../support/store-place.js'
import { input, iso, minute, TickShop } from '../support/ticks.js'

/** The instants at which it really fires between two times. */
async function fired(expression: string, timeZone: string, from: string, to: string): Promise<string[]> {
  const clock = new SimulatedClock(new Date(from))
  const shop = new TickShop(cron(expression, { timeZone, input }), { clock })
  await shop.begin(memoryPlace().connect())
  await shop.pass(Date.parse(to) - Date.parse(from))
  return shop.ran
}

/** By hand, from the calendars of both zones: what an expression with fixed times does over both changes of a year. */
const byHand: readonly (readonly [zone: string, expression: string, from: string, to: string, instants: readonly string[]])[] = [
  // Berlin: 2026-03-29 01:00Z, 02:00 becomes 03:00
  [
    'Europe/Berlin',
    '30 2 * * *',
    '2026-03-27T12:00Z',
    '2026-03-31T12:00Z',
    ['2026-03-28T01:30Z', '2026-03-29T01:00Z', '2026-03-30T00:30Z', '2026-03-31T00:30Z'],
  ],
  ['Europe/Berlin', '0 2 * * *', '2026-03-28T12:00Z', '2026-03-30T12:00Z', ['2026-03-29T01:00Z', '2026-03-30T00:00Z']],
  ['Europe/Berlin', '0 3 * * *', '2026-03-28T12:00Z', '2026-03-30T12:00Z', ['2026-03-29T01:00Z', '2026-03-30T01:00Z']],
  [
    'Europe/Berlin',
    '30 2,14 * * *',
    '2026-03-28T12:00Z',
    '2026-03-30T12:00Z',
    ['2026-03-28T13:30Z', '2026-03-29T01:00Z', '2026-03-29T12:30Z', '2026-03-30T00:30Z'],
  ],
  [
    'Europe/Berlin',
    '0 9 * * MON-FRI',
    '2026-03-26T12:00Z',
    '2026-03-31T12:00Z',
    ['2026-03-27T08:00Z', '2026-03-30T07:00Z', '2026-03-31T07:00Z'],
  ],
  // Berlin: 2026-10-25 01:00Z, 03:00 becomes 02:00
  [
    'Europe/Berlin',
    '30 2 * * *',
    '2026-10-23T12:00Z',
    '2026-10-27T12:00Z',
    ['2026-10-24T00:30Z', '2026-10-25T00:30Z', '2026-10-26T01:30Z', '2026-10-27T01:30Z'],
  ],
  ['Europe/Berlin', '0 3 * * *', '2026-10-24T12:00Z', '2026-10-26T12:00Z', ['2026-10-25T02:00Z', '2026-10-26T02:00Z']],
  [
    'Europe/Berlin',
    '0 9 * * MON-FRI',
    '2026-10-22T12:00Z',
    '2026-10-27T12:00Z',
    ['2026-10-23T07:00Z', '2026-10-26T08:00Z', '2026-10-27T08:00Z'],
  ],
  // New York: 2026-03-08 07:00Z, 02:00 becomes 03:00
  [
    'America/New_York',
    '30 2 * * *',
    '2026-03-06T12:00Z',
    '2026-03-10T12:00Z',
    ['2026-03-07T07:30Z', '2026-03-08T07:00Z', '2026-03-09T06:30Z', '2026-03-10T06:30Z'],
  ],
  [
    'America/New_York',
    '0 9 * * MON-FRI',
    '2026-03-05T20:00Z',
    '2026-03-10T20:00Z',
    ['2026-03-06T14:00Z', '2026-03-09T13:00Z', '2026-03-10T13:00Z'],
  ],
  // New York: 2026-11-01 06:00Z, 02:00 becomes 01:00
  [
    'America/New_York',
    '30 1 * * *',
    '2026-10-30T12:00Z',
    '2026-11-03T12:00Z',
    ['2026-10-31T05:30Z', '2026-11-01T05:30Z', '2026-11-02T06:30Z', '2026-11-03T06:30Z'],
  ],
  ['America/New_York', '0 2 * * *', '2026-10-31T12:00Z', '2026-11-02T12:00Z', ['2026-11-01T07:00Z', '2026-11-02T07:00Z']],
]

/** What clocks in that zone show at each minute, by Intl: the minutes at which an expression by the clock comes. */
function byClocks(timeZone: string, from: string, to: string, comes: (hour: number, minute: number) => boolean): string[] {
  const shown = new Intl.DateTimeFormat('en-GB', { timeZone, hour: 'numeric', minute: 'numeric', hourCycle: 'h23' })
  const found: string[] = []
  for (let at = Date.parse(from) + minute; at <= Date.parse(to); at += minute) {
    const [hours = 0, minutes = 0] = shown.format(at).split(':').map(Number)
    if (comes(hours, minutes)) found.push(iso(at))
  }
  return found
}

const byTheClock: readonly (readonly [expression: string, comes: (hour: number, minute: number) => boolean])[] = [
  ['0 * * * *', (_, at) => at === 0],
  ['*/30 * * * *', (_, at) => at % 30 === 0],
  ['*/20 1-3 * * *', (hour, at) => hour >= 1 && hour <= 3 && at % 20 === 0],
  ['15 */2 * * *', (hour, at) => hour % 2 === 0 && at === 15],
]
const changes = [
  ['Europe/Berlin', '2026-03-28T20:00Z', '2026-03-29T12:00Z'],
  ['Europe/Berlin', '2026-10-24T20:00Z', '2026-10-25T12:00Z'],
  ['America/New_York', '2026-03-08T00:00Z', '2026-03-08T16:00Z'],
  ['America/New_York', '2026-11-01T00:00Z', '2026-11-01T16:00Z'],
] as const

describe('where clocks are set forward or back', () => {
  test.each(byHand)('fixed times come once a day, in %s at %s from %s to %s', async (zone, expression, from, to, instants) => {
    expect(await fired(expression, zone, from, to)).toEqual(instants)
  })

  test.each(changes.flatMap((change) => byTheClock.map(([expression, comes]) => [...change, expression, comes] as const)))(
    'others come by what clocks show, in %s from %s to %s at %s',
    async (zone, from, to, expression, comes) => {
      expect(await fired(expression, zone, from, to)).toEqual(byClocks(zone, from, to, comes))
    },
  )
})

test('without a time zone it goes by UTC, and a sixth field in front is the second', async () => {
  expect(await fired('30 2 * * *', 'UTC', '2026-03-28T12:00Z', '2026-03-30T12:00Z')).toEqual([
    '2026-03-29T02:30Z',
    '2026-03-30T02:30Z',
  ])
  const clock = new SimulatedClock(Date.parse('2026-01-31T23:59Z'))
  const shop = new TickShop(cron('*/15 59 23 L * *', { input }), { clock })
  await shop.begin(memoryPlace().connect())
  await shop.pass(5 * minute)
  expect(shop.ran).toEqual(['2026-01-31T23:59:15.000Z', '2026-01-31T23:59:30.000Z', '2026-01-31T23:59:45.000Z'])
})

test.each([
  ['expression', 'nonsense', {}],
  ['expression', '', {}],
  ['expression', '61 * * * *', {}],
  ['expression', '* * *', {}],
  ['expression', '0 0 1 1 * 2026 x', {}],
  ['expression', '0 0 31 2 *', {}],
  ['expression', '2026-01-01T00:00:00', {}],
  ['expression', '@reboot', {}],
  ['expression', 5, {}],
  ['timeZone', '* * * * *', { timeZone: 'Mars/Phobos' }],
  ['timeZone', '* * * * *', { timeZone: 5 }],
  ['jitter', '* * * * *', { jitter: -1 }],
  ['jitter', '* * * * *', { jitter: Infinity }],
  ['jitter', '* * * * *', { jitter: '1s' }],
  ['overlap', '* * * * *', { overlap: 'shrug' }],
  ['missed', '* * * * *', { missed: 'some' }],
  ['maxMissed', '* * * * *', { maxMissed: 0 }],
  ['maxMissed', '* * * * *', { maxMissed: 1e6 }],
  ['input', '* * * * *', { input: { day: 1 } }],
  ['timezone', '* * * * *', { timezone: 'UTC' }],
])('a bad %s is refused when it is made, with its place: %j %j', (option, expression, options) => {
  expect(() => cron(expression as string, options as never)).toThrow(
    expect.objectContaining({
      code: 'invalid_definition',
      details: expect.objectContaining({ trigger: 'cron', option }) as unknown,
    }) as Error,
  )
})

test.each(['@daily', '@hourly', '0 9 * * MON-FRI', '0 0 L * *', '0 0 * * FRI#2', '0 0 29 2 *', '*/5 * * * * *'])(
  '%s is an expression',
  (expression) => {
    expect(cron(expression).type).toBe('cron')
  },
)
