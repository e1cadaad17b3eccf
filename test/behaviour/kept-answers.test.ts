/** What a pause or a cancel answers when its time is up is in the store: it holds also if the process dies in that moment. */
import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { defineEntryPoint, type ExecutionHandle, type ExecutionStatus, type Runtime } from '../../src/index.js'
import { begin } from '../support/begin.js'
import { levels, mortal } from '../support/descent.js'
import { eventually } from '../support/eventually.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { memoryPlace, places, type StorePlace } from '../support/store-place.js'

const stopped = { pause: ['pausing', 'paused'], cancel: ['cancelling', 'cancelled'] } as const
const going: readonly ExecutionStatus[] = ['queued', 'running', 'waiting']

/** Executions of three levels whose steps end for nobody, in a process that is to die; `next` is the process after it. */
async function life(place: StorePlace) {
  const flights = new StepsInFlight()
  const entryPoints = levels(flights)
  const { store, dieAt } = mortal(place)
  const other = place.connect()
  const runtime = await begin({ store, id: 'first', entryPoints })
  const top = await runtime.trigger('top')
  await flights.started('work', 2)
  const next = async () => {
    flights.heeds = true
    return begin({ store: other, id: 'next', entryPoints })
  }
  // the dead need not be stopped
  const over = () => [store, other].forEach((each) => each.cut())
  return { runtime, top, store, other, dieAt, next, over }
}

/** The statuses of all but those that were cancelled for a cancel which then never came to their parent. */
async function statuses(runtime: Pick<Runtime, 'executions'>): Promise<ExecutionStatus[]> {
  const { executions } = await runtime.executions({ limit: 100 })
  const former = new Set(executions.flatMap(({ retryOf }) => retryOf ?? []))
  return executions.filter(({ id, parentId }) => !former.has(id) && !former.has(parentId ?? '')).map(({ status }) => status)
}

const scopes = {
  'one execution': ({ top }: Awaited<ReturnType<typeof life>>) => top,
  'a stream': ({ runtime }: Awaited<ReturnType<typeof life>>) => runtime.stream('top'),
  'the runtime': ({ runtime }: Awaited<ReturnType<typeof life>>) => runtime,
} as const

describe.each(places)('on %s', (_, place) => {
  test.each(
    (['pause', 'cancel'] as const).flatMap((name) =>
      (Object.keys(scopes) as (keyof typeof scopes)[]).map((of) => [name, of] as const),
    ),
  )('a %s of %s that is answered before it has come down holds over the death of the process', async (name, of) => {
    const first = await life(place())
    const answer = await scopes[of](first)[name]({ timeout: 1 })
    first.store.cut()
    const [counted] = of === 'one execution' ? [answer.status] : Object.keys(answer)
    expect(counted).toBe(stopped[name][0])
    const next = await first.next()
    await eventually('all of it to be stopped', async () => (await statuses(next)).every((status) => status === stopped[name][1]))
    first.over()
  })

  test.each(['pause', 'cancel'] as const)(
    'a %s of an execution that is in no memory, with no time to wait, holds over the death of the process',
    async (name) => {
      const shared = place()
      const program = setup({}).createMachine({ id: 'rests', initial: 'resting', states: { resting: {} } })
      const entryPoints = [defineEntryPoint({ id: 'rests', program, passivateAfter: 0 })]
      // a store that takes longer than the command may
      const slow = () => new Promise((resolve) => setTimeout(resolve, 5))
      const store = shared.connect((inner) => ({ load: (id) => slow().then(() => inner.load(id)) }))
      const runtime = await begin({ store, id: 'first', entryPoints })
      const execution = await runtime.trigger('rests')
      await eventually('it to be in no memory', async () => (await store.load(execution.id))?.owner === null)
      const { status } = await execution[name]({ timeout: 0 })
      store.cut()
      expect(stopped[name]).toContain(status)
      const next = await begin({ store: shared.connect(), id: 'next', entryPoints })
      await eventually('it to be stopped', async () => (await statuses(next))[0] === stopped[name][1])
    },
  )
})

/** Gives commands in a process that dies at its nth write from then on: what it was answered, and what stands in the store then. */
async function death(
  nth: number,
  after: boolean,
  commands: (top: ExecutionHandle, told: (status: string) => void) => Promise<unknown>,
) {
  const first = await life(memoryPlace())
  const answers: string[] = []
  first.dieAt(nth, after)
  let isDone = false
  void commands(first.top, (status) => void answers.push(status)).then(() => (isDone = true))
  await eventually('it to die or to be done', () => isDone || first.store.isCut)
  const hasDied = first.store.isCut
  first.store.cut()
  await first.other.open()
  const mail = await first.other.inbox({ execution: first.top.id })
  const next = await first.next()
  const kinds = async () => new Set((await statuses(next)).map((status) => (going.includes(status) ? 'going' : status)))
  const come = (to: readonly string[]) =>
    eventually(`all of it to be ${to.join(' or ')} after ${answers.join() || 'nothing'} and ${nth} writes`, async () => {
      const all = await kinds()
      return all.size === 1 && [...all].every((kind) => to.includes(kind))
    })
  return { hasDied, answer: answers.at(-1), mail, come, over: first.over }
}

/** Each of them in turn, until one outlives what it is asked. */
async function deaths(
  commands: Parameters<typeof death>[2],
  holds: (one: Awaited<ReturnType<typeof death>>) => Promise<void>,
): Promise<number> {
  for (let nth = 1; ; nth++)
    for (const after of [false, true]) {
      const one = await death(nth, after, commands)
      await holds(one)
      one.over()
      if (!one.hasDied) return nth
    }
}

test.each(['pause', 'cancel'] as const)(
  'a %s that was answered is in the store, wherever the process dies afterwards',
  async (name) => {
    const count = await deaths(
      async (top, told) => {
        told((await top[name]({ timeout: 0 })).status)
        // it goes on its way
        await top.result({ timeout: 20 })
      },
      ({ answer, come }) => come(answer ? [stopped[name][1]] : ['going', stopped[name][1]]),
    )
    expect(count).toBeGreaterThan(2)
  },
)

test('a resume that has taken back such a pause leaves none of it in the store', async () => {
  const seen = new Set<unknown>()
  await deaths(
    async (top, told) => {
      told((await top.pause({ timeout: 0 })).status)
      told((await top.resume()).status)
      await top.result({ timeout: 20 })
    },
    async ({ answer, mail, come }) => {
      seen.add(answer)
      if (answer === 'resumed') expect(mail).toEqual([])
      await come(answer === 'resumed' ? ['going'] : ['going', 'paused'])
    },
  )
  expect([...seen]).toContain('resumed')
})
