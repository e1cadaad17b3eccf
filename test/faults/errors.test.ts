/** Attacks by what is thrown: whatever it is, it ends its own execution and no other. */
import { describe, expect, test } from 'vitest'
import { fromPromise } from 'xstate'
import { defineEntryPoint, toErrorRecord } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { begin } from '../support/begin.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { worker } from '../support/programs.js'

const fail = () => {
  throw new Error('not to be read')
}
const circular = Object.create(null) as Record<string, unknown>
circular['self'] = circular

const thrown: readonly [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['a symbol', Symbol('s')],
  ['a bigint', 10n],
  ['a frozen error', Object.freeze(new Error('frozen'))],
  ['an object whose message can not be read', Object.defineProperty({}, 'message', { get: fail, enumerable: true })],
  ['a proxy that can not be read', new Proxy({}, { get: fail, ownKeys: fail, getPrototypeOf: fail })],
  ['a circular object without a prototype', circular],
  ['an error whose parts are no texts', Object.assign(new Error('x'), { message: fail, name: { fail }, stack: [fail] })],
  ['what looks like a record', { name: 'Error', message: 'x', handler: fail, details: { fail, big: 1n } }],
]

describe('what is thrown', () => {
  test.each(thrown)('by a step may be %s', async (_, value) => {
    const flights = new StepsInFlight()
    const bad = defineEntryPoint({ id: 'bad', program: fromPromise(() => Promise.reject(value)) })
    const good = defineEntryPoint({ id: 'good', program: worker(flights) })
    const runtime = await begin({ store: memoryStore(), entryPoints: [bad, good], supervision: { intensity: 0 } })
    const other = await runtime.trigger('good', { label: 'a' })
    const execution = await runtime.trigger('bad')
    expect(await execution.result({ timeout: 3_000 })).toMatchObject({ status: 'failed', error: { message: expect.any(String) } })
    ;(await flights.started('a.1')).end()
    ;(await flights.started('a.2')).end()
    expect(await other.result()).toMatchObject({ status: 'completed' })
    expect(() => structuredClone(toErrorRecord(value))).not.toThrow()
  })
})
