/** How each execution of the golden databases is to end. Owns: outputs with their types, and the keys of steps that run again. */

/** What was ordered, in every order. */
export const goldenLines = new Map([
  ['apples', { amount: 3n, due: new Date(Date.UTC(2026, 1, 1)) }],
  ['pears', { amount: 2n ** 70n, due: new Date(Date.UTC(2026, 1, 2)) }],
])

/** An order whose receipt says when it was charged: before its process died, or after that, under the same key. */
function ordered(order: string, receipt: string, notes: readonly string[] = []) {
  const packed = { lines: 2, by: 'packer' }
  const placed = new Date(Date.UTC(2025, 11, 24))
  return { status: 'completed', output: { order, placed, lines: goldenLines, notes, receipt, packed, remarks: notes.length } }
}

const before = (order: string, notes?: readonly string[]) => ordered(order, `charge ${order} landed`, notes)
const after = (order: string) => ordered(order, `${order} charged as ${order}/charge#1`)

function ran(what: string, done = `${what} done`) {
  return { status: 'completed', output: { done, on: new Date(Date.UTC(2026, 0, 2)), words: new Set([what]) } }
}

const cancelledAt = Date.UTC(2026, 0, 1, 13, 12)

/** The outcome of each execution, by id. */
export const goldenEnds: Readonly<Record<string, unknown>> = {
  completed: before('completed', ['gift']),
  'owed-at-end': before('owed-at-end', ['brings it back']),
  waiting: before('waiting'),
  'completed-errand': ran('completed-errand', 'completed-errand landed'),
  failed: {
    status: 'failed',
    error: {
      name: 'TypeError',
      message: 'broken',
      code: 'E_GOLDEN',
      stack: 'TypeError: broken\n    at golden.js:1:1',
      cause: { name: 'Error', message: 'cause', stack: 'Error: cause\n    at golden.js:2:1' },
    },
  },
  cancelled: { status: 'cancelled', at: Date.UTC(2026, 0, 1, 13), reason: 'enough', actor: 'ann' },
  timed_out: { status: 'timed_out', limit: 'timeout' },
  packing: before('packing'),
  'on-hold': before('on-hold'),
  kept: before('kept', ['one', 'two']),
  'backing-off': after('backing-off'),
  paused: before('paused', ['while away', 'still away']),
  ahead: ran('ahead'),
  rejected: { status: 'rejected', reason: 'queue_full' },
  queued: ran('queued'),
  shelved: ran('shelved'),
  running: after('running'),
  'running-errand': ran('running-errand'),
  parent: ran('parent'),
  first2: ran('parent'),
  pausing: after('pausing'),
  'pausing-now': after('pausing-now'),
  cancelling: { status: 'cancelled', at: cancelledAt, reason: 'no more' },
  compensating: { status: 'cancelled', at: cancelledAt, reason: 'money back', actor: 'dan' },
  commanded: { status: 'cancelled', at: cancelledAt, reason: 'from elsewhere', actor: 'eve' },
  owed: before('owed'),
}
