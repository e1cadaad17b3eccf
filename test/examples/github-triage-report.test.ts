/**
 * What stands around the machines of the example: the person, the outbox, the totals, the progress and the last page.
 */
import { describe, expect, test, vi } from 'vitest'
import { approvalReason, decide, isAwaitingApproval, type Decision } from '../../examples/github-triage/approval.js'
import { startApprover, type ApproverRuntime } from '../../examples/github-triage/approver.js'
import { classify } from '../../examples/github-triage/classify.js'
import { digestOf } from '../../examples/github-triage/digest.js'
import { countDeliveries } from '../../examples/github-triage/outbox.js'
import { readPayloads } from '../../examples/github-triage/payloads.js'
import { progressLine, startProgress } from '../../examples/github-triage/progress.js'
import { readSettings } from '../../examples/github-triage/settings.js'
import { discrepancies, renderSummary } from '../../examples/github-triage/summary.js'
import { addUp, collect, type CountedExecution } from '../../examples/github-triage/totals.js'

const digests = readPayloads().map(({ input }) => digestOf(input))
const digestNamed = (key: string) =>
  digests.find((digest) => digest.key === key) ?? digestOf({ key, event: key, payload: {}, reminderAfter: 0 })

describe('the rules about people', () => {
  test('a stranger who writes for the first time is looked at, and told no when it is too much', () => {
    const digest = { ...digestNamed('pull_request-0'), action: 'opened', association: 'FIRST_TIME_CONTRIBUTOR' }
    expect(approvalReason(digest, 25)).toBe('newcomer')
    expect(decide({ digest, triage: classify(digest) }).type).toBe('APPROVE')
    const huge = { ...digest, churn: 5000 }
    expect(decide({ digest: huge, triage: classify(huge) }).type).toBe('REJECT')
  })

  test('a question is found in nested and in parallel states', () => {
    expect(isAwaitingApproval('awaitingApproval')).toBe(true)
    expect(isAwaitingApproval({ awaitingApproval: 'quiet' })).toBe(true)
    expect(isAwaitingApproval({ reviewing: { labelling: 'chosen', approval: 'awaitingApproval' } })).toBe(true)
    expect(isAwaitingApproval({ recording: { filing: 'filed', notifying: 'settling' } })).toBe(false)
    expect(isAwaitingApproval(null)).toBe(false)
  })
})

/** A runtime that holds a few executions and logs that they wait. */
function fakeRuntime(values: Record<string, unknown>, logged: readonly string[]) {
  const sent: Array<readonly [string, Decision]> = []
  let read = 0
  const waiting = new Map(Object.entries(values))
  const digest = digestNamed('issues-4')
  const record = (id: string) => ({
    id,
    status: 'waiting',
    value: waiting.get(id),
    context: { digest, triage: classify(digest) },
  })
  const runtime: ApproverRuntime = {
    async *events({ signal }) {
      for (const executionId of logged) yield { type: 'execution.waiting', executionId }
      while (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, 1))
    },
    executions: ({ cursor }) => {
      const ids = [...waiting.keys()]
      const page = cursor === undefined ? ids.slice(0, 1) : ids.slice(1)
      return Promise.resolve({ executions: page.map(record), cursor: cursor === undefined && ids.length > 1 ? '1' : null })
    },
    execution: (id) => ({
      get: () => {
        read += 1
        return Promise.resolve(waiting.has(id) ? record(id) : { status: 'completed' })
      },
      send: (event) => Promise.resolve(sent.push([id, event])),
    }),
  }
  return { runtime, sent, reads: () => read }
}

const noComplaint = (error: unknown) => expect.unreachable(String(error))

describe('the person', () => {
  test('answers each question once, whether it stands in the log, waits from an earlier run, or both', async () => {
    const asking = { awaitingApproval: 'quiet' }
    const { runtime, sent } = fakeRuntime({ a: asking, b: asking, c: { notifying: 'settling' } }, ['a', 'a', 'gone', 'c'])
    const approver = startApprover(runtime, 1, noComplaint)
    await vi.waitFor(() => expect(approver.answered()).toBe(2))
    await approver.stop()
    expect(sent.map(([id]) => id).toSorted()).toEqual(['a', 'b'])
    expect(sent.every(([, event]) => event.type === 'APPROVE')).toBe(true)
  })

  test('stops while thinking without an answer or a complaint', async () => {
    const { runtime, sent, reads } = fakeRuntime({ a: 'awaitingApproval' }, ['a'])
    const approver = startApprover(runtime, 60_000, noComplaint)
    await vi.waitFor(() => expect(reads()).toBeGreaterThan(0))
    await approver.stop()
    expect(sent).toEqual([])
  })

  test('reports an answer that could not be given', async () => {
    const { runtime } = fakeRuntime({ a: 'awaitingApproval' }, [])
    const failing = {
      ...runtime,
      execution: (id: string) => ({ ...runtime.execution(id), send: () => Promise.reject(new Error('no')) }),
    }
    const errors: unknown[] = []
    const approver = startApprover(failing, 1, (error) => errors.push(error))
    await vi.waitFor(() => expect(errors).toEqual([new Error('no')]))
    await approver.stop()
  })
})

test('the outbox counts a repeated key once, and tells a torn line and a contradiction', () => {
  const line = (idempotencyKey: string, checksum: string) => JSON.stringify({ idempotencyKey, checksum })
  expect(countDeliveries('')).toEqual({ unique: 0, repeated: 0, torn: 0, contradictory: 0 })
  const text = [line('a', '1'), line('b', '2'), line('a', '1'), line('b', '3'), '{"idem', ''].join('\n')
  expect(countDeliveries(text)).toEqual({ unique: 2, repeated: 2, torn: 1, contradictory: 1 })
})

const outcome = { kind: 'bug', ending: 'delivered', steps: ['deliver', 'triage'], labels: ['bug'], urgency: 25, decision: null }
const issue: CountedExecution = { id: 'a', entryPoint: 'issues', status: 'completed', output: outcome }
const failed: CountedExecution = { id: 'b', entryPoint: 'pull-requests', status: 'failed' }
const deliveries = { unique: 1, repeated: 2, torn: 0, contradictory: 0 }
const digest = { night: 0, handled: 2, text: '2 delivered' }
const expected = { issues: 1, 'pull-requests': 1, 'everything-else': 0 }

describe('the totals and the last page', () => {
  test('executions are collected page by page, of every entry point', async () => {
    const executions = await collect({
      executions: ({ entryPoint, cursor }) =>
        Promise.resolve({
          executions: [{ id: entryPoint, entryPoint, status: 'completed' }],
          cursor: cursor === undefined ? 'more' : null,
        }),
    })
    expect(executions.map(({ entryPoint }) => entryPoint).toSorted()).toEqual([
      'everything-else',
      'everything-else',
      'issues',
      'issues',
      'pull-requests',
      'pull-requests',
    ])
  })

  test('they add up when everything completed and was delivered once', () => {
    const totals = addUp([issue, { ...issue, entryPoint: 'pull-requests' }])
    expect(discrepancies({ totals, deliveries: { ...deliveries, unique: 2 }, expected, digest })).toEqual([])
  })

  test('a missing, a failed and an undelivered one are all named', () => {
    expect(discrepancies({ totals: addUp([issue, failed]), deliveries, expected, digest })).toEqual([
      'pull-requests completed 0 of 1',
    ])
    expect(discrepancies({ totals: addUp([issue]), deliveries, expected, digest })).toContain(
      'pull-requests has 0 executions for 1 payloads',
    )
    const lost = { ...deliveries, unique: 0, contradictory: 1 }
    expect(discrepancies({ totals: addUp([issue]), deliveries: lost, expected, digest: undefined })).toHaveLength(5)
  })

  test('the page says what became of them, what ran and where it is kept', () => {
    const report = {
      totals: addUp([issue, failed]),
      deliveries,
      expected,
      digest,
      sending: { deliveries: 3, accepted: 2, known: 1, again: 4 },
      outcomes: [],
      settings: { db: 'a.db', outbox: 'a.jsonl' },
    }
    const page = renderSummary(report)
    expect(page).toMatch(/issues +1 +1 +0\n/)
    expect(page).toMatch(/bug +1 +0 +0\n/)
    expect(page).toMatch(/deliver +1\n/)
    expect(page).toContain('1 unique, 2 repeated')
    expect(page).toContain('3 signed deliveries over HTTP: 2 accepted, 1 known already, 4 sent again when asked to')
    expect(page).toContain('of 1970-01-01T00:00:00.000Z: 2 delivered')
    expect(page).toContain('a.db')
    expect(page).toContain('It does not add up:')
  })
})

describe('the progress', () => {
  const store = (counts: Record<string, Record<string, number>>) => ({
    getSnapshot: () => ({ context: counts }),
    subscribe: () => ({ unsubscribe: () => undefined }),
  })
  const totals = { issues: 4, 'pull-requests': 1, 'everything-else': 1 }

  test('a line shows what has ended and what the others do', () => {
    const line = progressLine('issues', { completed: 2, failed: 1, running: 1, queued: 0 }, 4)
    expect(line).toMatch(/^issues +█{18}░{6} +3\/4 +1 running, 1 failed$/)
    expect(progressLine('issues', undefined, 4)).toMatch(/░{24} +0\/4$/)
  })

  test('a terminal gets one line a stream, redrawn in place; a file gets plain text, and nothing twice', () => {
    const counts: Record<string, Record<string, number>> = { issues: { completed: 1 } }
    const drawn: string[] = []
    const write = (text: string) => drawn.push(text)
    const onTerminal = startProgress(store(counts), totals, { isTTY: true, columns: 100, write })
    counts['issues'] = { completed: 2 }
    onTerminal.stop()
    expect(drawn).toHaveLength(2)
    expect(drawn[1]?.startsWith('\x1b[3A')).toBe(true)
    expect(drawn[1]?.match(/\n/g)).toHaveLength(3)
    drawn.length = 0
    startProgress(store(counts), totals, { write }).stop()
    expect(drawn).toEqual(['issues 2/4   pull-requests 0/1   everything-else 0/1\n'])
  })
})

test('the command line has defaults and a help, keeps the outbox beside the database, and refuses what it does not know', () => {
  expect(readSettings([])).toEqual({
    db: './github-triage.db',
    outbox: './github-triage.deliveries.jsonl',
    fresh: false,
    slow: 0,
    port: 0,
    night: '*/2 * * * * *',
  })
  expect(readSettings(['--help'])).toBe('help')
  expect(readSettings(['--db', '/tmp/x.db', '--slow', '250', '--fresh'])).toMatchObject({ slow: 250, fresh: true })
  expect(() => readSettings(['--slow', 'much'])).toThrow('--slow')
  expect(() => readSettings(['--port', '70000'])).toThrow('--port')
  expect(() => readSettings(['--nope'])).toThrow('--nope')
})
