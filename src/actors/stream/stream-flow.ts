/** Joins a stream to the executions of it that wait for permits under their keys. Owns: what the answers of the store mean for the stream. */
import type { StoredExecution } from '../../persistence/snapshot-store.js'
import type { ExecutionHost } from '../execution/execution-host.js'
import type { HeldExecution } from '../execution/execution-port.js'
import type { Load } from '../execution/loads.js'
import { FlowQueue, type FlowPort } from '../flow/flow-queue.js'
import type { StreamDefinition } from './stream-definition.js'
import type { StreamPort } from './stream-port.js'

/** The parts of a stream that are used. */
export interface FlowStream extends Pick<FlowPort, 'owner' | 'store' | 'clock'> {
  readonly definition: StreamDefinition
  readonly executions: ReadonlyMap<string, ExecutionHost>
  /** How many executions the queue for slots has use for. */
  readonly room: number
  /** Puts an execution that has its permit into the queue for slots. */
  permitted(execution: HeldExecution): void
  take(stored: StoredExecution, how: 'claimed', load: Load): unknown
}

/** Undefined, if the executions of the stream are counted under no keys. */
export function flowOf(stream: FlowStream, port: StreamPort): FlowQueue | undefined {
  const { definition, executions, owner, store, clock } = stream
  const { concurrency, rate, ageing, id } = definition
  if (!concurrency && !rate) return undefined
  return new FlowQueue({
    entryPoint: id,
    owner,
    ageing,
    concurrency,
    rate,
    store,
    clock,
    loads: port.loads,
    room: () => stream.room,
    hasOthers: () => port.hasOthers(),
    followPauses: () => port.followPauses(),
    permitted: (execution) => stream.permitted(execution),
    busy: (execution) => executions.get(execution.id)?.tell({ type: 'execution.reject', reason: 'busy' }),
    replace: (replaced, by) => port.triggers.cancel(replaced, 'replaced', by),
    take: (stored, load) => void stream.take(stored, 'claimed', load),
    settled: () => port.left(),
    failed: (error) => port.logger('permits under the keys of', id, 'could not be asked for', error),
  })
}
