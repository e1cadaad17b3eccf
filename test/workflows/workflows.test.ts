/** The workflows end as the Serverless Workflow specification describes them, on every branch. */
import { describe } from 'vitest'
import { applicantRequest, applicantRequestScenarios } from './applicant-request.js'
import { bookLending, bookLendingScenarios } from './book-lending.js'
import { carAuctionBids, carAuctionBidsScenarios } from './car-auction-bids.js'
import { carVitals, carVitalsScenarios } from './car-vitals.js'
import { creditCheck, creditCheckScenarios } from './credit-check.js'
import { endsAs } from './endings.js'
import { eventBasedService, eventBasedServiceScenarios } from './event-based-service.js'
import { fillingAGlass, fillingAGlassScenarios } from './filling-a-glass.js'
import { parallelExecution, parallelExecutionScenarios } from './parallel-execution.js'
import { collegeApplication, collegeApplicationScenarios } from './college-application.js'
import { inboxCheck, inboxCheckScenarios } from './inbox-check.js'
import { mathProblems, mathProblemsScenarios } from './math-problems.js'
import { monitorJob, monitorJobScenarios } from './monitor-job.js'
import { patientOnboarding, patientOnboardingScenarios } from './patient-onboarding.js'
import { purchaseOrder, purchaseOrderScenarios } from './purchase-order.js'
import { roomReadings, roomReadingsScenarios } from './room-readings.js'
import { provisionOrders, provisionOrdersScenarios } from './provision-orders.js'

describe('a workflow ends as described', () => {
  endsAs(bookLending, bookLendingScenarios, {
    'the book is available': [
      'lent',
      { outcome: 'lent', receipt: 'b-7 checked out', lookedUp: 1 },
      ['Dune is yours', 'b-7 checked out'],
    ],
    'the book is held, and available two weeks later': [
      'lent',
      { outcome: 'lent', receipt: 'b-7 checked out', lookedUp: 2 },
      ['Dune is already on loan', 'Dune is yours', 'b-7 checked out', 'b-7 held'],
    ],
    'the lender declines, and the book is lost meanwhile': [
      'unavailable',
      { outcome: 'unavailable', receipt: null, lookedUp: 2 },
      ['Dune is already on loan', 'b-7 not held'],
    ],
  })

  endsAs(creditCheck, creditCheckScenarios, {
    'the credit is approved': [
      'started',
      { decision: 'Approved', file: 'file of Jo Stock' },
      ['check of Jo Stock', 'file of Jo Stock', 'mail to jo@example.com'],
    ],
    'the credit is denied, before the service has said that it was asked': [
      'rejected',
      { decision: 'Denied', file: null },
      ['check of Jo Stock', 'rejection of Jo Stock'],
    ],
    'no answer comes within 15 minutes': [
      'rejected',
      { decision: 'none', file: null },
      ['check of Jo Stock', 'rejection of Jo Stock'],
    ],
  })

  endsAs(carVitals, carVitalsScenarios, {
    'the car is turned off while it rests': [
      'off',
      { rounds: 2, last: { tires: 'good', oil: 'low', coolant: 'good', battery: 'good' } },
    ],
    'the car is turned off while it is checked': [
      'off',
      { rounds: 1, last: { tires: 'good', oil: 'low', coolant: 'good', battery: 'good' } },
    ],
  })

  endsAs(provisionOrders, provisionOrdersScenarios, {
    'the order is whole': ['applied', { result: 'parcel o-1' }, ['lamp taken', 'parcel o-1']],
    'the order has no id': ['handled', { result: 'ticket: no id' }, ['asked for id', 'ticket: no id']],
    'the order has no item': ['handled', { result: 'ticket: no item' }, ['asked for item', 'ticket: no item']],
    'the order has no quantity': ['handled', { result: 'ticket: no quantity' }, ['asked for quantity', 'ticket: no quantity']],
    'the order is refused for another reason': ['refused', { result: 'too many' }, []],
  })

  endsAs(applicantRequest, applicantRequestScenarios, {
    'the applicant is of age': [
      'started',
      { accepted: true, file: 'file of Jo Stock' },
      ['file of Jo Stock', 'mail to jo@example.com'],
    ],
    'the applicant is too young': ['rejected', { accepted: false, file: null }, ['rejection of Jo Stock']],
  })

  endsAs(eventBasedService, eventBasedServiceScenarios, {
    'the vet confirms, after an event for another pet': [
      'confirmed',
      { appointment: { pet: 'Mitzi', at: new Date(Date.UTC(2026, 0, 12, 9)) } },
    ],
    'the vet does not answer': ['unanswered', { appointment: null }],
  })

  endsAs(parallelExecution, parallelExecutionScenarios, {
    'both branches end': ['ended', { ended: ['short', 'long'] }],
  })

  endsAs(fillingAGlass, fillingAGlassScenarios, {
    'the glass is empty': ['full', { counts: { current: 5, max: 5 } }],
    'the glass is full': ['full', { counts: { current: 5, max: 5 } }],
  })

  endsAs(carAuctionBids, carAuctionBidsScenarios, {
    'bids come before, while and after it is open': [
      'closed',
      { car: 'beetle', bids: 2, winner: { bidder: 'bob', amount: 7_000 } },
      ['ann bids 5000', 'bob bids 7000'],
    ],
    'nobody bids': ['closed', { car: 'beetle', bids: 0, winner: null }, []],
  })

  endsAs(mathProblems, mathProblemsScenarios, {
    'three problems': ['solved', { results: { '2+2': 4, '4-1': 3, '10x3': 30 } }, ['solved 10x3', 'solved 2+2', 'solved 4-1']],
    'no problem': ['solved', { results: {} }, []],
  })

  endsAs(roomReadings, roomReadingsScenarios, {
    'two rooms in the first hour, none in the second': ['over', { hours: 2 }, ['', 'kitchen 21 40, bath 24']],
  })

  endsAs(monitorJob, monitorJobScenarios, {
    'the job succeeds at the third look': ['succeeded', { jobId: 'job-1', checks: 3 }, ['job-1', 'job-1 succeeded']],
    'the job fails at the first look': ['failed', { jobId: 'job-1', checks: 1 }, ['job-1', 'job-1 failed']],
  })

  endsAs(collegeApplication, collegeApplicationScenarios, {
    'the letter comes first': ['finalised', undefined, ['finalised']],
    'a document comes twice': ['finalised', undefined, ['finalised']],
  })

  endsAs(patientOnboarding, patientOnboardingScenarios, {
    'every service is there': ['onboarded', { doctor: 'Dr No', failures: 0 }, ['Jo stored', 'appointment of Jo']],
    'each is there after a while': ['onboarded', { doctor: 'Dr No', failures: 3 }, ['Jo stored', 'appointment of Jo']],
    'one does not come back': ['refused', { doctor: null, failures: 3 }, []],
  })

  endsAs(purchaseOrder, purchaseOrderScenarios, {
    'it is shipped in time': ['shipped', 'shipped', ['confirmed', 'created']],
    'it is never confirmed': ['cancelled', 'cancelled', ['cancelled', 'created']],
  })

  endsAs(inboxCheck, inboxCheckScenarios, {
    'two messages are urgent': ['evening', { texts: ['text-b', 'text-c'] }, ['text of b', 'text of c']],
  })
})
