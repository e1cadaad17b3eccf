/** What the next commit makes of an execution: who holds it then, and when it is woken. */
import { expect, test } from 'vitest'
import { decide, type DecisionInput } from '../../../src/actors/execution/commit-decision.js'

const input: DecisionInput = { status: 'running', limits: {}, owed: false, isLeaving: false, nextTimer: undefined }
const kept = { leaves: false, isKept: true, isLast: false, dueAt: null }
const left = { leaves: true, isKept: false, isLast: true, dueAt: null }

test.each<[string, Partial<DecisionInput>, object]>([
  ['one that goes on is kept', {}, kept],
  ['a paused one is given back', { status: 'paused' }, left],
  ['one that has ended is given back', { status: 'failed' }, left],
  ['one that was told to leave is given back', { isLeaving: true }, left],
  ['an end with pending actions is the last word, and is kept', { status: 'completed', owed: true }, { ...kept, isLast: true }],
  [
    'a pause with pending actions is on its way out, and kept until they are done',
    { status: 'paused', owed: true },
    { ...kept, leaves: true },
  ],
  ['one that waits is woken by its next timer', { status: 'waiting', nextTimer: 7 }, { ...kept, dueAt: 7 }],
  ['one that runs is not', { nextTimer: 7 }, kept],
  [
    'a limit wakes it before a later timer',
    { status: 'waiting', nextTimer: 7, limits: { deadlineAt: 5 } },
    { ...kept, dueAt: 5 },
  ],
  ['nothing wakes one that has ended', { status: 'timed_out', limits: { deadlineAt: 5 } }, left],
])('%s', (_, what, expected) => {
  expect(decide({ ...input, ...what })).toEqual(expected)
})
