/**
 * The promise of the snapshot codec: what it stores comes back equal and fresh. What it turns down is in
 * `snapshot-codec-refusals.test.ts`.
 */
import { Readable } from 'node:stream'
import { isDeepStrictEqual } from 'node:util'
import { createContext, runInContext } from 'node:vm'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createActor, setup } from 'xstate'
import { isStatewardError, StatewardError } from '../../src/errors.js'
import { clone, decode, encode } from '../../src/codec/snapshot-codec.js'
import { at, refusalOf, storable } from './storable-values.js'

const roundTrip = (value: unknown) => decode(encode(value, at), at)

describe('plain values', () => {
  test('plain JSON is stored as it is', () => {
    expect(encode({ a: [1, 'x', null, true], b: {} }, at)).toBe('{"f":1,"v":{"a":[1,"x",null,true],"b":{}}}')
  })

  test('undefined comes back where it was, and costs no superjson', () => {
    const value = { output: undefined, list: [1, undefined], 'a/~b': { '"': undefined }, __proto__: null }
    expect(encode(value, at)).toBe('{"f":1,"v":{"list":[1,null],"a/~b":{}},"u":["/output","/list/1","/a~1~0b/\\""]}')
    expect(roundTrip({ ...value })).toStrictEqual({ ...value })
    expect(roundTrip(undefined)).toBeUndefined()
  })

  test('the persisted snapshot of an actor is stored as plain JSON', () => {
    const child = setup({}).createMachine({ context: { n: 1 } })
    const parent = setup({ actors: { child } }).createMachine({ invoke: { src: 'child', id: 'c' }, context: { note: undefined } })
    const snapshot = createActor(parent).start().getPersistedSnapshot()
    expect(encode(snapshot, at)).toMatch(/^\{"f":1,"v":/)
    expect(roundTrip(snapshot)).toStrictEqual(snapshot)
  })

  test('reserved keys are data in plain JSON', () => {
    const value = JSON.parse('{"__proto__":{"a":1},"constructor":{"prototype":2},"n":{"constructor":"c"}}') as object
    const back = roundTrip({ v: value, none: undefined }) as { v: object }
    expect(Object.keys(back.v)).toEqual(['__proto__', 'constructor', 'n'])
    expect(Object.getPrototypeOf(back.v)).toBe(Object.prototype)
    expect(JSON.stringify(back.v)).toBe(JSON.stringify(value))
  })

  test('a reference to an actor as XState writes it is plain data', () => {
    expect(roundTrip({ ref: { xstate$$type: 1, id: 'child' } })).toEqual({ ref: { xstate$$type: 1, id: 'child' } })
  })

  test('objects without a prototype and of another realm come back as plain objects', () => {
    const realm = createContext({})
    const foreign: unknown = runInContext(
      '({ a: [1, { b: undefined }], d: new Date(5), m: new Map([["k", new Set([1])]]), e: new TypeError("no"), r: /x/g, u: new Uint8Array([7]) })',
      realm,
    )
    const back = roundTrip(foreign) as { e: Error }
    expect(back).toEqual({
      a: [1, { b: undefined }],
      d: new Date(5),
      m: new Map([['k', new Set([1])]]),
      e: new TypeError('no'),
      r: /x/g,
      u: new Uint8Array([7]),
    })
    expect(back.e).toBeInstanceOf(TypeError)
    expect(encode(runInContext('({ a: [{}] })', realm), at)).toBe('{"f":1,"v":{"a":[{}]}}')
    expect(refusalOf(runInContext('class Money {}; ({ a: new Money() })', realm))).toMatchObject({
      kind: 'class_instance',
      path: 'a',
    })
  })

  test('an object that is reachable twice comes back as two', () => {
    for (const shared of [{ n: 1 }, { n: new Date(1) }]) {
      const back = roundTrip({ set: new Set([shared]), a: shared, b: shared }) as { a: object; b: object }
      expect(back).toEqual({ set: new Set([shared]), a: shared, b: shared })
      expect(back.a).not.toBe(back.b)
    }
  })

  test('the result may be changed without touching the original', () => {
    const value = Object.freeze({ list: Object.freeze([1]), map: new Map([['a', Object.freeze({ n: 1 })]]) })
    const copy = clone<{ list: number[]; map: Map<string, { n: number }> }>(value as never, at)
    copy.list.push(2)
    const entry = copy.map.get('a')
    if (entry) entry.n = 2
    expect(copy).toEqual({ list: [1, 2], map: new Map([['a', { n: 2 }]]) })
    expect(value).toEqual({ list: [1], map: new Map([['a', { n: 1 }]]) })
  })
})

describe('rich values', () => {
  test.each([
    ['NaN', Number.NaN],
    ['infinities', [Infinity, -Infinity]],
    ['minus zero', { z: -0 }],
    ['bigint', [1n, -(2n ** 200n), 1n]],
    ['Date', { d: new Date('+012345-01-02T03:04:05.006Z') }],
    ['RegExp', [/a\/b\n[/]/giu, /(?:)/]],
    ['URL', new URL('https://user:p@example.com:8080/a?b=c#d')],
    [
      'Map',
      new Map<unknown, unknown>([
        [{ k: new Date(1) }, 1n],
        [Number.NaN, undefined],
        [-1, new Map([['', []]])],
        ['a.b\\c', new Set([[]])],
      ]),
    ],
    ['Set', new Set<unknown>([1, '1', undefined, Number.NaN, new Set([new Date(1), new Date(1)]), { a: 1n }])],
    ['odd keys', { '': 1n, 'a.b': { 'c\\': 2n }, '\\.': new Date(3), toString: 4n, hasOwnProperty: undefined }],
    [
      'integer arrays',
      [new Int8Array([-1]), new Uint8Array([255]), new Uint8ClampedArray([255]), new Int16Array([-300]), new Uint16Array([9])],
    ],
    [
      'wide arrays',
      [new Int32Array([-1]), new Uint32Array([4e9]), new Float32Array([1.5]), new Float64Array([0.1, 1e300]), new Uint8Array()],
    ],
  ])('%s comes back', (_name, value) => {
    expect(isDeepStrictEqual(roundTrip(value), value)).toBe(true)
  })

  test('an object without a prototype comes back as a plain one, and one object in two places as two', () => {
    const bare: unknown = Object.assign(Object.create(null) as object, { a: 1n })
    const back = roundTrip({ bare, list: [bare, bare] }) as { bare: object; list: object[] }
    for (const each of [back.bare, ...back.list]) {
      expect(each).toStrictEqual({ a: 1n })
      expect(Object.getPrototypeOf(each)).toBe(Object.prototype)
    }
    expect(back.list[0]).not.toBe(back.list[1])
  })

  test('the view of a part of a buffer comes back as that part', () => {
    expect(roundTrip(new Uint16Array(new Uint16Array([1, 2, 3, 4]).buffer, 2, 2))).toStrictEqual(new Uint16Array([2, 3]))
  })

  test('a RegExp goes on where it was in its text', () => {
    const from = { at: /a/g, first: /a/g }
    from.at.test('aaa')
    const back = roundTrip(from) as typeof from
    expect([back.at.lastIndex, back.first.lastIndex, String(back.at)]).toEqual([1, 0, '/a/g'])
  })

  test('a chain of causes that is cut says so: where it goes round in a circle, and where it is too long', () => {
    const own = new Error('own')
    own.cause = own
    expect(roundTrip(own)).toMatchObject({ message: 'own', cause: { message: '… the causes go round in a circle' } })
    const [outer, inner] = [new Error('outer'), new Error('inner')]
    outer.cause = inner
    inner.cause = outer
    expect(roundTrip({ outer })).toMatchObject({
      outer: { message: 'outer', cause: { message: 'inner', cause: { message: '… the causes go round in a circle' } } },
    })
    let chain = new Error('first')
    for (let n = 0; n < 300; n++) chain = new Error('next', { cause: chain })
    let last = roundTrip(chain) as Error
    while (last.cause instanceof Error) last = last.cause
    expect(last.message).toBe('… a further cause can not be stored')
  })

  test('an error keeps its type, name, message, stack, cause, code and own properties', () => {
    class PaymentError extends RangeError {
      override readonly name = 'PaymentError'
      readonly details = { amount: 5n, at: new Date(1) }
      readonly code = 'E_PAY'
    }
    const error = new PaymentError('too much', { cause: new TypeError('deep', { cause: { plain: true } }) })
    const back = roundTrip({ error }) as { error: PaymentError }
    expect(back.error).toBeInstanceOf(RangeError)
    expect(back.error.stack).toBe(error.stack)
    expect(String(back.error)).toBe('PaymentError: too much')
    expect(Object.assign({}, back.error)).toStrictEqual({
      name: 'PaymentError',
      details: { amount: 5n, at: new Date(1) },
      code: 'E_PAY',
    })
    expect(back.error.cause).toStrictEqual(error.cause)
    expect(Object.keys(roundTrip(new Error('bare')) as Error)).toEqual([])
    expect(Object.hasOwn(roundTrip(new Error('bare')) as Error, 'cause')).toBe(false)
  })

  test('an error of Stateward, an AggregateError and an abort come back as what they are', () => {
    const own = new StatewardError('step_timeout', 'late', { details: { ms: 5 }, cause: new Error('c') })
    const back = roundTrip(own)
    expect(isStatewardError(back, 'step_timeout') && back.retryable && back.details).toEqual({ ms: 5 })
    const all = roundTrip(new AggregateError([new Error('a'), 2n], 'both')) as AggregateError
    expect(all).toBeInstanceOf(AggregateError)
    expect(all.errors).toEqual([new Error('a'), 2n])
    const abort = roundTrip(AbortSignal.abort().reason) as Error
    expect(abort).toMatchObject({ name: 'AbortError', code: 20 })
    expect(abort).toBeInstanceOf(Error)
  })

  test('what an error carries and cannot be stored is left out, the error is kept', () => {
    const error = Object.assign(new Error('failed', { cause: () => 1 }), {
      request: new Readable(),
      config: { headers: { a: 1 }, retry() {} },
      schema: { constructor: 1 },
      status: 503,
    })
    Object.assign(error, { self: error })
    const other = Object.assign(new Error('other'), { error })
    Object.assign(error, { other })
    const back = roundTrip({ error }) as { error: Error & { other: Error } }
    expect(Object.keys(back.error)).toEqual(['status', 'other'])
    expect(back.error.cause).toBeUndefined()
    expect(Object.keys(back.error.other)).toEqual([])
  })
})

describe('any value', () => {
  test('that is JSON comes back, whatever its keys', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (json) => {
        const value = JSON.parse(JSON.stringify(json)) as unknown
        expect(isDeepStrictEqual(roundTrip(value), value)).toBe(true)
      }),
    )
  })

  test('that is storable comes back deeply equal, and is not changed by being stored', () => {
    fc.assert(
      fc.property(storable, (value) => {
        const text = encode(value, at)
        const back = decode(text, at)
        expect(isDeepStrictEqual(back, value)).toBe(true)
        expect(encode(value, at)).toBe(text)
      }),
      { numRuns: 400 },
    )
  })
})
