/** What is promised for a time, when much of it comes at once. */
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { WallClock } from '../src/wall-clock.js'

test('what comes at once and takes long lets the event loop have its turns, in its order; what is cleared meanwhile does not come', async () => {
  let time = 0
  const timers: (() => void)[] = []
  const clock = new WallClock({
    now: () => time,
    monotonic: () => time,
    setTimeout: (fn) => timers.push(fn),
    clearTimeout: () => undefined,
  })
  const came: number[] = []
  const alarms = [1, 2, 3, 4, 5, 6].map((name) =>
    clock.alarm(0, () => {
      came.push(name)
      time += 30
    }),
  )
  for (const timer of timers) timer()
  expect(came).toEqual([1, 2])
  clock.clearAlarm(alarms[3])
  await turn()
  expect(came).toEqual([1, 2, 3, 5])
  await turn()
  expect(came).toEqual([1, 2, 3, 5, 6])
})

test('what a standstill has made late comes in the order in which it was due, however the timers fire', () => {
  let time = 0
  const timers = new Map<object, () => void>()
  const clock = new WallClock({
    now: () => time,
    monotonic: () => time,
    setTimeout(fn) {
      const handle = {}
      timers.set(handle, fn)
      return handle
    },
    clearTimeout: (handle) => void timers.delete(handle as object),
  })
  const came: string[] = []
  const alarm = (name: string, at: number) => clock.alarm(at, () => came.push(name))
  const cleared = alarm('cleared', 400)
  for (const [name, at] of [
    ['second', 1_000],
    ['first', 300],
    ['third', 1_000],
    ['fourth', 5_000],
  ] as const)
    alarm(name, at)
  clock.clearAlarm(cleared)
  time = 6_000
  for (const [handle, fire] of timers) if (timers.delete(handle)) fire()
  expect(came).toEqual(['first', 'second', 'third', 'fourth'])
})

test('two set-backs between two looks are two: what was written between them is not taken for as early as what was written before', () => {
  let passed = 0
  let set = 1_000_000
  let look: (by: number) => void = () => undefined
  const clock = new WallClock({
    now: () => passed + set,
    monotonic: () => passed,
    setTimeout: () => ({}),
    clearTimeout: () => undefined,
    onJump(listener) {
      look = listener
      return () => undefined
    },
  })
  clock.watch()
  const told: number[] = []
  clock.onJump((by) => told.push(by))
  const first = clock.now()
  passed += 300
  set -= 60_000
  const between = clock.now()
  const alarm = clock.alarm(between + 10_000, () => undefined)
  passed += 300
  set -= 60_000
  clock.glance()
  look(-120_000)
  expect(told).toEqual([-120_000])
  expect(clock.setBack).toBe(120_000)
  expect(clock.setBackSince(first)).toBe(120_000)
  expect(clock.setBackSince(between)).toBe(60_000)
  expect(clock.dueAt(alarm)).toBe(clock.now() + 9_700)
})
