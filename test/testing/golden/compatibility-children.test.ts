/** Old snapshots whose actors a new program does not have, or has elsewhere. */
import { describe, expect, test } from 'vitest'
import { createMachine, fromPromise, fromTransition, setup } from 'xstate'
import { checkCompatibility } from '../../../src/testing/index.js'
import { brief, flow, never, stored } from './old-and-new.js'

describe('the children', () => {
  const paying = (source: string, charge = never()) =>
    setup({ actors: { [source]: charge } }).createMachine({
      id: 'pay',
      initial: 'charging',
      states: { charging: { invoke: { id: 'charge', src: source, onDone: 'paid' } }, paid: {} },
    })

  test('need their sources', async () => {
    const old = await stored(paying('charge'), [], { hanging: ['charge'] })
    const report = await checkCompatibility(old, paying('chargeCard'))
    expect(brief(report.misfits)).toEqual(['child_gone at children.charge.src'])
    expect(report.misfits[0]?.message).toContain("charge: there is no actor source 'charge' any more")
    expect((await checkCompatibility(old, paying('charge'))).ok).toBe(true)
  })

  const shipping = (inner: ReturnType<typeof flow>) =>
    setup({ actors: { parcel: inner } }).createMachine({
      id: 'shop',
      initial: 'shipping',
      states: { shipping: { invoke: { id: 'parcel', src: 'parcel' } } },
    })

  test('need their states, however deep they lie', async () => {
    const old = await stored(shipping(flow('packing')))
    const report = await checkCompatibility(old, shipping(flow('wrapping')))
    expect(brief(report.misfits)).toEqual(['state_gone at children.parcel.snapshot.value'])
    expect(report.misfits[0]?.message).toContain("parcel: there is no state 'packing' any more")
  })

  test('that are inline must stand where they stood', async () => {
    const machine = (...ids: string[]) =>
      createMachine({ id: 'm', initial: 'busy', states: { busy: { invoke: ids.map((id) => ({ id, src: never() })) } } })
    const old = await stored(machine('charge', 'notify'), [], { hanging: ['charge', 'notify'] })
    expect((await checkCompatibility(old, machine('charge', 'notify'))).ok).toBe(true)
    const swapped = await checkCompatibility(old, machine('notify', 'charge'))
    expect(brief(swapped.misfits)).toEqual(['child_moved at children.charge.src', 'child_moved at children.notify.src'])
    expect(swapped.misfits[0]?.message).toContain("the inline invoke 'charge' would be restored as 'notify'")
    expect(brief((await checkCompatibility(old, machine('charge'))).misfits)).toEqual(['child_gone at children.notify.src'])
  })

  test('that a state invokes only now would never start', async () => {
    const old = await stored(flow('open'))
    const now = setup({ actors: { greet: never() } }).createMachine({
      id: 'flow',
      initial: 'open',
      states: { open: { invoke: { id: 'greet', src: 'greet' } } },
    })
    const report = await checkCompatibility(old, now)
    expect(brief(report.misfits)).toEqual(['child_missing at children.greet'])
    const { snapshot } = old
    const mended = { ...snapshot, status: 'active', children: { greet: { src: 'greet', snapshot: { status: 'active' } } } }
    expect((await checkCompatibility(mended, now)).ok).toBe(true)
  })

  test('that ended by themselves are not missed', async () => {
    const once = setup({ actors: { charge: fromPromise(async () => 1) } }).createMachine({
      id: 'pay',
      initial: 'open',
      states: { open: { invoke: { id: 'charge', src: 'charge', onDone: { actions: () => undefined } } } },
    })
    const old = await stored(once)
    expect(old.snapshot?.children?.['charge']?.snapshot.status).toBe('done')
    expect((await checkCompatibility({ it: old.snapshot as never }, once)).ok).toBe(true)
  })

  test('that context refers to must be there', async () => {
    const desk = setup({ types: { context: {} as { clerk?: unknown } }, actors: { clerk: flow('idle') } }).createMachine({
      id: 'desk',
      context: ({ spawn }) => ({ clerk: spawn('clerk', { id: 'clerk' }) }),
    })
    const old = await stored(desk)
    expect((await checkCompatibility(old, desk)).ok).toBe(true)
    const { children: _, ...rest } = old.snapshot as unknown as { children: unknown; status: string }
    const report = await checkCompatibility({ ...rest, children: {} }, desk)
    expect(brief(report.misfits)).toEqual(['ref_gone at context.clerk'])
  })

  test('that can not be restored are named, though XState says nothing', async () => {
    const moody = (isWell: boolean) => {
      const logic = fromTransition((state) => state, 0)
      return {
        ...logic,
        restoreSnapshot: (snapshot: never) => {
          if (isWell) return snapshot
          throw new Error('another format')
        },
      } as never as typeof logic
    }
    const machine = (isWell: boolean) =>
      setup({ actors: { count: moody(isWell) } }).createMachine({ id: 'm', invoke: { id: 'count', src: 'count' } })
    const old = await stored(machine(true))
    const report = await checkCompatibility(old, machine(false))
    expect(brief(report.misfits)).toEqual(['restore_failed at children.count.snapshot.status'])
    expect(report.misfits[0]?.message).toContain('another format')
  })
})
