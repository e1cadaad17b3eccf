/**
 * Does the cost of one execution stay flat as executions pile up, on disk and in memory, and
 * are 10,000 in flight recovered after `kill -9`? Paired: within a round each size is measured once, in turn, and a
 * ratio is the median of the rounds' ratios to the smallest size. Flags: --quick, --rounds N, --json FILE, --markdown,
 * --strict (a missed goal ends in 1).
 */
import { closeSync, copyFileSync, fsyncSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { measure } from './child-process.mjs'
import { median } from './closed-loop.mjs'
import { measureRecovery } from './recovery.mjs'
import { table, verdict, verdictTable } from './report.mjs'

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    json: { type: 'string' },
    markdown: { type: 'boolean', default: false },
    strict: { type: 'boolean', default: false },
  },
})
const rounds = Number(flags.rounds ?? (flags.quick ? 1 : 5))
const sizes = flags.quick
  ? { stored: [100, 1_000], waiting: [10, 200], running: [10, 200], recovered: 200 }
  : { stored: [1_000, 10_000, 100_000], waiting: [10, 1_000, 10_000], running: [10, 1_000, 10_000], recovered: 10_000 }
const load = flags.quick
  ? { executions: 200, warmUp: 100, concurrency: 100 }
  : { executions: 2_000, warmUp: 2_000, concurrency: 100 }
const FLAT = 1.2

const dir = mkdtempSync(join(tmpdir(), 'stateward-bench-growth-'))
const template = (stored) => join(dir, `stored-${stored}.db`)

/** The copy is on disk before the measurement starts, so that its writing is not part of it. */
const copyOf = (stored, file) => {
  copyFileSync(template(stored), file)
  const handle = openSync(file, 'r+')
  fsyncSync(handle)
  closeSync(handle)
}

const measurements = []
const take = async (kind, size, round, job) => {
  const file = join(dir, `${kind}-${size}-${round}.db`)
  if (kind === 'stored') copyOf(size, file)
  const figures = await measure('growth-process.mjs', { ...load, ...job, file }, { gc: true })
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true })
  measurements.push({ kind, size, round, ...figures })
  console.error(
    `round ${round} of ${rounds}, ${size} ${kind}: ${Math.round(figures.perSecond)}/s, ${figures.cpu.toFixed(3)} ms of CPU`,
  )
}

try {
  let smaller
  for (const stored of sizes.stored) {
    if (smaller) copyOf(smaller, template(stored))
    await measure('growth-process.mjs', { ...load, file: template(stored), stored: stored - (smaller ?? 0), prepare: true })
    smaller = stored
  }
  for (let round = 1; round <= rounds; round++) {
    for (const size of sizes.stored) await take('stored', size, round, {})
    for (const kind of ['waiting', 'running']) for (const live of sizes[kind]) await take(kind, live, round, { live, kind })
  }
} finally {
  rmSync(dir, { recursive: true, force: true })
}
const recovery = await measureRecovery({ executions: sizes.recovered })

const of = (kind, size) => measurements.filter((one) => one.kind === kind && one.size === size)
const middle = (kind, size, figure) => median(of(kind, size).map((one) => one[figure]))
const ratio = (kind, size, cost) =>
  median(of(kind, size).map((one) => cost(one) / cost(of(kind, sizes[kind][0]).find((other) => other.round === one.round))))
const timeOf = ({ perSecond }) => 1_000 / perSecond
const cpuOf = ({ cpu }) => cpu

const kinds = ['stored', 'waiting', 'running']
const rows = kinds.flatMap((kind) =>
  sizes[kind].map((size) => [
    `${size.toLocaleString('en')} ${kind}`,
    middle(kind, size, 'perSecond'),
    middle(kind, size, 'cpu'),
    ratio(kind, size, timeOf),
    ratio(kind, size, cpuOf),
  ]),
)
/** Time shows what the disk does as well, and its noise; CPU is the steadier of the two. */
const flat = (kind, size) =>
  Object.entries({ time: timeOf, CPU: cpuOf }).map(([name, cost]) =>
    verdict({
      name: `${name} beside ${size.toLocaleString('en')} ${kind}`,
      value: ratio(kind, size, cost),
      goal: FLAT,
      atMost: true,
    }),
  )
const verdicts = kinds.flatMap((kind) => sizes[kind].slice(1).flatMap((size) => flat(kind, size)))
const { executions, lost, wrong, firstStepsRepeated, startMs, firstStepMs, allMs } = recovery
verdicts.push(
  verdict({
    name: `of ${executions} recovered: lost, wrong or repeated`,
    value: lost + wrong + firstStepsRepeated,
    goal: 0,
    atMost: true,
  }),
)
verdicts.push(verdict({ name: 'first step of a recovered one, ms', value: firstStepMs, goal: 1_000, atMost: true }))

const options = { markdown: flags.markdown }
console.log(table([['beside', 'executions/s', 'CPU ms', 'time ×', 'CPU ×'], ...rows], options))
const [started, stepped, ended] = [startMs, firstStepMs, allMs].map(Math.round)
const times = `start() ${started} ms, first step after ${stepped} ms, all ended after ${ended} ms`
const mistakes = `${lost} lost, ${wrong} wrong outputs, ${firstStepsRepeated} committed steps repeated`
console.log(`\n${executions} in flight, killed with SIGKILL: ${times}; ${mistakes}`)
console.log(`\n${verdictTable(verdicts, options)}`)
if (flags.json) writeFileSync(flags.json, JSON.stringify({ rounds, load, measurements, recovery, verdicts }, null, 2))
if (flags.strict && verdicts.some(({ met }) => !met)) process.exitCode = 1
