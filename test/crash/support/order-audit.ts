/**
 * Follows one database of orders over any number of crashes and says what no crash may do.
 *
 * Owns: law 1 (each accepted id ends once, and record, journal and outcome agree), law 3 (a step runs again only if the
 * database says that it was in flight), law 5 and 7 (revisions never go back).
 */
import { existsSync } from 'node:fs'
import { expect } from 'vitest'
import { isTerminal } from '../../../src/index.js'
import { decode } from '../../../src/codec/snapshot-codec.js'
import { LINES_OF_AN_ORDER } from '../processes/order-machine.js'
import { readStepLog } from '../processes/step-log.js'
import type { CrashFolder } from './crash-folder.js'
import type { RealProcess } from './real-process.js'
import { readOrders, type StoredOrders } from './stored-orders.js'

/** The audit of one folder. */
export class OrderAudit {
  readonly #folder: CrashFolder
  /** The number of each order → its id, as processes said after `trigger` had resolved. */
  readonly accepted = new Map<number, string>()
  readonly outcomes = new Map<number, unknown>()
  /** How often steps ran again. */
  repeated = 0
  readonly #seen = new Set<string>()
  #mayRepeat = new Set<string>()
  #lines = 0
  #revisions = new Map<string, number>()

  constructor(folder: CrashFolder) {
    this.#folder = folder
  }

  /** A process has ended: what it said and did is checked against what the database holds now. */
  async ended(process: RealProcess): Promise<void> {
    this.heard(process)
    this.#checkSteps()
    if (!existsSync(this.#folder.db)) return expect(this.accepted.size).toBe(0)
    const { records } = await this.stored()
    this.#mayRepeat = new Set(
      records.flatMap(({ id, steps }) => Object.entries(steps).map(([path, { visit }]) => `${id}/${path}#${visit}`)),
    )
  }

  /** What a process said of acceptances and outcomes. */
  heard(process: RealProcess): void {
    for (const line of process.said('accepted')) {
      const [n, id] = line.split(' ') as [string, string]
      expect(this.accepted.get(Number(n)) ?? id, `order ${n} has one id`).toBe(id)
      this.accepted.set(Number(n), id)
    }
    for (const line of process.said('outcome')) {
      const [n] = line.split(' ', 1) as [string]
      const outcome: unknown = JSON.parse(line.slice(n.length + 1))
      expect(this.outcomes.get(Number(n)) ?? outcome, `order ${n} has one outcome`).toEqual(outcome)
      this.outcomes.set(Number(n), outcome)
    }
  }

  /** What the database holds now: every accepted id, and revisions that never go back. */
  async stored(): Promise<StoredOrders> {
    const stored = await readOrders(this.#folder.copy())
    this.#checkStored(stored)
    return stored
  }

  /** Everything has ended: `count` orders were accepted, each has ended once, with the outcome of an uninterrupted run. */
  async whole(count: number, expected: ReadonlyMap<number, unknown>): Promise<void> {
    const { records, journal } = await this.stored()
    expect([...this.accepted.keys()].toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, n) => n))
    expect(records.map(({ id }) => id).toSorted()).toEqual([...this.accepted.values()].toSorted())
    const ends = journal.filter(({ type }) => isTerminal(type.replace('execution.', '') as never))
    expect(ends.map(({ executionId }) => executionId).toSorted()).toEqual([...this.accepted.values()].toSorted())
    const byId = new Map(records.map((record) => [record.id, record]))
    const endOf = new Map(ends.map((event) => [event.executionId, event]))
    for (const [n, id] of this.accepted) {
      const record = byId.get(id)
      const end = endOf.get(id)
      const outcome = expected.get(n) as { output: unknown }
      expect(record).toMatchObject({ status: 'completed', output: outcome.output, owed: 0 })
      expect(end).toMatchObject({ type: 'execution.completed' })
      expect(decode(end?.data as string, { id, what: 'output' })).toEqual(outcome.output)
      expect(this.outcomes.get(n)).toEqual(outcome)
    }
    this.#checkEffects(count)
  }

  /** A line whose key was there before this process may only stand for a step that was in flight when its predecessor died. */
  #checkSteps(): void {
    const lines = readStepLog(this.#folder.log)
    const inThisRun = new Set<string>()
    for (const { kind, key } of lines.slice(this.#lines)) {
      if (kind !== 'step') continue
      expect(inThisRun.has(key), `step ${key} runs once in a process`).toBe(false)
      inThisRun.add(key)
      if (this.#seen.has(key)) {
        expect(this.#mayRepeat.has(key), `step ${key} was in flight when it ran again`).toBe(true)
        this.repeated++
      }
    }
    for (const key of inThisRun) this.#seen.add(key)
    this.#lines = lines.length
  }

  #checkStored({ records, journal }: StoredOrders): void {
    for (const { id, revision } of records) {
      expect(revision, `the revision of ${id} never goes back`).toBeGreaterThanOrEqual(this.#revisions.get(id) ?? 1)
      this.#revisions.set(id, revision)
    }
    for (const [n, id] of this.accepted) expect(this.#revisions.has(id), `order ${n}, accepted as ${id}, is kept`).toBe(true)
    const last = new Map<string, number>()
    let seq = 0
    for (const { executionId, ...event } of journal) {
      if (executionId === null) continue
      expect(event.seq).toBeGreaterThan(seq)
      seq = event.seq
      expect(event.revision, `event ${seq} of ${executionId}`).toBeGreaterThanOrEqual(last.get(executionId) ?? 1)
      last.set(executionId, event.revision)
    }
  }

  /** Whatever was killed, a named action runs at least once, and a step that runs again does so under the key that it had. */
  #checkEffects(count: number): void {
    const lines = readStepLog(this.#folder.log)
    const of = (wanted: string) => new Set(lines.filter(({ kind }) => kind === wanted).map(({ key }) => key))
    expect(of('action').size, 'every named action ran').toBe(count)
    expect(of('step').size, 'each step of each order has one key').toBe(count * (LINES_OF_AN_ORDER - 1))
  }
}
