/** Custom actions that are owed at a crash: what they are given again. */
import { expect, test } from 'vitest'
import { setup, type AnyActorRef } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import { begin } from '../harness/begin.js'
import { eventually } from '../harness/eventually.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { places } from '../harness/store-place.js'

test.each(places)(
  'a named action is owed though the context holds actor refs, and gets live ones again (%s)',
  async (_, placeOf) => {
    const place = placeOf()
    const clock = new SimulatedClock()
    const told: { to: string; remarks: unknown[] }[] = []
    let dies: () => void = () => undefined
    const clerk = setup({}).createMachine({ id: 'clerk', context: { name: 'clerk' } })
    const program = setup({
      types: { context: {} as { desk: { clerks: AnyActorRef[] } }, events: {} as { type: 'GO' } },
      actors: { clerk },
      actions: {
        tell: ({ context }, { to }: { to: string }) => {
          told.push({ to, remarks: context.desk.clerks.map((ref) => ref.getSnapshot().context) })
          dies()
        },
      },
    }).createMachine({
      id: 'desk',
      context: ({ spawn }) => ({ desk: { clerks: [spawn('clerk', { id: 'one' }), spawn('clerk', { id: 'two' })] } }),
      on: { GO: { actions: { type: 'tell', params: { to: 'ann' } } } },
    })
    const entryPoints = [defineEntryPoint({ id: 'desk', program })] as const
    const first = place.connect()
    const runtime = await begin({ store: first, clock, entryPoints })
    const { id } = await runtime.trigger('desk')
    await eventually('it to wait', async () => (await first.load(id))?.status === 'waiting')
    dies = () => first.cut()
    void runtime.execution(id).send({ type: 'GO' })
    await eventually('the crash', () => first.isCut)
    dies = () => undefined

    const second = await begin({ store: place.connect(), clock, entryPoints })
    const once = { to: 'ann', remarks: [{ name: 'clerk' }, { name: 'clerk' }] }
    await eventually('the action again', () => told.length === 2)
    expect(told).toEqual([once, once])
    await eventually('nothing to be owed', async () => {
      const record = await second.execution(id).get()
      return 'owed' in record && record.owed === 0
    })
  },
)
