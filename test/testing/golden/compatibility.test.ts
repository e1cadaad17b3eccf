/** Which old snapshots would not go on in a new program, and why: their states, and what may be given to be checked. */
import { describe, expect, test } from 'vitest'
import { assign, createActor, createMachine, fromCallback, fromPromise, fromTransition, setup } from 'xstate'
import { checkCompatibility } from '../../../src/testing/index.js'
import { brief, flow, never, stored } from './old-and-new.js'

describe('a bare machine', () => {
  test('takes what has its states, whatever else has changed', async () => {
    const old = await stored(flow('open', 'approval'), ['GO'])
    const report = await checkCompatibility([old], flow('open', 'check', 'approval', 'closed'))
    expect(report).toMatchObject({ ok: true, checked: 1, fits: [old.id], misfits: [] })
    expect(String(report)).toBe('All 1 snapshots fit.')
  })

  test('says which state is gone, where, and what to do', async () => {
    const report = await checkCompatibility(
      { 'an old order': await stored(flow('open', 'approval'), ['GO']) },
      flow('open', 'review'),
    )
    expect(report).toMatchObject({ ok: false, checked: 1, fits: [] })
    expect(report.misfits).toEqual([
      {
        name: 'an old order',
        reason: 'state_gone',
        path: 'value',
        message:
          "there is no state 'approval' any more; give the snapshot a state of now in `migrate`, or keep the old program in `versions` for it.",
      },
    ])
    expect(String(report).split('\n')).toEqual([
      '1 of 1 snapshots would not go on:',
      expect.stringMatching(/^ {2}an old order: state_gone at value: there is no state 'approval'/),
    ])
  })

  test('says each state that is gone, in every region', async () => {
    const regions = (...names: string[]) =>
      createMachine({
        id: 'regions',
        type: 'parallel',
        states: {
          left: { initial: names[0] as string, states: { [names[0] as string]: {} } },
          right: { initial: 'x', states: { [names[1] as string]: {}, x: {} } },
        },
      })
    const old = createActor(regions('a', 'x')).getPersistedSnapshot()
    const report = await checkCompatibility(
      old,
      createMachine({ id: 'regions', type: 'parallel', states: { left: { initial: 'b', states: { b: {} } }, other: {} } }),
    )
    expect(report.misfits.map(({ message }) => message.split(';')[0])).toEqual([
      "there is no state 'left.a' any more",
      "there is no state 'right' any more",
    ])
    expect(report.misfits[0]?.name).toBe('{ left: a, right: x }')
  })

  test('says that a state got states of its own, which nothing would enter', async () => {
    const deeper = createMachine({
      id: 'flow',
      initial: 'open',
      states: { open: { initial: 'new', states: { new: {}, known: {} } } },
    })
    const report = await checkCompatibility(await stored(flow('open')), deeper)
    expect(brief(report.misfits)).toEqual(['state_changed at value'])
    expect(report.misfits[0]?.message).toContain("'open' becomes 'open.new' without entering it")
  })

  test('says that a machine is none any more', async () => {
    const report = await checkCompatibility(
      await stored(flow('open')),
      fromTransition((state) => state, 0),
    )
    expect(brief(report.misfits)).toEqual(['logic_changed at value'])
  })

  test('says that other logic is a machine now', async () => {
    const report = await checkCompatibility(await stored(never(), [], { hanging: ['orders'] }), flow('open'))
    expect(brief(report.misfits)).toEqual(['logic_changed at value'])
  })
})

describe('what is given', () => {
  test('may be one, many, or many by name, and each has a name of its own', async () => {
    const old = await stored(flow('open', 'done'))
    const { snapshot } = old
    const names = async (given: Parameters<typeof checkCompatibility>[0]) => (await checkCompatibility(given, flow('open'))).fits
    expect(await names(old)).toEqual([old.id])
    expect(await names(snapshot as never)).toEqual(['open'])
    expect(await names([old, snapshot as never, snapshot as never])).toEqual([old.id, 'open', 'open (2)'])
    expect(await names({ a: old, b: snapshot as never })).toEqual(['a', 'b'])
    expect(
      await names(
        (async function* () {
          yield old
        })(),
      ),
    ).toEqual([old.id])
    expect(await names([])).toEqual([])
  })

  test('fits if it has ended, or has not begun', async () => {
    const ending = createMachine({ id: 'm', initial: 'a', states: { a: { on: { GO: 'b' } }, b: { type: 'final' } } })
    const ended = await stored(ending, ['GO'])
    expect(ended.status).toBe('completed')
    expect(
      (
        await checkCompatibility(
          [ended, ended.snapshot as never, { ...ended, status: 'queued', snapshot: undefined }],
          flow('open'),
        )
      ).ok,
    ).toBe(true)
  })

  test('is refused if it is no snapshot', async () => {
    await expect(checkCompatibility({ a: 5 as never }, flow('open'))).rejects.toMatchObject({
      code: 'invalid_option',
      details: { name: 'a' },
    })
  })

  test('breaks if it was taken from a stopped actor, or is damaged', async () => {
    const actor = createActor(flow('open')).start()
    actor.stop()
    expect(brief((await checkCompatibility(actor.getPersistedSnapshot(), flow('open'))).misfits)).toEqual([
      'restore_failed at status',
    ])
    expect(brief((await checkCompatibility({ status: 'active', value: 'open' }, flow('open'))).misfits)).toEqual([
      'restore_failed at ',
    ])
  })

  test('is left as it was, and nothing of it runs', async () => {
    const ran: string[] = []
    const step = fromPromise(async () => void ran.push('step'))
    const listen = fromCallback(() => void ran.push('callback'))
    const machine = setup({ actors: { step, listen }, actions: { tell: () => void ran.push('action') } }).createMachine({
      id: 'm',
      initial: 'a',
      states: {
        a: {
          entry: 'tell',
          invoke: [
            { id: 'step', src: 'step' },
            { id: 'listen', src: 'listen' },
          ],
          after: { 1: { actions: 'tell' } },
        },
      },
      context: { n: 1 },
      exit: assign({ n: 2 }),
    })
    const snapshot = {
      status: 'active',
      value: 'a',
      context: { n: 1 },
      historyValue: {},
      children: {
        step: { src: 'step', snapshot: { status: 'active', input: 1 } },
        listen: { src: 'listen', snapshot: { status: 'active' } },
      },
    }
    const copy = structuredClone(snapshot)
    const report = await checkCompatibility(snapshot, machine)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect([String(report), ran, snapshot]).toEqual(['All 1 snapshots fit.', [], copy])
  })
})
