/** Attacks by programs: endless talk between actors, and ids that are none. */
import { describe, expect, test } from 'vitest'
import { assign, fromTransition, sendParent, sendTo, setup, type AnyActorRef } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { createTestRuntime } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { approval } from '../support/programs.js'

const pong = setup({}).createMachine({ id: 'pong', on: { PING: { actions: sendParent({ type: 'PONG' }) } } })

const pingPong = setup({ actors: { pong } }).createMachine({
  id: 'pingPong',
  invoke: { src: 'pong', id: 'pong' },
  entry: sendTo('pong', { type: 'PING' }),
  on: { PONG: { actions: sendTo('pong', { type: 'PING' }) } },
})

const selfish = setup({}).createMachine({
  id: 'selfish',
  on: { AGAIN: { actions: sendTo(({ self }) => self, { type: 'AGAIN' }) } },
})

const late = setup({ types: { context: {} as { heard: number } } }).createMachine({
  id: 'late',
  context: { heard: 0 },
  after: { 20: { actions: sendParent({ type: 'TICK' }) } },
})

const named = (id: string) =>
  setup({
    actors: { late },
    types: { input: {} as { id: string }, context: {} as { child: AnyActorRef | undefined } },
  }).createMachine({
    id: 'named',
    context: { child: undefined },
    entry: assign({ child: ({ spawn }) => spawn('late', { id }) }),
    initial: 'open',
    states: { open: { on: { TICK: 'done' } }, done: { type: 'final' } },
    output: 'ticked',
  })

describe('programs', () => {
  test('actors that never stop talking fail, and harm no other execution', async () => {
    const talk = defineEntryPoint({ id: 'talk', program: pingPong })
    const other = defineEntryPoint({ id: 'other', program: approval })
    const runtime = await begin({ store: memoryStore(), entryPoints: [talk, other] })
    const talking = await runtime.trigger('talk')
    const calm = await runtime.trigger('other')
    await calm.send({ type: 'APPROVE' })
    expect(await calm.result()).toMatchObject({ status: 'completed' })
    expect(await talking.result()).toMatchObject({ status: 'failed', error: { code: 'endless_loop' } })
  })

  test('an actor that never stops talking to itself fails', async () => {
    const talk = defineEntryPoint({ id: 'talk', program: selfish })
    const runtime = await begin({ store: memoryStore(), entryPoints: [talk] })
    const talking = await runtime.trigger('talk')
    await talking.send({ type: 'AGAIN' }).catch(() => undefined)
    expect(await talking.result()).toMatchObject({ status: 'failed', error: { code: 'endless_loop' } })
  })

  test.each(['', '/', '..', '.', '%', '%2F', '^', 'a/b', ' ', '日本', '\u0000', 'constructor', 'toString'])(
    'a child called %j has timers of its own',
    async (id) => {
      const work = defineEntryPoint({ id: 'work', program: named(id) })
      const runtime = await begin({ store: memoryStore(), entryPoints: [work] })
      const execution = await runtime.trigger('work', { id })
      expect(await execution.result({ timeout: 3_000 })).toMatchObject({ status: 'completed', output: 'ticked' })
    },
  )

  test('a child that can not be restored holds its execution, and what is stored of it is kept', async () => {
    let isBroken = false
    const till = fromTransition(
      (state: { sum: number }, event: { type: 'ADD'; amount: number }) => ({ sum: state.sum + event.amount }),
      {
        sum: 0,
      },
    )
    const fragile = {
      ...till,
      restoreSnapshot: (...args: Parameters<NonNullable<typeof till.restoreSnapshot>>) => {
        if (isBroken) throw new Error('the drawer is stuck')
        return till.restoreSnapshot?.(...args) ?? args[0]
      },
    } as typeof till
    const shop = setup({
      types: { events: {} as { type: 'SELL' } | { type: 'CLOSE' } },
      actors: { till: fragile },
    }).createMachine({
      id: 'shop',
      invoke: { src: 'till', id: 'till' },
      initial: 'open',
      states: {
        open: { on: { SELL: { actions: sendTo('till', { type: 'ADD', amount: 5 }) }, CLOSE: 'closed' } },
        closed: { type: 'final' },
      },
    })
    const world = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'shops', program: shop })] })
    const execution = await world.trigger('shops')
    await execution.send({ type: 'SELL' })
    isBroken = true
    await world.restart()
    await world.settle()
    const held = { status: 'paused', snapshot: { children: { till: { snapshot: { status: 'active', context: { sum: 5 } } } } } }
    const reason = expect.stringContaining('till can not be restored: the drawer is stuck') as string
    await execution.send({ type: 'SELL' })
    expect(await execution.get()).toMatchObject({ ...held, pause: { reason } })
    isBroken = false
    await execution.resume()
    expect(await execution.get()).toMatchObject({ snapshot: { children: { till: { snapshot: { context: { sum: 10 } } } } } })
    await world.stop()
  })
})
