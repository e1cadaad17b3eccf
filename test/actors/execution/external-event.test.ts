/** What may be sent to a program from outside. */
import { expect, test } from 'vitest'
import { eventProblem } from '../../../src/actors/execution/external-event.js'

test.each([
  [undefined, 'nothing'],
  [null, 'null'],
  ['GO', 'string'],
  [{}, 'without a `type`'],
  [{ type: '' }, 'without a `type`'],
  [{ type: 1 }, 'without a `type`'],
  [{ type: '*' }, 'wildcard'],
  [{ type: 'xstate.done.actor.charge', output: 1 }, "XState's own"],
])('the event %j is refused', (event, why) => {
  expect(eventProblem(event)).toContain(why)
})

test('an event with a type of its own is fine', () => {
  expect([eventProblem({ type: 'GO' }), eventProblem({ type: 'xstates' })]).toEqual([undefined, undefined])
})
