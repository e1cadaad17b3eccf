/**
 * A SQLite store for a minute under what strains it: a lock that somebody else holds, and as many executions as there is time for.
 *
 * Prints its figures. `STATEWARD_MINUTES` says how long the load goes on (default 1).
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { assign, fromPromise, setup } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import { sqliteStore } from '../../src/sqlite.js'
import { begin } from '../support/begin.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const minutes = Number(process.env['STATEWARD_MINUTES'] ?? 1)
const second = 1_000
const say = (text: string) => void process.stdout.write(`${text}\n`)

/** Another process that holds the write lock of the file for so many ms; resolves once it has it. */
async function heldByAProcess(path: string, ms: number): Promise<{ readonly freed: Promise<unknown> }> {
  const program = `
    const file = new (require('better-sqlite3'))(${JSON.stringify(path)})
    file.exec('BEGIN IMMEDIATE')
    console.log('locked')
    setTimeout(() => { file.exec('COMMIT'); file.close() }, ${ms})`
  const holder = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void holder.kill())
  const freed = once(holder, 'exit')
  await once(holder.stdout, 'data')
  return { freed }
}

/** The longest time in ms for which the event loop stood still while `work` went on. */
async function longestBlock(work: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  await work()
  delay.disable()
  return delay.max / 1e6
}

const counter = setup({ types: { context: {} as { n: number }, events: {} as { type: 'ADD' } | { type: 'END' } } }).createMachine(
  {
    id: 'counter',
    context: { n: 0 },
    on: { ADD: { actions: assign({ n: ({ context }) => context.n + 1 }) }, END: '.done' },
    initial: 'open',
    states: { open: {}, done: { type: 'final' } },
  },
)
const counters = defineEntryPoint({ id: 'counters', program: counter, maxConcurrent: 1_000 })
const quick = defineEntryPoint({ id: 'quick', program: fromPromise(async () => 1), maxConcurrent: 1_000 })

test(
  'while another process holds the lock for a minute the event loop goes on, every call is answered, and then all goes on',
  {
    timeout: 300 * second,
  },
  async () => {
    const path = join(temporaryFolder(), 'store.db')
    const entryPoints = [counters, quick] as const
    const runtime = await begin({ store: sqliteStore(path), entryPoints, pollInterval: 500 })
    const held = await Promise.all(Array.from({ length: 20 }, () => runtime.trigger('counters')))
    const added = new Map(held.map(({ id }) => [id, 0]))
    const longest: Record<string, number> = {}
    const answers: Record<string, number> = {}
    const started: string[] = []

    /** Makes one call of each kind, and notes how long each took and what it answered. */
    async function round(n: number): Promise<void> {
      const one = held[n % 10] as (typeof held)[number]
      const other = held[10 + (n % 10)] as (typeof held)[number]
      const calls: Record<string, () => Promise<unknown>> = {
        send: async () => {
          await one.send({ type: 'ADD' })
          added.set(one.id, (added.get(one.id) ?? 0) + 1)
        },
        trigger: async () => started.push((await runtime.trigger('quick')).id),
        pause: () => other.pause({ timeout: second }),
        resume: () => other.resume(),
        get: () => one.get(),
        list: () => runtime.executions({ limit: 10 }),
      }
      await Promise.all(
        Object.entries(calls).map(async ([name, call]) => {
          const from = performance.now()
          const answer = await call().then(
            () => 'answered',
            (error: { code?: string; details?: { sqliteCode?: string } }) =>
              `${error.code} ${error.details?.sqliteCode ?? ''}`.trim(),
          )
          longest[name] = Math.max(longest[name] ?? 0, performance.now() - from)
          answers[`${name}: ${answer}`] = (answers[`${name}: ${answer}`] ?? 0) + 1
        }),
      )
    }
    async function during(ms: number): Promise<void> {
      const from = performance.now()
      const rounds: Promise<void>[] = []
      for (let n = 0; performance.now() - from < ms; n++) {
        rounds.push(round(n))
        await sleep(250)
      }
      await Promise.all(rounds)
    }

    // the same minute without the lock says how noisy the machine is
    const idle = await longestBlock(() => during(60 * second))
    for (const seen of [longest, answers]) for (const name of Object.keys(seen)) delete seen[name]
    const { freed } = await heldByAProcess(path, 60 * second)
    const locked = await longestBlock(() => during(58 * second))
    const text = (figures: Record<string, number>) =>
      Object.entries(figures)
        .map(([name, figure]) => `${name} ${figure.toFixed(0)}`)
        .join(', ')
    say(`longest block under the lock ${locked.toFixed(0)} ms, without it ${idle.toFixed(0)} ms`)
    say(`longest waits in ms: ${text(longest)}; answers: ${text(answers)}`)
    expect(locked).toBeLessThan(250 + idle)
    // each waits five seconds for the lock (the default `busyTimeout`), whatever it stands behind; a pause has its own second before
    for (const [name, ms] of Object.entries(longest))
      expect(ms, `the longest wait of a ${name}`).toBeLessThan((name === 'pause' ? 7 : 6) * second + 4 * idle)
    for (const answer of Object.keys(answers)) expect(answer).toMatch(/answered|store_failed SQLITE_BUSY|no_answer/)

    await freed
    await vi.waitFor(() => expect(runtime.registry.health.getSnapshot().context.status).toBe('ok'), 30 * second)
    for (const execution of held) {
      await execution.resume()
      await execution.send({ type: 'END' })
      const outcome = await execution.result({ timeout: 30 * second })
      expect(outcome.status).toBe('completed')
      const record = await execution.get()
      expect('context' in record && (record.context as { n: number }).n).toBeGreaterThanOrEqual(added.get(execution.id) as number)
    }
    for (const id of started)
      expect(await runtime.execution(id).result({ timeout: 30 * second })).toMatchObject({ status: 'completed' })
  },
)

test(
  'under a load that goes on, retention keeps up, and the file stays as large as it is after a third of the time',
  {
    timeout: (minutes + 2) * 60 * second,
  },
  async () => {
    const path = join(temporaryFolder(), 'store.db')
    const loaded = defineEntryPoint({ id: 'loaded', program: quick.program, maxConcurrent: 200, retention: { keep: 1_000 } })
    const runtime = await begin({ store: sqliteStore(path), entryPoints: [loaded], pollInterval: 500 })
    const file = new (await import('better-sqlite3')).default(path, { readonly: true })
    onTestFinished(() => void file.close())
    const rows = file.prepare('select count(*) as count from stateward_executions')
    const pages = file.prepare('select page_count * page_size as bytes from pragma_page_count(), pragma_page_size()')
    // the file's own size follows the log's checkpoints
    const bytes = () => (pages.get() as { bytes: number }).bytes
    const logBytes = () => statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0

    const perSecond = 500
    const whole = minutes * 60 * second
    /** Of pruned executions the last 10,000 ids are remembered: before that many were pruned the file has to grow. */
    const grown = 15_000
    const samples: {
      readonly at: number
      readonly ended: number
      readonly rows: number
      readonly bytes: number
      readonly wal: number
    }[] = []
    let begun = 0
    let ended = 0
    let sampled = 0
    const from = performance.now()
    for (let at = 0; at < whole || (ended < 1.5 * grown && at < 3 * whole); at = performance.now() - from) {
      // as many as the machine gives: no more than a second's worth wait
      const due = Math.min((at / second) * perSecond - begun, perSecond - (begun - ended))
      for (let n = 0; n < due; n++) {
        begun++
        void runtime.trigger('loaded').then(async (execution) => (await execution.result(), ended++))
      }
      if (at - sampled >= second) {
        sampled = at
        samples.push({ at, ended, rows: (rows.get() as { count: number }).count, bytes: bytes(), wal: logBytes() })
      }
      await sleep(20)
    }
    const took = (performance.now() - from) / second
    await vi.waitFor(() => expect(ended).toBe(begun), 60 * second)
    const most = (of: 'rows' | 'bytes' | 'wal', some = samples) => Math.max(...some.map((sample) => sample[of]))
    const isFirst = (sample: (typeof samples)[number]) => sample.at <= whole / 3 || sample.ended <= grown
    const first = samples.filter(isFirst)
    const later = samples.filter((sample) => !isFirst(sample))
    const mb = (n: number) => `${(n / 1e6).toFixed(1)} MB`
    say(`${(ended / took).toFixed(0)} executions a second, ${ended} in all; at most ${most('rows')} stored`)
    say(
      `file: ${mb(most('bytes', first))} when a third of the time and ${grown} executions had passed, ${mb(most('bytes', later))} at the end; log: ${mb(most('wal', first))}, ${mb(most('wal', later))}`,
    )
    say(
      `by executions: ${samples
        .filter((_, n) => n % 6 === 0)
        .map((sample) => `${sample.ended}: ${mb(sample.bytes)}`)
        .join(', ')}`,
    )
    expect(later.length).toBeGreaterThan(5)
    expect(most('rows')).toBeLessThan(5_000)
    // how many wait to be pruned at a time varies; a file that grows with what has ended would be half as large again
    expect(most('bytes', later)).toBeLessThanOrEqual(1.25 * most('bytes', first))
    expect(most('wal', later)).toBeLessThanOrEqual(1.5 * most('wal', first))
  },
)
