/**
 * The digest of each night: how many payloads were handled so far, and what became of them. A cron starts it; its one step counts.
 */
import { assign, setup } from 'xstate'
import { fromStep } from 'stateward'
import { ended } from './progress.js'
import { endingCount, type Totals } from './totals.js'

/** The id of its entry point. */
export const nightlyDigestId = 'nightly-digest'

/** What a night's digest says. */
export interface NightlyDigest {
  /** The instant of the tick, in ms since the epoch. */
  readonly night: number
  /** How many payloads had been handled by then. */
  readonly handled: number
  readonly text: string
}

/** Makes the machine; `count` adds up what there is now. */
export function nightlyDigestMachine(count: () => Promise<Totals>) {
  return setup({
    types: {
      input: {} as { night: number },
      context: {} as NightlyDigest,
      output: {} as NightlyDigest,
    },
    actors: {
      compose: fromStep<Omit<NightlyDigest, 'night'>>(async () => {
        const totals = await count()
        const handled = Object.values(totals.statuses).reduce((sum, counts) => sum + ended(counts), 0)
        const endings = (['delivered', 'declined', 'ignored'] as const).map(
          (ending) => `${endingCount(totals, ending)} ${ending}`,
        )
        return { handled, text: handled === 0 ? 'nothing yet' : endings.join(', ') }
      }),
    },
  }).createMachine({
    id: 'nightlyDigest',
    context: ({ input }) => ({ ...input, handled: 0, text: '' }),
    initial: 'composing',
    states: {
      composing: {
        invoke: {
          src: 'compose',
          onDone: { target: 'composed', actions: assign(({ event }) => event.output) },
        },
      },
      composed: { type: 'final' },
    },
    output: ({ context }) => context,
  })
}
