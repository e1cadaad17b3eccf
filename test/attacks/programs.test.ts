/** Attacks by programs: endless talk between actors, and ids that are none. */
import { describe, expect, test } from 'vitest'
import { assign, sendParent, sendTo, setup, type AnyActorRef } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { begin } from '../harness/begin.js'
import { approval } from '../harness/programs.js'

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
})
