/** The phases of a supervisor, and what each refuses. */
import { expect, test } from 'vitest'
import { SupervisorPhase, type PhaseName } from '../../../src/actors/supervisor/supervisor-phase.js'

const refused = (check: () => void): unknown => {
  try {
    check()
    return undefined
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}

test.each<[PhaseName, string | undefined, string | undefined, boolean]>([
  ['idle', 'not_started', 'not_started', false],
  ['starting', undefined, undefined, false],
  ['running', undefined, undefined, true],
  ['draining', undefined, 'draining', true],
  ['stopping', 'already_stopped', 'already_stopped', false],
  ['stopped', 'already_stopped', 'already_stopped', false],
])('%s refuses calls that concern streams with %s, and new executions with %s', (name, begun, accepting, isUp) => {
  const phase = new SupervisorPhase()
  phase.enter(name)
  expect(refused(() => phase.checkBegun())).toBe(begun)
  expect(refused(() => phase.checkAccepting())).toBe(accepting)
  expect(phase.isUp).toBe(isUp)
})

test('what made the supervisor give up is the cause of later refusals', () => {
  const phase = new SupervisorPhase()
  phase.failure = new Error('too many restarts')
  phase.enter('stopped')
  expect(phase.refusal).toMatchObject({ code: 'already_stopped', cause: phase.failure })
})
