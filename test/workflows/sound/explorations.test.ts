/** The five sound machines come to the same whatever disturbs them: a crash, a pause or a cancel at any of their points. */
import { survives } from '../survival.js'
import { incidentResponse, incidentResponseScenarios } from './incident-response.js'
import { loanServicing, loanServicingScenarios } from './loan-servicing.js'
import { onboarding, onboardingScenarios } from './onboarding.js'
import { orderFulfilment, orderFulfilmentScenarios } from './order-fulfilment.js'
import { travelBooking, travelBookingScenarios } from './travel-booking.js'

survives(onboarding, onboardingScenarios)
survives(orderFulfilment, orderFulfilmentScenarios)
survives(incidentResponse, incidentResponseScenarios)
survives(loanServicing, loanServicingScenarios)
survives(travelBooking, travelBookingScenarios)
