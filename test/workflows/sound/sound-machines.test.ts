/** The five sound machines do what they say, on every branch that their scenarios take. */
import { describe, expect, test } from 'vitest'
import type { AnyStateMachine, AnyStateNode } from 'xstate'
import { endsAs } from '../endings.js'
import { incidentResponse, incidentResponseScenarios } from './incident-response.js'
import { loanServicing, loanServicingScenarios } from './loan-servicing.js'
import { onboarding, onboardingScenarios } from './onboarding.js'
import { orderFulfilment, orderFulfilmentScenarios } from './order-fulfilment.js'
import { travelBooking, travelBookingScenarios } from './travel-booking.js'

describe('a sound machine ends as it should', () => {
  const kim = { name: 'kim', laptop: 'laptop of kim', account: 'account of kim' }
  const outfit = ['account of kim', 'laptop of kim', 'laptop of kim installed']
  endsAs(onboarding, onboardingScenarios, {
    'it is suspended, taken up, and passed': ['employed', { ...kim, employed: true, reminders: 1 }, outfit],
    'a paper is refused, and the probation failed': ['left', { ...kim, employed: false, reminders: 2 }, outfit],
  })

  const prepared = { payment: '40 charged', parcel: 'parcel o-1', invoice: 'invoice o-1' }
  endsAs(orderFulfilment, orderFulfilmentScenarios, {
    'the order is delivered': [
      'delivered',
      { ...prepared, trouble: null },
      ['40 charged', 'invoice o-1', 'o-1 reserved', 'parcel o-1'],
    ],
    'the bank refuses': [
      'undone',
      { payment: null, parcel: null, invoice: null, trouble: 'no credit' },
      ['o-1 released', 'o-1 reserved'],
    ],
    'packing fails after the charge': [
      'undone',
      { ...prepared, parcel: null, trouble: 'broken' },
      ['40 charged', '40 charged, given back', 'invoice o-1', 'o-1 released', 'o-1 reserved'],
    ],
    'the parcel is lost': [
      'undone',
      { ...prepared, trouble: 'lost' },
      ['40 charged', '40 charged, given back', 'invoice o-1', 'o-1 released', 'o-1 reserved', 'parcel o-1'],
    ],
  })

  endsAs(incidentResponse, incidentResponseScenarios, {
    'nobody answers at first, and it comes back once': [
      'closed',
      { owner: 'bob', paged: ['ann', 'bob'], regressions: 1 },
      [
        'ann paged',
        'bob paged',
        'checkout down rolled back',
        'checkout down rolled back',
        'checkout down: we are on it',
        'checkout down: we are on it',
        'review of checkout down',
      ],
    ],
    'it is a minor one': ['closed', { owner: null, paged: [], regressions: 0 }, []],
  })

  const disbursedOn = new Date(Date.UTC(2026, 0, 2))
  endsAs(loanServicing, loanServicingScenarios, {
    'it is deferred once, paid late, and repaid': [
      'repaid',
      {
        owed: 0,
        payments: new Map([
          ['p-1', 100],
          ['p-2', 250],
        ]),
        disbursedOn,
        late: 1,
      },
      ['300 to kim', 'kim reminded'],
    ],
    'nothing is paid, and half of it is seized': [
      'recovered',
      { owed: 150, payments: new Map(), disbursedOn, late: 2 },
      ['150 seized', '300 demanded', '300 to kim', 'kim reminded', 'kim reminded'],
    ],
  })

  const nothing = { to: 'Rome', tickets: null, held: [null, null, null] }
  endsAs(travelBooking, travelBookingScenarios, {
    'it is put aside, looked at again, and booked': [
      'booked',
      {
        to: 'Rome',
        tickets: 'ticket for flight to Rome held',
        held: ['flight to Rome held', 'hotel to Rome held', 'car to Rome held'],
      },
      ['Rome paid', 'car to Rome held', 'flight to Rome held', 'hotel to Rome held', 'ticket for flight to Rome held'],
    ],
    'the hotel is full': ['givenUp', nothing, []],
    'nobody confirms': [
      'givenUp',
      nothing,
      ['flight to Rome held', 'flight to Rome held, given back', 'hotel to Rome held', 'hotel to Rome held, given back'],
    ],
    'it cannot be paid': [
      'givenUp',
      nothing,
      [
        'car to Rome held',
        'car to Rome held, given back',
        'flight to Rome held',
        'flight to Rome held, given back',
        'hotel to Rome held',
        'hotel to Rome held, given back',
      ],
    ],
  })
})

describe('a sound machine is large', () => {
  const nodes = (node: AnyStateNode): AnyStateNode[] => [node, ...Object.values(node.states).flatMap(nodes)]

  test.each(
    [onboarding, orderFulfilment, incidentResponse, loanServicing, travelBooking].map(
      ({ id, program }) => [id, program] as const,
    ),
  )('%s has ten states or more, parallel regions and children', (_, program) => {
    const machine: AnyStateMachine = program
    const all = nodes(machine.root)
    expect(all.filter(({ type }) => type !== 'parallel').length - 1).toBeGreaterThanOrEqual(10)
    expect(all.some(({ type }) => type === 'parallel')).toBe(true)
    const children = Object.values(machine.implementations.actors as Record<string, object>).filter((logic) => 'root' in logic)
    expect(children.length).toBeGreaterThan(0)
  })
})
