/**
 * The same work on a bare loop, on OpenWorkflow and on Stateward, side by side in one run.
 *
 * Each measurement is a process of its own, and the sides take turns. In a round OpenWorkflow, which takes most of the
 * time, has one turn at each concurrency; the two fast sides have `PAIRS` turns each, one right after the other, so
 * that a noisy second of the disk hits both. A ratio is the median over the pairs of all rounds, never one of medians.
 * `--before FOLDER` puts the build in another checkout beside them, as a side of its own.
 * Flags: --quick, --rounds N, --executions N, --warm-up N, --sides a,b, --concurrency a,b, --no-memory, --json FILE,
 * --markdown, --strict (a missed goal ends in 1).
 */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { measure } from './child-process.mjs'
import { median } from './closed-loop.mjs'
import { conditions, table, verdict, verdictTable } from './report.mjs'
import { CONCURRENCIES, EXECUTIONS } from './workload.mjs'

const SIDES = { bare: 'bare-loop', openworkflow: 'openworkflow-side', before: 'stateward-side', stateward: 'stateward-side' }
const SLOW = 'openworkflow'
const PAIRS = 3
const IDLE = { concurrency: 1, pause: 20, warmUp: 20, seconds: 8 }
const GOALS = { bare: 0.7, openworkflow: 10, idle: 2 }

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    executions: { type: 'string' },
    'warm-up': { type: 'string' },
    before: { type: 'string' },
    sides: { type: 'string' },
    concurrency: { type: 'string', default: CONCURRENCIES.join() },
    memory: { type: 'boolean', default: true },
    json: { type: 'string' },
    markdown: { type: 'boolean', default: false },
    strict: { type: 'boolean', default: false },
  },
  allowNegative: true,
})
const rounds = Number(flags.rounds ?? (flags.quick ? 1 : 3))
const executions = Number(flags.executions ?? (flags.quick ? 200 : EXECUTIONS))
const warmUp = Number(flags['warm-up'] ?? executions)
const seconds = flags.quick ? 4 : 20
const root = flags.before && resolve(flags.before)
const sides = (flags.sides ?? Object.keys(SIDES).join()).split(',').filter((side) => side !== 'before' || root)
const concurrencies = flags.concurrency.split(',').map(Number)

/** Every measurement: `{ side, point, round, turn, …figures }`, where a point is a concurrency or `idle`. */
const measurements = []
const take = async (side, point, round, turn, job) => {
  const figures = await measure('side-process.mjs', {
    side: SIDES[side],
    pause: 0,
    ...(side === 'before' ? { root } : {}),
    ...job,
  })
  measurements.push({ side, point, round, turn, ...figures })
  const what = point === 'idle' ? 'idle system' : `${point} at a time`
  console.error(
    `round ${round} of ${rounds}, ${what}, ${side}: ${Math.round(figures.perSecond)}/s, p50 ${figures.p50.toFixed(2)} ms`,
  )
}
const takeAll = async (point, round, job) => {
  if (sides.includes(SLOW)) await take(SLOW, point, round, 0, job)
  for (let turn = 0; turn < (flags.quick || point === 'idle' ? 1 : PAIRS); turn++)
    for (const side of sides.filter((one) => one !== SLOW)) await take(side, point, round, turn, job)
}
for (let round = 1; round <= rounds; round++) {
  for (const concurrency of concurrencies) await takeAll(concurrency, round, { concurrency, executions, warmUp, seconds })
  await takeAll('idle', round, { ...IDLE, executions: flags.quick ? 30 : 150 })
}

const of = (side, point) => measurements.filter((one) => one.side === side && one.point === point)
const middle = (side, point, figure) => median(of(side, point).map((one) => one[figure]))
/** Of each turn of Stateward with the other side's turn beside it. */
const ratio = (side, point, figure) =>
  median(
    of('stateward', point).map((mine) => {
      const beside = of(side, point).filter(({ round }) => round === mine.round)
      return mine[figure] / (beside.find(({ turn }) => turn === mine.turn) ?? beside[0])[figure]
    }),
  )

const points = [...concurrencies, 'idle']
const head = ['at a time', 'side', 'executions/s', 'p50 ms', 'p99 ms', 'CPU ms', 'rows', 'KB written', 'executions']
const FIGURES = ['perSecond', 'p50', 'p99', 'cpu', 'rows', 'writtenKb', 'executions']
const cell = (side, point, figure) => (point === 'idle' && figure === 'perSecond' ? '' : middle(side, point, figure))
const rows = points.flatMap((point) =>
  sides.map((side) => [`${point}`, side, ...FIGURES.map((figure) => cell(side, point, figure))]),
)

const others = sides.includes('stateward') ? sides.filter((side) => side !== 'stateward') : []
const ratios = points.map((point) => [
  `${point}`,
  ...others.flatMap((side) => [
    point === 'idle' ? '' : ratio(side, point, 'perSecond'),
    ratio(side, point, 'p50'),
    ratio(side, point, 'cpu'),
  ]),
])
const ratioHead = ['stateward ÷', ...others.flatMap((side) => [`${side}: executions/s`, 'p50', 'CPU'])]

const memory = []
if (flags.memory && sides.includes('stateward')) {
  for (const kind of ['live', 'passivated'])
    memory.push(await measure('memory-process.mjs', { kind, executions: flags.quick ? 500 : 10_000 }, { gc: true }))
}

const goal = (side, point, asked) =>
  verdict({ name: `executions/s at ${point}, of ${side}`, value: ratio(side, point, 'perSecond'), goal: asked })
const verdicts = []
if (others.includes('bare')) {
  for (const point of [10, 100].filter((one) => concurrencies.includes(one))) verdicts.push(goal('bare', point, GOALS.bare))
  verdicts.push(
    verdict({ name: 'p50 on an idle system, of bare', value: ratio('bare', 'idle', 'p50'), goal: GOALS.idle, atMost: true }),
  )
}
if (others.includes('openworkflow') && concurrencies.includes(100)) verdicts.push(goal('openworkflow', 100, GOALS.openworkflow))

const { xstate, durability, node } = measurements[0]
const options = { markdown: flags.markdown }
const circumstances = conditions({
  node,
  xstate,
  durability,
  cpus: cpus().length,
  model: cpus()[0].model,
  date: new Date().toISOString().slice(0, 10),
})
console.log(circumstances)
console.log(`${executions} executions of 3 steps after ${warmUp} to warm up, at most ${seconds} s; ${rounds} rounds, medians\n`)
console.log(table([head, ...rows], options))
if (others.length > 0) console.log(`\n${table([ratioHead, ...ratios], options)}`)
if (memory.length > 0) {
  const memoryRows = memory.map(({ kind, executions: count, bytes, rssBytes, actors }) => [
    kind,
    count,
    Math.round(bytes),
    Math.round(rssBytes),
    actors,
  ])
  console.log(
    `\n${table([['waiting execution', 'how many', 'heap bytes each', 'RSS bytes each', 'actors each'], ...memoryRows], options)}`,
  )
}
if (verdicts.length > 0) console.log(`\n${verdictTable(verdicts, options)}`)
if (flags.json)
  writeFileSync(
    flags.json,
    JSON.stringify({ circumstances, executions, warmUp, rounds, measurements, memory, verdicts }, null, 2),
  )
if (flags.strict && verdicts.some(({ met }) => !met)) process.exitCode = 1
