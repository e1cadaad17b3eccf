/** Old snapshots whose history or timers a new program has no use for. */
import { describe, expect, test, vi } from 'vitest'
import { cancel, createMachine, raise, sendTo, setup, stopChild } from 'xstate'
import { checkCompatibility } from '../../../src/testing/index.js'
import { brief, stored } from './old-and-new.js'

describe('the history', () => {
  const machine = (remembered: string, history = 'back') =>
    createMachine({
      id: 'm',
      initial: 'on',
      states: {
        on: {
          initial: 'slow',
          on: { OFF: 'off' },
          states: { slow: { on: { FASTER: remembered } }, [remembered]: {}, [history]: { type: 'history' } },
        },
        off: { on: { ON: `on.${history}` } },
      },
    })

  test('must remember states that there are', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    const old = await stored(machine('fast'), ['FASTER', 'OFF'])
    expect((await checkCompatibility(old, machine('fast'))).ok).toBe(true)
    const report = await checkCompatibility(old, machine('quick'))
    expect(brief(report.misfits)).toEqual(['history_gone at historyValue.m.on.back'])
    expect(report.misfits[0]?.message).toContain("'m.on.fast'")
    expect(brief((await checkCompatibility(old, machine('fast', 'again'))).misfits)).toEqual([
      'history_gone at historyValue.m.on.back',
    ])
    expect(warn).not.toHaveBeenCalled()
    warn.mockRestore()
  })
})

describe('the timers', () => {
  const waiting = (delay: number, more: object = {}) =>
    createMachine({ id: 'm', initial: 'open', states: { open: { after: { [delay]: 'late' }, ...more }, late: {} } })

  test('must be waited for', async () => {
    const old = await stored(waiting(1_000))
    expect((await checkCompatibility(old, waiting(1_000, { on: { GO: 'late' } }))).ok).toBe(true)
    const report = await checkCompatibility(old, waiting(2_000))
    expect(brief(report.misfits)).toEqual(['timer_missing at value', 'timer_gone at timers[0]'])
    expect(report.misfits[1]?.message).toContain(
      "the timer for 'xstate.after.1000.m.open' would do nothing: no active state waits for it",
    )
  })

  test('that a state has only now are never set', async () => {
    const report = await checkCompatibility(
      await stored(createMachine({ id: 'm', initial: 'open', states: { open: {} } })),
      waiting(1_000),
    )
    expect(brief(report.misfits)).toEqual(['timer_missing at value'])
    const accepted = await checkCompatibility(
      await stored(createMachine({ id: 'm', initial: 'open', states: { open: {} } })),
      waiting(1_000),
      { accept: ['timer_missing'] },
    )
    expect(accepted.ok).toBe(true)
  })

  test('that may have fired are not missed', async () => {
    const reminded = (more: object = {}) =>
      createMachine({
        id: 'm',
        initial: 'open',
        states: {
          open: { after: { 1000: { actions: () => undefined }, 2000: { guard: () => false, target: 'open' } }, ...more },
        },
      })
    expect((await checkCompatibility(await stored(flowless('open')), reminded())).ok).toBe(true)
  })

  const flowless = (state: string) => createMachine({ id: 'm', initial: state, states: { [state]: {} } })

  test('that raise an event need somebody who takes it', async () => {
    const remind = (type: string, taken = type) =>
      setup({ types: { events: {} as { type: string } } }).createMachine({
        id: 'm',
        entry: raise({ type }, { delay: 1_000 }),
        initial: 'open',
        states: { open: {}, other: { on: { [taken]: 'open' } } },
      })
    const old = await stored(remind('REMIND'))
    expect((await checkCompatibility(old, remind('NUDGE', 'REMIND'))).ok).toBe(true)
    expect((await checkCompatibility(old, remind('NUDGE', '*'))).ok).toBe(true)
    expect(brief((await checkCompatibility(old, remind('NUDGE'))).misfits)).toEqual(['timer_gone at timers[0]'])
  })

  test('that are for a child are asked of the child', async () => {
    const desk = (taken: string) => {
      const clerk = createMachine({ id: 'clerk', on: { [taken]: { actions: () => undefined } } })
      return setup({ actors: { clerk } }).createMachine({
        id: 'desk',
        invoke: { id: 'clerk', src: 'clerk' },
        entry: sendTo('clerk', { type: 'WAKE' }, { delay: 1_000 }),
        // the desk's own does not count
        on: { WAKE: { actions: () => undefined } },
      })
    }
    const old = await stored(desk('WAKE'))
    expect(old.timers).toMatchObject([{ source: '', target: 'clerk' }])
    expect((await checkCompatibility(old, desk('WAKE'))).ok).toBe(true)
    expect(brief((await checkCompatibility(old, desk('SLEEP'))).misfits)).toEqual(['timer_gone at timers[0]'])
  })
})

test('what a program has put an end to itself is not missed under the same structure', async () => {
  const clerk = createMachine({ id: 'clerk' })
  const desk = (more: object = {}) =>
    setup({ types: { context: {} as { clerk: unknown } }, actors: { clerk } }).createMachine({
      id: 'desk',
      context: ({ spawn }) => ({ clerk: spawn('clerk', { id: 'clerk' }) }),
      invoke: { id: 'helper', src: 'clerk' },
      initial: 'open',
      states: { open: { after: { 1_000: 'late' } }, late: {}, ...more },
      on: { GO: { actions: [stopChild('clerk'), stopChild('helper'), cancel('xstate.after.1000.desk.open')] } },
    })
  const old = await stored(desk(), ['GO'])
  expect(old).toMatchObject({ value: 'open', timers: [], snapshot: { children: {} } })
  expect((await checkCompatibility(old, desk())).ok).toBe(true)
  const { misfits } = await checkCompatibility(old, desk({ other: {} }))
  expect(brief(misfits)).toEqual(['child_missing at children.helper', 'timer_missing at value'])
})
