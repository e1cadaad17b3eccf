/** What a test gives to `pathsOf`: refused where it would be tried in vain, or under another name. */
import { expect, test } from 'vitest'
import { setup } from 'xstate'
import { defineEntryPoint, fromStep } from '../../../src/index.js'
import { pathsOf, type PathOptions } from '../../../src/testing/index.js'

const step = fromStep<string>(() => 'done')
const program = setup({ actors: { toString: step, charge: step } }).createMachine({
  id: 'm',
  initial: 'a',
  states: {
    a: { on: { GO: 'b', 'pay.*': 'd' } },
    b: { invoke: { src: 'toString', onDone: 'c' } },
    c: { invoke: { src: 'charge', onDone: 'd' } },
    d: {},
  },
})
const entryPoint = defineEntryPoint({ id: 'm', program })

test.each([
  ['events.GO', { events: { GO: { type: 'GO' } } }],
  ['events.GO[0]', { events: { GO: [{ type: 'STOP' }] } }],
  ['events.GO[1]', { events: { GO: [{ type: 'GO' }, null] } }],
  ['events.G0', { events: { G0: [{ type: 'G0' }] } }],
  ['outputs.charge', { outputs: { charge: 'done' } }],
  ['errors.charge', { errors: { charge: new Error('closed') } }],
  ['context', { context: 5 }],
])('%s is refused in %o', (option, options) => {
  const find = () => pathsOf(entryPoint, options as unknown as PathOptions<typeof program>)
  expect(find).toThrow(expect.objectContaining({ code: 'invalid_option', details: expect.objectContaining({ option }) }))
})

test('an event that only a wildcard takes is known, and one that is never to be sent need not be', () => {
  const events = { 'pay.cash': [{ type: 'pay.cash' }], NEVER: [] }
  const found = pathsOf(entryPoint, { events } as never).map(({ description }) => description)
  expect(found).toEqual(['pay.cash → d', 'GO → toString ends → charge ends → d'])
})

test('a step may be called as what every object has', async () => {
  const paths = pathsOf(entryPoint, { outputs: { toString: ['a text'] } } as never)
  expect(paths.map(({ description }) => description)).toEqual(['GO → toString ends with "a text" → charge ends → d'])
  for (const path of paths) await path.run({ crashAfter: [2] })
  expect(() => pathsOf(entryPoint, { outputs: { valueOf: [1] } } as never)).toThrow(/names no step/)
})
