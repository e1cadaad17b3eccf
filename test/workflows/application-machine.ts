/**
 * The workflow that starts an application: the Serverless Workflow specification's examples call it as a subflow
 * (`startApplicationWorkflowId`) and leave it open. Owns: a child machine that others invoke by name.
 *
 * opening → checkingIdentity, for a minute → confirming → started
 */
import { assign, setup } from 'xstate'
import { service } from './service.js'

/** Who applies. */
export interface Applicant {
  readonly name: string
  readonly email: string
  readonly age: number
}

/** Opens an application and confirms it. */
export const applicationMachine = setup({
  types: {
    input: {} as { applicant: Applicant },
    context: {} as { applicant: Applicant; file: string; confirmed: boolean },
    output: {} as { file: string; confirmed: boolean },
  },
  actors: {
    openApplication: service<string, Applicant>('applications'),
    confirmApplication: service<boolean, { email: string; file: string }>('mail'),
  },
  delays: { identityCheck: 60_000 },
}).createMachine({
  id: 'application',
  context: ({ input }) => ({ applicant: input.applicant, file: '', confirmed: false }),
  initial: 'opening',
  states: {
    opening: {
      invoke: {
        src: 'openApplication',
        input: ({ context }) => context.applicant,
        onDone: { target: 'checkingIdentity', actions: assign({ file: ({ event }) => event.output }) },
      },
    },
    checkingIdentity: { after: { identityCheck: 'confirming' } },
    confirming: {
      invoke: {
        src: 'confirmApplication',
        input: ({ context }) => ({ email: context.applicant.email, file: context.file }),
        onDone: { target: 'started', actions: assign({ confirmed: ({ event }) => event.output }) },
      },
    },
    started: { type: 'final' },
  },
  output: ({ context: { file, confirmed } }) => ({ file, confirmed }),
})
