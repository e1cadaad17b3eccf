/** The workflows come to the same whatever disturbs them: a crash, a pause, a cancel or a restart at any of their points. */
import { survives } from './survival.js'
import { applicantRequest, applicantRequestScenarios } from './applicant-request.js'
import { bookLending, bookLendingScenarios } from './book-lending.js'
import { carAuctionBids, carAuctionBidsScenarios } from './car-auction-bids.js'
import { carVitals, carVitalsScenarios } from './car-vitals.js'
import { creditCheck, creditCheckScenarios } from './credit-check.js'
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

survives(bookLending, bookLendingScenarios)
survives(creditCheck, creditCheckScenarios)
survives(carVitals, carVitalsScenarios)
survives(provisionOrders, provisionOrdersScenarios)
survives(applicantRequest, applicantRequestScenarios)
survives(eventBasedService, eventBasedServiceScenarios)
survives(parallelExecution, parallelExecutionScenarios)
survives(fillingAGlass, fillingAGlassScenarios)
survives(carAuctionBids, carAuctionBidsScenarios)
survives(collegeApplication, collegeApplicationScenarios)
survives(inboxCheck, inboxCheckScenarios)
survives(mathProblems, mathProblemsScenarios)
survives(monitorJob, monitorJobScenarios)
survives(patientOnboarding, patientOnboardingScenarios)
survives(purchaseOrder, purchaseOrderScenarios)
survives(roomReadings, roomReadingsScenarios)
