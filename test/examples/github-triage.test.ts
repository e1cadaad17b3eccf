/**
 * The example's machines in plain XState, on every real payload: no runtime, a person who follows the rule.
 */
import { describe, expect, test } from 'vitest'
import { createActor, toPromise } from 'xstate'
import { decide, isAwaitingApproval } from '../../examples/github-triage/approval.js'
import { classify } from '../../examples/github-triage/classify.js'
import { digestOf } from '../../examples/github-triage/digest.js'
import { issueMachine } from '../../examples/github-triage/issue-machine.js'
import { otherMachine } from '../../examples/github-triage/other-machine.js'
import type { Outcome } from '../../examples/github-triage/outcome.js'
import { countByEntryPoint, entryPointIds, readPayloads } from '../../examples/github-triage/payloads.js'
import type { RoutedPayload } from '../../examples/github-triage/payloads.js'
import { pullRequestMachine } from '../../examples/github-triage/pull-request-machine.js'
import { addUp, endingCount } from '../../examples/github-triage/totals.js'

const payloads = readPayloads({ reminderAfter: 6 })
const machines = { issues: issueMachine, 'pull-requests': pullRequestMachine, 'everything-else': otherMachine }

interface Run {
  readonly outcome: Outcome
  /** Every snapshot on the way, as it would be stored. */
  readonly stored: unknown[]
}

/** A person who answers at once, or only after having been reminded. */
type Manner = 'at once' | 'once reminded'

async function run({ entryPoint, input }: RoutedPayload, manner: Manner): Promise<Run> {
  const actor = createActor(machines[entryPoint] as typeof issueMachine, { input })
  const stored: unknown[] = []
  let answered = false
  actor.subscribe((snapshot) => {
    stored.push(actor.getPersistedSnapshot())
    if (answered || snapshot.status !== 'active' || !isAwaitingApproval(snapshot.value)) return
    if (manner === 'once reminded' && !snapshot.context.reminded) return
    answered = true
    queueMicrotask(() => actor.send(decide(snapshot.context)))
  })
  actor.start()
  return { outcome: await toPromise(actor), stored }
}

async function runAll(order: readonly RoutedPayload[], manner: Manner): Promise<Run[]> {
  return Promise.all(order.map((payload) => run(payload, manner)))
}

const counted = (order: readonly RoutedPayload[], runs: readonly Run[]) =>
  addUp(
    runs.map(({ outcome }, i) => ({
      id: outcome.key,
      entryPoint: order[i]?.entryPoint ?? '',
      status: 'completed',
      output: outcome,
    })),
  )

describe('the payloads', () => {
  test('each has a key of its own and one way in, and no way in is empty', () => {
    expect(payloads.length).toBeGreaterThan(300)
    expect(new Set(payloads.map(({ input }) => input.key)).size).toBe(payloads.length)
    const counts = countByEntryPoint(payloads)
    for (const id of entryPointIds) expect(counts[id]).toBeGreaterThan(50)
    expect(counts.issues + counts['pull-requests'] + counts['everything-else']).toBe(payloads.length)
  })

  test('reading them again gives the same inputs, so that a restart triggers the same executions', () => {
    expect(readPayloads({ reminderAfter: 6 })).toEqual(payloads)
  })

  test('a digest is a small part of its payload', () => {
    const digests = payloads.map(({ input }) => digestOf(input))
    const kept = digests.reduce((sum, digest) => sum + JSON.stringify(digest).length, 0)
    const given = digests.reduce((sum, { bytes }) => sum + bytes, 0)
    expect(kept).toBeLessThan(given / 10)
  })

  test('the rules tell them apart: many kinds, areas and sizes, questions of every sort, both answers', () => {
    const found = payloads.map(({ input }) => classify(digestOf(input)))
    expect(new Set(found.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(9)
    expect(new Set(found.map(({ area }) => area)).size).toBeGreaterThanOrEqual(6)
    expect(new Set(found.map(({ size }) => size)).size).toBeGreaterThanOrEqual(3)
    expect(new Set(found.map(({ urgency }) => urgency)).size).toBeGreaterThanOrEqual(8)
    expect(new Set(found.map(({ approval }) => approval)).size).toBeGreaterThanOrEqual(5)
  })
})

describe('the machines in plain XState', () => {
  test('every payload reaches a final state, with an outcome that fits what was asked and done', async () => {
    const runs = await runAll(payloads, 'at once')
    for (const [i, { outcome }] of runs.entries()) {
      const { input } = payloads[i] as RoutedPayload
      const triage = classify(digestOf(input))
      expect(outcome).toMatchObject({ key: input.key, event: input.event, kind: triage.kind, urgency: triage.urgency })
      expect(outcome.decision !== null).toBe(triage.approval !== null)
      expect(outcome.ending === 'declined').toBe(outcome.decision?.type === 'REJECT')
      expect(outcome.ending === 'delivered').toBe(outcome.steps.includes('deliver'))
      expect(/^[0-9a-f]{12}$/.test(outcome.receipt?.checksum ?? '')).toBe(outcome.ending === 'delivered')
      expect(outcome.summary.includes(input.event)).toBe(outcome.ending !== 'ignored')
    }
  })

  test('whatever is stored on the way is plain JSON without the payload', async () => {
    const runs = await runAll(payloads, 'at once')
    for (const { outcome, stored } of runs) {
      expect(stored.length).toBeGreaterThan(1)
      for (const snapshot of stored) {
        const text = JSON.stringify(snapshot)
        expect(JSON.parse(text)).toEqual(snapshot)
        expect(text.length).toBeLessThan(6000)
      }
      expect(JSON.parse(JSON.stringify(outcome))).toEqual(outcome)
    }
  })

  test('two runs give equal totals, in whatever order and however slow the person is', async () => {
    const backwards = payloads.toReversed()
    const first = await runAll(payloads, 'at once')
    const second = await runAll(backwards, 'once reminded')
    expect(counted(backwards, second)).toEqual(counted(payloads, first))
    const bare = ({ outcome }: Run) => ({ ...outcome, reminded: null })
    expect(second.toReversed().map(bare)).toEqual(first.map(bare))
    expect(second.some(({ outcome }) => outcome.reminded)).toBe(true)
    expect(first.some(({ outcome }) => outcome.reminded)).toBe(false)
  })

  test('each way in sees both answers and cases where nobody is asked; all three endings occur', async () => {
    const runs = await runAll(payloads, 'at once')
    for (const id of entryPointIds) {
      const ofOne = runs.filter((_, i) => payloads[i]?.entryPoint === id).map(({ outcome }) => outcome)
      expect(ofOne.some(({ decision }) => decision?.type === 'APPROVE')).toBe(true)
      expect(ofOne.some(({ decision }) => decision?.type === 'REJECT')).toBe(true)
      expect(ofOne.some(({ decision }) => decision === null)).toBe(true)
    }
    const totals = counted(payloads, runs)
    const endings = (['delivered', 'declined', 'ignored'] as const).map((ending) => endingCount(totals, ending))
    expect(endings).toEqual([275, 19, 35])
    expect(totals.steps).toEqual({ triage: 329, label: 294, summarise: 294, assess: 65, fingerprint: 165, deliver: 275 })
  })
})
