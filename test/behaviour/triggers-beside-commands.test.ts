/** What is triggered in the turn of a command to many: whichever was called later acts later, however uneven the store is. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { createClient, defineEntryPoint, fromExecution, type ExecutionStatus, type Runtime } from '../../src/index.js'
import type { SnapshotStore } from '../../src/persistence/snapshot-store.js'
import { memoryStore } from '../../src/persistence/memory/memory-store.js'
import { faultyStore } from '../../src/testing/store/faulty-store.js'
import { seeded } from '../../src/testing/world/seeded-ids.js'
import { begin } from '../support/begin.js'
import { eventually, turn, turns } from '../support/eventually.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { approval, worker } from '../support/programs.js'
import { places, type StorePlace } from '../support/store-place.js'
import { paceOf } from '../properties/pace.js'

type Calls = Pick<Runtime, 'trigger' | 'execution' | 'stream' | 'pause' | 'resume' | 'cancel' | 'executions'>

/** How long the ends are waited for at most, in ms. */
const PATIENCE = 5_000

const gaps = { 'the same turn': () => undefined, 'a turn': turn } as const

/** Each call takes some turns of the event loop each way, some kinds of call many more than others. */
function uneven(seed: number) {
  const pace = paceOf({ isUneven: true }, seeded(seed))
  return (inner: SnapshotStore): Partial<SnapshotStore> => {
    const slow =
      <TArgs extends unknown[], TResult>(name: string, call: (...args: TArgs) => Promise<TResult>) =>
      async (...args: TArgs) => {
        await turns(pace(`before ${name}`))
        const result = await call(...args)
        await turns(pace(`after ${name}`))
        return result
      }
    return {
      commit: slow('commit', (batch) => inner.commit(batch)),
      query: slow('query', (query) => inner.query(query)),
      load: slow('load', (id) => inner.load(id)),
      setControl: slow('setControl', (...args) => inner.setControl(...args)),
      control: slow('control', (name) => inner.control(name)),
      claim: slow('claim', (request) => inner.claim(request)),
      enqueue: slow('enqueue', (message) => inner.enqueue(message)),
      inbox: slow('inbox', (query) => inner.inbox(query)),
    }
  }
}

async function shop(place: StorePlace, seed: number, isClient: boolean) {
  const flights = new StepsInFlight()
  flights.heeds = true
  const entryPoints = [defineEntryPoint({ id: 'work', program: worker(flights), maxConcurrent: 100 })] as const
  // it looks for what a client asks, and for nothing else
  const runtime = await begin({ store: place.connect(uneven(seed)), entryPoints, pollInterval: isClient ? 5 : 100_000 })
  if (!isClient) return { flights, calls: runtime as Calls }
  const client = createClient({ store: place.connect(uneven(seed + 1)), entryPoints, pollInterval: 1 })
  onTestFinished(() => client.close())
  return { flights, calls: client as Calls }
}

const who = {
  execution: (calls: Calls, id: string) => calls.execution(id),
  stream: (calls: Calls) => calls.stream('work'),
  runtime: (calls: Calls) => calls,
} as const
type Deed = readonly ['pause' | 'resume' | 'cancel' | 'trigger', keyof typeof who]
type Ends = Readonly<Record<string, readonly ExecutionStatus[]>>

/** Does one thing after the other, and tells where the executions stand that do not come to where they should. */
async function wrong(
  place: StorePlace,
  seed: number,
  isClient: boolean,
  gap: keyof typeof gaps,
  deeds: readonly Deed[],
  ends: Ends,
) {
  const { flights, calls } = await shop(place, seed, isClient)
  await calls.trigger('work', { label: 'old' }, { id: 'old' })
  await flights.started('old.1')
  const answers: Promise<unknown>[] = []
  let n = 0
  for (const [call, whom] of deeds) {
    if (answers.length > 0) await gaps[gap]()
    const scope = who[whom](calls, n > 0 ? `new${n}` : 'old')
    if (call === 'trigger') answers.push(calls.trigger('work', { label: `new${++n}` }, { id: `new${n}` }))
    else answers.push(call === 'pause' ? scope.pause({ mode: 'now' }) : scope[call]())
  }
  const failed = (await Promise.allSettled(answers)).flatMap((each) => (each.status === 'rejected' ? [String(each.reason)] : []))
  let standing: Record<string, ExecutionStatus> = {}
  const isRight = async () => {
    const { executions } = await calls.executions({ limit: 50 })
    standing = Object.fromEntries(executions.map(({ id, status }) => [id, status]))
    return Object.entries(ends).every(([id, allowed]) => allowed.includes(standing[id] as ExecutionStatus))
  }
  // a worker looks by the clock what a client asks for
  const until = performance.now() + PATIENCE
  while (performance.now() < until && !(await isRight())) await turns(10)
  // and they stay so
  await turns(20)
  return (await isRight()) && failed.length === 0 ? [] : [{ [`${gap}, seed ${seed}`]: { ...standing, failed } }]
}

const cases: readonly (readonly [readonly Deed[], Ends])[] = [
  // what was triggered before is concerned
  ...(['stream', 'runtime', 'execution'] as const).flatMap(
    (whom) =>
      [
        [
          [
            ['trigger', whom],
            ['pause', whom],
          ],
          { new1: ['paused', 'queued'] },
        ],
        [
          [
            ['trigger', whom],
            ['cancel', whom],
          ],
          { new1: ['cancelled'] },
        ],
        [
          [
            ['trigger', whom],
            ['pause', whom],
            ['resume', whom],
          ],
          { new1: ['running'] },
        ],
        [
          [
            ['trigger', whom],
            ['pause', whom],
            ['resume', whom],
            ['pause', whom],
          ],
          { new1: ['paused', 'queued'] },
        ],
        [
          [
            ['trigger', whom],
            ['pause', whom],
            ['cancel', whom],
          ],
          { new1: ['cancelled'] },
        ],
        [
          [
            ['trigger', whom],
            ['resume', whom],
            ['pause', whom],
          ],
          { new1: ['paused', 'queued'] },
        ],
      ] as const,
  ),
  // what is triggered after it waits, or is none of its business
  ...(['stream', 'runtime'] as const).flatMap(
    (whom) =>
      [
        [
          [
            ['pause', whom],
            ['trigger', whom],
          ],
          { old: ['paused'], new1: ['queued'] },
        ],
        [
          [
            ['cancel', whom],
            ['trigger', whom],
          ],
          { old: ['cancelled'], new1: ['running'] },
        ],
        [
          [
            ['pause', whom],
            ['trigger', whom],
            ['resume', whom],
          ],
          { old: ['running'], new1: ['running'] },
        ],
        [
          [
            ['pause', whom],
            ['resume', whom],
            ['trigger', whom],
          ],
          { old: ['running'], new1: ['running'] },
        ],
        [
          [
            ['trigger', whom],
            ['cancel', whom],
            ['trigger', whom],
          ],
          { new1: ['cancelled'], new2: ['running'] },
        ],
        [
          [
            ['trigger', whom],
            ['pause', whom],
            ['trigger', whom],
          ],
          { new1: ['paused', 'queued'], new2: ['queued'] },
        ],
      ] as const,
  ),
  // a stream is opened by whichever command came last, and only a resume of its own scope wakes what a pause has stopped
  [
    [
      ['pause', 'runtime'],
      ['resume', 'stream'],
      ['trigger', 'stream'],
    ],
    { old: ['paused'], new1: ['running'] },
  ],
  [
    [
      ['pause', 'runtime'],
      ['trigger', 'stream'],
      ['resume', 'stream'],
    ],
    { old: ['paused'], new1: ['running'] },
  ],
  [
    [
      ['trigger', 'stream'],
      ['pause', 'runtime'],
      ['resume', 'stream'],
    ],
    { old: ['paused'], new1: ['paused'] },
  ],
  [
    [
      ['pause', 'stream'],
      ['resume', 'runtime'],
      ['trigger', 'stream'],
    ],
    { old: ['paused'], new1: ['running'] },
  ],
  [
    [
      ['pause', 'runtime'],
      ['resume', 'stream'],
      ['pause', 'stream'],
      ['trigger', 'stream'],
    ],
    { old: ['paused'], new1: ['queued'] },
  ],
  [
    [
      ['pause', 'runtime'],
      ['resume', 'stream'],
      ['resume', 'runtime'],
      ['trigger', 'stream'],
    ],
    { old: ['running'], new1: ['running'] },
  ],
]

describe.each(places)('on %s', (name, place) => {
  describe.each(['a runtime', 'a client'] as const)('by %s', (asker) => {
    const some = cases.filter((_, nth) => name === 'memory' || nth % 3 === 0)
    test.each(
      some.map(([deeds, ends], nth) => [deeds.map(([call, of]) => `${of} ${call}`).join(', '), nth, deeds, ends] as const),
    )('%s', async (_, nth, deeds, ends) => {
      const all = name === 'memory' ? (Object.keys(gaps) as (keyof typeof gaps)[]) : (['the same turn'] as const)
      const runs = all.map((gap) => wrong(place(), nth * 7 + 1, asker === 'a client', gap, deeds, ends))
      expect((await Promise.all(runs)).flat()).toEqual([])
    })
  })
})

test('what is started by an execution that was triggered after a cancel of everything is not cancelled by it', async () => {
  const store = faultyStore(memoryStore())
  const child = defineEntryPoint({ id: 'children', program: approval })
  const parent = defineEntryPoint({ id: 'parents', program: fromExecution('children') })
  const runtime = await begin({ store, entryPoints: [child, parent] })
  // its question for those that it concerns is on its way while the parent is triggered, and starts its child
  store.inject({ kind: 'hang', call: 'query', nth: 1, times: 2 })
  const cancelled = runtime.cancel()
  await eventually('the cancel to ask', () => store.waiting === 2)
  const { id } = await runtime.trigger('parents')
  const started = () => store.query({ parentId: id, limit: 1 }).then(({ executions: [first] }) => first)
  await eventually('the child', async () => (await started()) !== undefined)
  store.heal()
  expect(await cancelled).toEqual({})
  await runtime.execution((await started())?.id ?? '').send({ type: 'APPROVE' })
  expect(await runtime.execution(id).result()).toEqual({ status: 'completed', output: { notes: [] } })
})
