/** What a golden expectation of `flow/` says of a whole store. Owns: which parts of it are expected for ever. */
import type { createClient, SnapshotStore } from '../../src/index.js'
import { goldenRecord } from './golden-record.js'
import { plainForm } from './plain-form.js'

type Reader = Pick<ReturnType<typeof createClient>, 'executions' | 'execution' | 'schedules'>

/** Every execution with what its steps have said and who is found by which words; the schedules; the cursors; the published events. */
export async function flowRecord(store: SnapshotStore, reader: Reader): Promise<unknown> {
  const executions: Record<string, unknown> = {}
  for (const { id } of (await reader.executions({ limit: 1_000 })).executions.toReversed()) {
    const said = (await store.chunks({ execution: id, since: 0, limit: 1_000 }))?.chunks ?? []
    executions[id] = {
      ...((await goldenRecord(store, reader.execution(id))) as object),
      stream: said.map(({ offset, kind, data }) => ({ offset, kind, data })),
    }
  }
  const events = await store.events({ since: 0, limit: 1_000 })
  const found = async (filter: object) => (await reader.executions(filter)).executions.map(({ id }) => id)
  return plainForm({
    executions,
    schedules: (await reader.schedules.list()).schedules,
    cursors: (await store.documents({ prefix: '', limit: 1_000 })).map(({ key }) => key),
    published: events.flatMap(({ id, type, data, sessionId, correlationId, causationId }) =>
      id === null ? [] : [{ id, type, data, sessionId, correlationId, causationId }],
    ),
    found: {
      key: await found({ waitsFor: 'key' }),
      rate: await found({ waitsFor: 'rate' }),
      start: await found({ waitsFor: 'start' }),
      tag: await found({ tag: 'speech' }),
      stateTag: await found({ tag: 'unsaid' }),
      state: await found({ state: 'saying' }),
    },
  })
}
