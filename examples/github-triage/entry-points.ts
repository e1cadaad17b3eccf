/**
 * The ways in: three webhooks for GitHub, and a cron for the digest of the night.
 */
import { defineEntryPoint } from 'stateward'
import { cron } from 'stateward/triggers'
import { deliverTo } from './deliver.js'
import { githubWebhook } from './github-webhook.js'
import { issueMachine } from './issue-machine.js'
import { nightlyDigestId, nightlyDigestMachine } from './nightly-digest.js'
import { otherMachine } from './other-machine.js'
import { pullRequestMachine } from './pull-request-machine.js'
import type { Totals } from './totals.js'

/** What the entry points are made of. */
export interface EntryPointSettings {
  /** The file to which results are delivered. */
  readonly outbox: string
  /** With which GitHub signs. */
  readonly secret: string
  /** When a digest is made, as a cron expression. */
  readonly nights: string
  /** Adds up what became of the payloads so far. */
  count(): Promise<Totals>
}

/** Makes them. */
export function entryPointsOf({ outbox, secret, nights, count }: EntryPointSettings) {
  const actors = { deliver: deliverTo(outbox) }
  const issues = defineEntryPoint({
    id: 'issues',
    program: issueMachine.provide({ actors }),
    trigger: githubWebhook('issues', secret),
    version: '1',
    maxConcurrent: 8,
    priority: 5,
  })
  const pullRequests = defineEntryPoint({
    id: 'pull-requests',
    program: pullRequestMachine.provide({ actors }),
    trigger: githubWebhook('pull-requests', secret),
    version: '1',
    maxConcurrent: 12,
    priority: 10,
  })
  const everythingElse = defineEntryPoint({
    id: 'everything-else',
    program: otherMachine.provide({ actors }),
    trigger: githubWebhook('everything-else', secret),
    version: '1',
    maxConcurrent: 4,
    priority: 0,
  })
  const nightlyDigest = defineEntryPoint({
    id: nightlyDigestId,
    program: nightlyDigestMachine(count),
    // a night in which nothing ran is made up for once; one digest at a time
    trigger: cron(nights, { missed: 'once', overlap: 'skip', input: ({ at }) => ({ night: at }) }),
    version: '1',
    maxConcurrent: 1,
    retention: { keep: 7 },
  })
  return [issues, pullRequests, everythingElse, nightlyDigest] as const
}
