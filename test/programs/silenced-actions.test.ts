/** An action that throws while its program is silenced, as that is paused or leaves memory: its actor fails with it once it goes on. */
import { forwardTo, fromPromise, setup, type AnyStateMachine } from 'xstate'
import { describe, expect, onTestFinished, test } from 'vitest'
import { defineEntryPoint, type EntryPointOptions, type ExecutionHandle, type ExecutionRecord } from '../../src/index.js'
import { createTestRuntime, exploreCrashes, exploreRestarts, type TestRuntime } from '../../src/testing/index.js'
import { memoryPlace, places, type StorePlace } from '../support/store-place.js'

type Book = () => unknown

/** Books, and ships behind it, when it is told to and when its work is done. */
function desk(
  book: Book,
  { isInline = false, alone = false, ship = () => undefined as unknown, final = false } = {},
): AnyStateMachine {
  const first = isInline ? () => void book() : ('book' as const)
  const actions = alone ? [first] : [first, 'ship' as const]
  return setup({
    actors: { work: fromPromise(async () => undefined) },
    actions: { book: () => book(), ship: () => ship() },
  }).createMachine({
    id: 'desk',
    initial: 'open',
    states: {
      open: { on: { GO: { target: 'booked', actions }, WORK: 'working' } },
      working: { invoke: { src: 'work', onDone: { target: 'booked', actions } } },
      booked: final ? { type: 'final' } : { on: { END: 'closed' } },
      closed: { type: 'final' },
    },
  })
}

/** The same as a child of a program that hears how it ends. */
function office(child: AnyStateMachine): AnyStateMachine {
  return setup({ actors: { child } }).createMachine({
    id: 'office',
    initial: 'on',
    states: {
      on: {
        invoke: { src: 'child', id: 'child', onDone: 'happy', onError: 'sorry' },
        on: { '*': { actions: forwardTo('child') } },
      },
      happy: {},
      sorry: {},
    },
  })
}

const broken = (): never => {
  throw new RangeError('broken')
}

/** A runtime with one execution that waits. */
async function begun(program: AnyStateMachine, more: Partial<EntryPointOptions> = {}, place: StorePlace = memoryPlace()) {
  const world: TestRuntime = createTestRuntime({
    entryPoints: [defineEntryPoint({ id: 'run', program, ...more } as EntryPointOptions)],
    store: place.open,
    logger: () => undefined,
  })
  onTestFinished(() => world.stop())
  const execution = await world.trigger('run' as never, undefined as never)
  await world.settle()
  return { world, execution }
}

const record = async (execution: ExecutionHandle) => (await execution.get()) as ExecutionRecord

async function types({ store }: TestRuntime, { id }: ExecutionHandle) {
  return (await store.events({ since: 0, execution: id, limit: 100 })).map(({ type }) => type)
}

type Silencing = (world: TestRuntime, execution: ExecutionHandle) => Promise<unknown>

const pausing =
  (type: string, mode: 'boundary' | 'now'): Silencing =>
  async (world, execution) => {
    const sent = execution.send({ type } as never)
    await Promise.all([sent, execution.pause({ mode })])
    await world.settle()
    await execution.resume()
    await world.settle()
  }

const silencings: Readonly<Record<string, Silencing>> = {
  'a pause in the same turn': pausing('GO', 'boundary'),
  'a pause in the same turn, at once': pausing('GO', 'now'),
  'a pause that waits for the step before it': pausing('WORK', 'boundary'),
  'a deploy in the same turn': async (world, execution) => {
    await Promise.all([execution.send({ type: 'GO' } as never), world.redeploy()])
    await world.runToIdle()
  },
}

describe.each([
  ['a named', false],
  ['an inline', true],
])('%s action that throws', (_, isInline) => {
  for (const [name, silence] of Object.entries(silencings)) {
    test(`in ${name} fails its program once that goes on, and nothing behind it happens`, async () => {
      const said: string[] = []
      const program = desk(() => (said.push('book'), broken()), { isInline, ship: () => said.push('ship') })
      const { world, execution } = await begun(program)
      await silence(world, execution)
      expect(await record(execution)).toMatchObject({ status: 'failed', error: { name: 'RangeError', message: 'broken' } })
      expect(said).not.toContain('ship')
      expect(await types(world, execution)).not.toContain('execution.action_failed')
    })

    test(`in ${name} fails its child, whose parent hears of it`, async () => {
      for (const [final, alone] of [
        [false, false],
        [true, false],
        [false, true],
        [true, true],
      ] as const) {
        const { world, execution } = await begun(office(desk(broken, { isInline, final, alone })))
        await silence(world, execution)
        expect(await record(execution)).toMatchObject({ status: 'waiting', value: 'sorry' })
      }
    })

    test(`in ${name}, on the way to the end of the program, fails it`, async () => {
      for (const alone of [false, true]) {
        const { world, execution } = await begun(desk(broken, { isInline, final: true, alone }))
        await silence(world, execution)
        expect(await record(execution)).toMatchObject({ status: 'failed', error: { message: 'broken' } })
      }
    })
  }

  test.each(places)('fails its program in whichever process goes on with it (%s)', async (__, place) => {
    const { world, execution } = await begun(desk(broken, { isInline, alone: true }), {}, place())
    await Promise.all([execution.send({ type: 'GO' } as never), execution.pause()])
    await world.settle()
    await world.restart()
    await execution.resume()
    await world.settle()
    expect(await record(execution)).toMatchObject({ status: 'failed', error: { message: 'broken' } })
  })

  test('in silence is passed over by a further attempt as it is otherwise', async () => {
    const outcome = async (isSilenced: boolean) => {
      let calls = 0
      const book = () => (++calls < 3 ? broken() : undefined)
      const { world, execution } = await begun(desk(book, { isInline }), { retry: { maxAttempts: 3, backoff: { initial: 1 } } })
      if (isSilenced) await silencings['a pause in the same turn']?.(world, execution)
      else await execution.send({ type: 'GO' } as never)
      await world.runToIdle()
      const { status, value } = await record(execution)
      return { status, value, retries: (await types(world, execution)).filter((type) => type === 'execution.retrying').length }
    }
    const plain = await outcome(false)
    expect(plain).toMatchObject({ status: 'waiting', value: 'booked' })
    // a named one has used up one call in silence
    expect(await outcome(true)).toEqual({ ...plain, retries: 1 })
  })

  test('of a program that never goes on is told', async () => {
    const { world, execution } = await begun(desk(broken, { isInline }))
    await Promise.all([execution.send({ type: 'GO' } as never), execution.cancel()])
    await world.settle()
    expect(await record(execution)).toMatchObject({ status: 'cancelled' })
    expect(await types(world, execution)).toContain('execution.action_failed')
  })
})

// an inline one that has thrown is lost with its process, as any that has not run
test.each([
  ['a crash', false, exploreCrashes, 3],
  ['a restart', false, exploreRestarts, 3],
  ['a restart', true, exploreRestarts, 0],
] as const)('wherever there is %s it comes out the same (inline: %s)', async (_, isInline, explore, pairs) => {
  const report = await explore(
    () => defineEntryPoint({ id: 'run', program: desk(broken, { isInline }) } as EntryPointOptions),
    async (world) => {
      const execution = await world.trigger('run' as never, undefined as never)
      await Promise.all([execution.send({ type: 'GO' } as never), execution.pause()])
      await execution.resume()
      return (await execution.result()).status
    },
    { pairs },
  )
  expect(report.failures).toEqual([])
})

test('a named action that throws in silence, and does not when it is run again, is followed by what stood behind it', async () => {
  const said: string[] = []
  const book = () => said.push('book') === 1 && broken()
  const { world, execution } = await begun(desk(book, { ship: () => said.push('ship') }))
  await silencings['a pause in the same turn']?.(world, execution)
  expect(await record(execution)).toMatchObject({ status: 'waiting', value: 'booked', owed: 0 })
  expect(said).toEqual(['book', 'book', 'ship'])
})

test.each(places)(
  'a named action that a paused execution owes since its process died runs, though that is cancelled (%s)',
  async (_, place) => {
    let booked = 0
    let dies: () => void = () => undefined
    const { world, execution } = await begun(
      desk(() => (dies(), booked++)),
      {},
      place(),
    )
    dies = () => {
      dies = () => undefined
      world.crash()
    }
    const sent = Promise.all([execution.send({ type: 'GO' } as never), execution.pause()])
    await world.settle()
    await world.restart()
    await sent
    await world.settle()
    expect(await record(execution)).toMatchObject({ status: 'paused', owed: 2 })
    await execution.cancel()
    await world.settle()
    expect(await record(execution)).toMatchObject({ status: 'cancelled', owed: 0 })
    expect(booked).toBe(2)
  },
)
