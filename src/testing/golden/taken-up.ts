/**
 * Golden executions, taken up by a real runtime as after a deploy.
 *
 * Owns: that it is a runtime like any other, whose programs reach nothing: no step starts, no action runs. What a runtime
 * makes of a snapshot is seen here, not foretold.
 */
import { encodeLifecycle, joinState } from '../../actors/execution/stored-state.js'
import { forkedProgram } from '../../actors/program/stored-program.js'
import type { ExecutionRecord } from '../../actors/execution/execution-record.js'
import type { ProgramInterceptor } from '../../actors/program/program-interceptor.js'
import { nextTurn } from '../../clock.js'
import type { EntryPoint } from '../../runtime/entry-point.js'
import { memoryStore } from '../../persistence/memory/memory-store.js'
import { encode } from '../../codec/snapshot-codec.js'
import type { Commit } from '../../persistence/snapshot-store.js'
import { createRuntime } from '../../runtime/runtime.js'
import { SimulatedClock } from '../clock/simulated-clock.js'
import { observedCommits } from './observed-commits.js'
import type { GoldenExecution } from './old-snapshot.js'

const decade = 3_652 * 24 * 3_600_000
/** Far more than any of them needs to be restored and committed. */
const patience = 10_000

/** Its outputs are due, and don't happen. */
const idle: ProgramInterceptor = {
  logic: ({ logic }) => logic,
  output: () => undefined,
  inspected: () => undefined,
  committing: () => undefined,
}

/** Why a runtime would not go on with each of these, by their place among them; those that it goes on with are absent. */
export async function refusedByRuntime(
  entryPoint: EntryPoint,
  executions: readonly GoldenExecution[],
): Promise<ReadonlyMap<number, string>> {
  const moved = new Set<string>()
  const memory = memoryStore()
  await memory.open()
  await memory.commit(executions.map((execution, index) => commitOf(entryPoint, execution, `golden-${index}`)))
  const store = observedCommits(memory, ({ id, status }) => status === 'queued' || moved.add(id))
  const idleEntryPoint: EntryPoint = { ...entryPoint, maxConcurrent: executions.length + 1, interceptor: idle }
  const options = { clock: new SimulatedClock(), pollInterval: decade, lease: decade, retentionInterval: decade }
  const runtime = createRuntime({ ...options, store, entryPoints: [idleEntryPoint], logger: () => undefined })
  await runtime.start()
  for (let turns = 0; moved.size < executions.length && turns < patience; turns++) await turn()
  await turn()
  const refused = new Map<number, string>()
  for (const index of executions.keys()) {
    const id = `golden-${index}`
    const { status, pause, error } = (await runtime.execution(id).get()) as ExecutionRecord
    if (!moved.has(id)) refused.set(index, 'no runtime takes it up')
    else if (status === 'pausing' || status === 'paused') refused.set(index, `a runtime pauses it: ${pause?.reason}`)
    else if (status === 'failed') refused.set(index, `it fails in a runtime: ${error?.message}`)
  }
  await runtime.stop()
  return refused
}

const turn = () => new Promise<void>((resolve) => nextTurn(resolve))

/** It was running when its process stopped. Pending actions are left out: an action would run for real. */
function commitOf({ id: entryPoint, programId }: EntryPoint, { record }: GoldenExecution, id: string): Commit {
  const { version, hash } = record
  const limits = { attempt: 1, maxAttempts: 1, onExhausted: 'fail', compensates: false, limits: {} } as const
  const lifecycle = encodeLifecycle({ value: 'running', context: { executionId: id, entryPoint, ...limits } }, id)
  const program = forkedProgram(encode(record, { id, what: 'program' }), id)
  const times = { startedAt: 0, endedAt: null, updatedAt: 0, dueAt: null }
  const names = { sessionId: null, correlationId: null, idempotencyKey: null, parentId: null, causationId: null }
  return {
    id,
    accept: {
      entryPoint,
      programId,
      programVersion: version,
      programHash: hash,
      priority: 0,
      acceptedAt: 0,
      ...names,
      input: encode(undefined, { id, what: 'input' }),
    },
    revision: 1,
    epoch: 1,
    owner: null,
    status: 'running',
    ...times,
    owed: false,
    recoveries: 0,
    state: joinState(lifecycle, program),
    output: null,
    error: null,
    events: [],
    consumed: [],
  }
}
