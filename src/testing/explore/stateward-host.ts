/** The real runtime as the host of an exploration. Owns reading how each execution came out, from its store. */
import { isTerminal, type ExecutionStatus } from '../../events/execution-status.js'
import { decode } from '../../persistence/snapshot-codec.js'
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import type { ExecutionRecord } from '../../actors/execution-view.js'
import type { PersistedProgram } from '../../actors/program-record.js'
import { TestRuntime } from '../world/test-runtime.js'
import type { ExplorationCommand, ExplorationHost, ObservedExecution } from './exploration-host.js'

/** What has ended is looked at in the end, however long the scenario goes on. */
const NEVER = Number.MAX_SAFE_INTEGER

/** Stateward, on a store in memory. */
export const statewardHost: ExplorationHost = {
  name: 'Stateward',
  begin({ entryPoints, seed, store, onPoint }) {
    const runtime = new TestRuntime({ entryPoints, seed, retentionInterval: NEVER, ...(store ? { store } : {}) }, onPoint)
    return {
      runtime,
      lossy: [],
      get calls() {
        return runtime.calls
      },
      history: () => runtime.history(),
      crash: () => runtime.crash(),
      restart: () => runtime.restart(),
      runToIdle: () => runtime.runToIdle(),
      settle: () => runtime.settle(),
      command: (execution, command) => give(runtime, execution, command),
      observe: () => observed(runtime),
      end: () => runtime.stop(),
    }
  },
}

async function give(runtime: TestRuntime, id: string, command: ExplorationCommand): Promise<void> {
  const execution = runtime.execution(id)
  if (command === 'cancel') return void (await execution.cancel({ reason: 'explored' }))
  await execution.pause({ mode: command === 'pause' ? 'boundary' : 'now', reason: 'explored' })
  await execution.resume()
}

async function observed(runtime: TestRuntime): Promise<ObservedExecution[]> {
  const all: ObservedExecution[] = []
  let cursor: string | undefined
  do {
    const page = await runtime.executions({ limit: 1_000, ...(cursor === undefined ? {} : { cursor }) })
    for (const record of page.executions) all.push(await observe(runtime.store, record))
    cursor = page.cursor
  } while (cursor !== undefined)
  return all
}

async function observe(store: SnapshotStore, record: ExecutionRecord): Promise<ObservedExecution> {
  const { id, entryPoint, parentId, idempotencyKey, status, value, context, output, snapshot } = record
  const emitted: unknown[] = []
  let ends = 0
  for (let since = 0; ;) {
    const page = await store.events({ since, execution: id, limit: 1_000 })
    for (const { type, data } of page) {
      if (type === 'execution.emitted') emitted.push(data === null ? undefined : decode(data, { id, what: 'event' }))
      if (isTerminal(type.slice('execution.'.length) as ExecutionStatus)) ends++
    }
    const last = page.at(-1)
    if (!last || page.length < 1_000) break
    since = last.seq
  }
  const { stack: _, ...error } = record.error ?? { name: '', message: '' }
  return {
    id,
    entryPoint,
    parentId,
    key: parentId === null ? null : idempotencyKey,
    status,
    value,
    context,
    output,
    error: record.error ? error : null,
    paused: record.pause ? (record.pause.reason ?? '') : null,
    emitted,
    ends,
    endedChildren: snapshot ? endedBelow(snapshot) : [],
  }
}

function endedBelow({ children = {} }: PersistedProgram, path = ''): string[] {
  return Object.entries(children).flatMap(([name, { snapshot }]) => {
    const own = `${path}${name}`
    return [...(snapshot.status === 'active' ? [] : [own]), ...endedBelow(snapshot, `${own}/`)]
  })
}
