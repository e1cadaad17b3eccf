/** Runs an exploration on the real runtime. Owns reading the outcome of each execution from the store. */
import { isTerminal, type ExecutionStatus } from '../../events/execution-status.js'
import { decode } from '../../codec/snapshot-codec.js'
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import { pagesOf } from '../../persistence/stored-executions.js'
import { executionRecord, type ExecutionRecord } from '../../actors/execution/execution-record.js'
import { isStatewardError } from '../../errors.js'
import type { PersistedProgram } from '../../actors/program/program-record.js'
import { CommitOracle } from '../world/commit-oracle.js'
import { TestRuntime } from '../world/test-runtime.js'
import type { ExplorationCommand, ExplorationHost, ObservedExecution } from './exploration-host.js'

/** What has ended is looked at in the end, however long the scenario goes on. */
const NEVER = Number.MAX_SAFE_INTEGER

/** After this many timer steps a program is considered endless. */
const MOST = 10_000

/** Stateward, on a store in memory. */
export const statewardHost: ExplorationHost = {
  name: 'Stateward',
  begin({ entryPoints, seed, store, fresh, onPoint }) {
    const oracle = new CommitOracle()
    const options = { entryPoints, seed, retentionInterval: NEVER, ...(store ? { store } : {}) }
    const runtime = new TestRuntime(options, { onPoint, oracle, fresh })
    return {
      runtime,
      lossy: [],
      get calls() {
        return runtime.calls
      },
      breaches: oracle.breaches,
      history: () => runtime.history(),
      crash: () => runtime.crash(),
      restart: () => runtime.restart(),
      redeploy: () => runtime.redeploy(),
      passivate: (execution) => runtime.passivate(execution),
      runToIdle: () => runtime.runToIdle({ limit: MOST }),
      settle: () => runtime.settle(),
      command: (execution, command) => give(runtime, execution, command),
      observe: async () => {
        const all = await observed(runtime)
        return all.map((each) => ({ ...each, cancelUntakenIn: oracle.untakenIn(each.id) }))
      },
      end: () => runtime.stop(),
    }
  },
}

async function give(runtime: TestRuntime, at: string, command: ExplorationCommand): Promise<void> {
  const ofParent = command.endsWith(' of the parent')
  const id = ofParent ? (await runtime.store.load(at))?.parentId : at
  // not accepted yet: nobody knows who starts it
  if (id === null || id === undefined) return
  const execution = runtime.execution(id)
  if (command.startsWith('cancel')) return void (await execution.cancel({ reason: 'explored' }))
  const before = runtime.history().entries.length
  const paused = await execution
    .pause({ mode: command.startsWith('pause now') ? 'now' : 'boundary', reason: 'explored' })
    .catch(inVain)
  if (paused?.status === 'already_paused') return
  const record = await execution.get()
  const isOurs = !('pause' in record) || record.pause === null || record.pause.reason === 'explored'
  const pauses = runtime
    .history()
    .entries.slice(before)
    .filter(({ execution: of, text }) => {
      return (of === id || of === null) && text.startsWith('pause (')
    })
  // what the scenario itself has paused, before or meanwhile, is not for us to resume
  if (isOurs && pauses.length < 2) await execution.resume()
}

/** It waits at a boundary for a step that never ends: the resume undoes that too. */
function inVain(error: unknown): undefined {
  if (!isStatewardError(error, 'stuck')) throw error
}

async function observed({ store }: TestRuntime): Promise<ObservedExecution[]> {
  // a scenario may never have asked for it
  await store.open()
  const all: ObservedExecution[] = []
  // as an onlooker: a scenario may have left no process, or a stopped one
  for await (const page of pagesOf(store, {})) for (const stored of page) all.push(await observe(store, executionRecord(stored)))
  return all
}

async function observe(store: SnapshotStore, record: ExecutionRecord): Promise<ObservedExecution> {
  const { id, entryPoint, parentId, idempotencyKey, status, value, context, output, snapshot, attempt, owed } = record
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
    attempt,
    owed,
    inbox: (await store.inbox({ execution: id })).length,
    endedChildren: snapshot ? endedBelow(snapshot) : [],
  }
}

function endedBelow({ children = {} }: PersistedProgram, path = ''): string[] {
  return Object.entries(children).flatMap(([name, { snapshot }]) => {
    const own = `${path}${name}`
    return [...(snapshot.status === 'active' ? [] : [own]), ...endedBelow(snapshot, `${own}/`)]
  })
}
