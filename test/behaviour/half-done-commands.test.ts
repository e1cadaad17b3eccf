/** A command to an execution and to what it has started, in a process that dies on the way down: what is left of it is of one mind. */
import { expect, test } from 'vitest'
import { createClient, type ChildStepOptions, type ExecutionStatus } from '../../src/index.js'
import { begin } from '../support/begin.js'
import { levels, mortal } from '../support/descent.js'
import { eventually } from '../support/eventually.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { memoryPlace } from '../support/store-place.js'

type Name = 'pause' | 'cancel' | 'resume'

/** Who holds the executions: the process that asks, another one, or nobody, and then they go on or are paused. */
type Where = 'here' | 'elsewhere' | 'nowhere' | 'nowhere, paused' | 'nowhere, paused, a worker asking'

const going: readonly ExecutionStatus[] = ['queued', 'running', 'waiting']

/** Gives a command in a process that dies at its nth write, and tells what becomes of all three levels; undefined: it has answered before. */
async function outcome(name: Name, where: Where, nth: number, after: boolean, options: ChildStepOptions) {
  const place = memoryPlace()
  const flights = new StepsInFlight()
  flights.heeds = true
  const entryPoints = levels(flights, options)
  const asking = mortal(place)
  const others = [place.connect(), place.connect()] as const
  // the dead need not be stopped
  const over = () => {
    for (const store of [asking.store, ...others]) store.cut()
    return undefined
  }
  const holder = await begin({ store: where === 'here' ? asking.store : others[0], id: 'holder', entryPoints })
  const isHeld = where === 'here' || where === 'elsewhere'
  const other = () => begin({ store: asking.store, id: 'asker', entryPoints })
  const asker = async () => {
    if (where === 'here') return holder
    return isHeld || where.endsWith('asking') ? other() : createClient({ store: asking.store, entryPoints })
  }
  const early = isHeld ? await asker() : undefined
  const { id } = await holder.trigger('top')
  await flights.started('work', 2)
  if (name === 'resume' || where.includes('paused')) await holder.execution(id).pause({ mode: 'now' })
  if (!isHeld) await holder.stop()
  let isAnswered = false
  const execution = (early ?? (await asker())).execution(id)
  asking.dieAt(nth, after)
  const answer = name === 'pause' ? execution.pause({ mode: 'now' }) : execution[name]()
  void answer.finally(() => (isAnswered = true)).catch(() => undefined)
  await eventually('it to die or to answer', () => isAnswered || asking.store.isCut)
  if (!asking.store.isCut) return over()
  const witness = where !== 'elsewhere' ? await begin({ store: others[1], id: 'next', entryPoints }) : holder
  const statuses = async () => {
    const { executions } = await witness.executions({ limit: 100 })
    // a child that was cancelled for a cancel which then never came to its parent has a successor
    const former = new Set(executions.flatMap(({ retryOf }) => retryOf ?? []))
    return executions
      .filter(({ id: own, parentId }) => !former.has(own) && !former.has(parentId ?? ''))
      .map(({ status }) => (going.includes(status) ? 'going' : status))
  }
  await eventually(`all of it to be of one mind after ${name} ${where} ${nth}`, async () => {
    const all = await statuses()
    // what is left to itself goes on, whatever becomes of its parent
    const isLeft = options.whenLeft === 'leave' && name === 'cancel'
    return new Set(all).size === 1 || (isLeft && all.every((status) => status === 'going' || status === 'cancelled'))
  })
  const [all] = await statuses()
  over()
  return all
}

const cases = ([{}, { whenLeft: 'leave' }] as const).flatMap((options) =>
  (['here', 'elsewhere'] as const).flatMap((where) =>
    (['pause', 'cancel', 'resume'] as const).map(
      (name) => [name, where, 'whenLeft' in options ? 'leave' : 'cancel', options] as const,
    ),
  ),
)

test.each(cases)(
  'a %s whose asker dies on its way down, all of it being held %s (whenLeft %s), leaves none of it standing still for another',
  async (name, where, _, options) => {
    let nth = 0
    for (let died = true; died;)
      for (const after of [(died = false), true]) if (await outcome(name, where, after ? nth : ++nth, after, options)) died = true
    expect(nth).toBeGreaterThan(1)
  },
)

test.each([
  ['pause', 'nowhere', {}, 'paused'],
  ['cancel', 'nowhere', {}, 'cancelled'],
  ['cancel', 'nowhere, paused', {}, 'cancelled'],
  ['cancel', 'nowhere, paused, a worker asking', {}, 'cancelled'],
  ['pause', 'nowhere', { whenLeft: 'leave' }, 'paused'],
  // what is left to itself goes on
  ['cancel', 'nowhere, paused', { whenLeft: 'leave' }, 'going'],
] as const)(
  'a %s of a process that dies on its way down, where the executions stand %s, is finished by the next process or never was (%j)',
  async (name, where, options, end) => {
    const seen = new Set<unknown>()
    let nth = 0
    for (let died = true; died;)
      for (const after of [(died = false), true]) {
        const all = await outcome(name, where, after ? nth : ++nth, after, options)
        if (all) died = true
        seen.add(all)
      }
    expect(nth).toBeGreaterThan(3)
    expect(seen).toContain(end)
  },
)
