/**
 * Law 2: no slot is ever lost or given twice, and the queue holds what was accepted and has neither started nor ended.
 *
 * Owns: counting from commits, at every one of them, and comparing with what the runtime says at quiet instants.
 */
import { isTerminal, type ExecutionStatus } from '../../src/index.js'
import { partsOf } from '../../src/runtime/supervisor-parts.js'
import type { World } from './world.js'

interface Standing {
  status: ExecutionStatus
  stream: string
  owner: string | null
  hasStarted: boolean
  /** It ran, and its steps may not be gone. */
  slot: boolean
}

/** At every commit: no stream of a process runs more than its limit. */
export function neverMoreThanTheLimit(world: World, limits: readonly number[]): string[] {
  const broken: string[] = []
  const standing = new Map<string, Standing>()
  for (const { n, commit, record, process } of world.ledger.written) {
    const { id, status, owner, startedAt } = commit
    const before = standing.get(id)
    const isHere = before?.slot === true && before.owner === owner && !isLost(world, id, n)
    const goesOn = isHere && (status === 'pausing' || status === 'cancelling')
    const slot = status === 'running' || goesOn
    standing.set(id, { status, stream: record.entryPoint, owner, hasStarted: startedAt !== null, slot })
    const used = [...standing].filter(
      ([other, each]) => each.slot && each.owner === owner && each.stream === record.entryPoint && !isLost(world, other, n),
    )
    const limit = limits[Number(record.entryPoint.slice('stream'.length))] ?? 0
    if (used.length > limit) broken.push(`${record.entryPoint} of ${process} runs ${used.length} of ${limit}`)
    if (status === 'queued' && before && isTerminal(before.status)) broken.push(`${id} is queued after its end`)
  }
  return broken
}

/** True if the store refused to write what became of it: its process has let it go, until it is taken up again. */
function isLost({ ledger }: World, id: string, before: number): boolean {
  const failed = ledger.failed.findLast(({ n, ids }) => n < before && ids.includes(id))
  return failed !== undefined && !ledger.written.some(({ n, commit }) => commit.id === id && n > failed.n && n < before)
}

const isAtRest = (status: ExecutionStatus) => isTerminal(status) || status === 'paused'

/** At a quiet instant: slots, queue, counts and read-model tell the same story, and no slot is free while someone waits for it. */
export function countsAgree(world: World): void {
  for (const process of world.processes) {
    if (process.fate.dead || process.fate.frozen || process.fate.slow > 0 || process.fate.faults.some(({ count }) => count > 0))
      continue
    const { supervisor } = partsOf(process.runtime.actor)
    if (supervisor.phase !== 'running') continue
    for (const stream of supervisor.streams.all) {
      const { id } = stream
      const all = [...stream.executions.values()]
      const holding = all.filter(({ hasSlot }) => hasSlot)
      const running = all.filter(({ nextStatus }) => nextStatus === 'running')
      const where = `${id} of ${process.name}`
      // one whose step's function goes on keeps its slot, also once it has left memory, and is taken up again beside it
      const lasting = new Set(
        world.flights.filter(({ over, process: of }) => !over && of === process.name).map(({ id: of }) => of),
      )
      const gone = [...lasting].filter((each) => world.ledger.rows.get(each)?.entryPoint === id)
      if (stream.used < holding.length || stream.used > holding.length + gone.length)
        world.findings.push(`${where} uses ${stream.used} slots for ${holding.length} executions`)
      if (stream.used > stream.definition.maxConcurrent)
        world.findings.push(`${where} uses ${stream.used} slots, more than its limit`)
      const without = running.find(({ hasSlot }) => !hasSlot)
      if (without) world.findings.push(`${without.id} runs without a slot`)
      // a pause is none before what the execution has started rests as well
      const waits = (of: string) =>
        world.ledger.rows.get(of)?.status !== 'paused' && world.ledger.below(of).some(({ status }) => !isAtRest(status))
      const idle = holding.find(
        ({ id: of, nextStatus }) =>
          !lasting.has(of) && (nextStatus === 'waiting' || nextStatus === 'queued' || (nextStatus === 'paused' && !waits(of))),
      )
      if (idle) world.findings.push(`${idle.id} is ${idle.nextStatus} and keeps a slot`)
      if (stream.wanting()) world.findings.push(`${where} has a free slot while somebody waits for it`)
    }
  }
}

/** At the end of a run with one process: queued = accepted − started − ended in the queue, in the store and in the read-model. */
export async function countsAtTheEnd(world: World): Promise<string[]> {
  const broken: string[] = []
  const expected: Record<string, Record<string, number>> = {}
  for (const { entryPoint, status } of world.ledger.rows.values()) {
    const counts = (expected[entryPoint] ??= {})
    counts[status] = (counts[status] ?? 0) + 1
  }
  const stored = await world.store.counts()
  // the read-model counts what its own process was told of
  const tellsAll = world.processes.length === 1 && world.ledger.failed.length === 0
  const shown = tellsAll ? world.primary.runtime.registry.streams.getSnapshot().context : stored
  for (const [entryPoint, counts] of Object.entries(expected)) {
    for (const [name, found] of [
      ['store', stored],
      ['registry', shown],
    ] as const) {
      const nonzero = Object.fromEntries(Object.entries(found[entryPoint] ?? {}).filter(([, count]) => count !== 0))
      const same = Object.keys({ ...counts, ...nonzero }).every(
        (status) => counts[status] === (nonzero as Record<string, number>)[status],
      )
      if (!same) broken.push(`the ${name} counts ${JSON.stringify(nonzero)} in ${entryPoint}, of ${JSON.stringify(counts)}`)
    }
  }
  return broken
}
