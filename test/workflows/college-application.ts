/**
 * Finalising an application, after the description of the Serverless Workflow specification 0.8
 * (examples/finalize-college-application): once the application, the test scores and the letter have come, in any order,
 * it is finalised.
 *
 * Owns: the machine, its entry point and its scenarios.
 */
import { setup } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import type { Scenario } from '../../src/testing/explore/scenario.js'
import type { TestRuntime } from '../../src/testing/world/test-runtime.js'
import { Ledger } from './ledger.js'
import { service } from './service.js'

const document = (type: string) =>
  ({ initial: 'awaited', states: { awaited: { on: { [type]: 'received' } }, received: { type: 'final' } } }) as const

const collegeApplicationMachine = setup({
  types: { events: {} as { type: 'APPLICATION' } | { type: 'SCORES' } | { type: 'LETTER' } },
  actors: { finalise: service<void, void>('admissions') },
}).createMachine({
  id: 'collegeApplication',
  initial: 'gathering',
  states: {
    gathering: {
      type: 'parallel',
      states: { application: document('APPLICATION'), scores: document('SCORES'), letter: document('LETTER') },
      onDone: 'finalising',
    },
    finalising: { invoke: { src: 'finalise', onDone: 'finalised' } },
    finalised: { type: 'final' },
  },
})

/** The college. */
export const collegeApplication = defineEntryPoint({ id: 'college-application', program: collegeApplicationMachine })

async function apply(
  runtime: TestRuntime<readonly [typeof collegeApplication]>,
  ...types: readonly ('APPLICATION' | 'SCORES' | 'LETTER')[]
) {
  const ledger = new Ledger()
  runtime.mock('finalise', ({ idempotencyKey }) => void ledger.record(idempotencyKey, 'finalised'))
  const application = await runtime.trigger('college-application')
  for (const type of types) await application.send({ type })
  await runtime.runToIdle()
  return ledger.effects
}

/** The orders in which documents come, by name. */
export const collegeApplicationScenarios = {
  'the letter comes first': (runtime) => apply(runtime, 'LETTER', 'APPLICATION', 'SCORES'),
  'a document comes twice': (runtime) => apply(runtime, 'SCORES', 'SCORES', 'APPLICATION', 'LETTER'),
} satisfies Record<string, Scenario<typeof collegeApplication>>
