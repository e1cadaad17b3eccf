/**
 * What the snapshot codec turns down: values that would not come back, each with the path of the culprit, and texts that it
 * did not write, of which none, however hostile, reaches a prototype.
 */
import { Readable } from 'node:stream'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isStatewardError, StatewardError } from '../../src/errors.js'
import { decode, encode } from '../../src/codec/snapshot-codec.js'
import { at, refusalOf, resolvePath, storable, unstorable, wrap, wrappings } from './storable-values.js'

const roundTrip = (value: unknown) => decode(encode(value, at), at)

function failureOf(text: string): StatewardError {
  try {
    decode(text, at)
  } catch (error) {
    if (error instanceof StatewardError) return error
    throw error
  }
  throw new Error('it was read')
}

describe('refusals', () => {
  const cyclic: Record<string, unknown> = { deep: { list: [0] } }
  ;(cyclic['deep'] as { list: unknown[] }).list.push(new Map([['k', cyclic['deep']]]))
  class Money {
    amount = 1
  }
  class Ledger extends Map {}
  class Nothing extends (null as unknown as ObjectConstructor) {
    static make(): object {
      return Object.create(Nothing.prototype) as object
    }
  }

  test.each<[string, unknown, { kind: string; path: string; says?: string }]>([
    ['a function', { context: { items: [1, 2, 3, { handler() {} }] } }, { kind: 'function', path: 'context.items[3].handler' }],
    [
      'a function in a Map',
      { context: { cache: new Map([['k', () => 1]]) } },
      { kind: 'function', path: 'context.cache<Map>["k"]' },
    ],
    ['toJSON', { a: { toJSON: () => 1 } }, { kind: 'function', path: 'a.toJSON' }],
    [
      'a class with toJSON',
      {
        a: new (class Stamp {
          toJSON() {}
        })(),
      },
      { kind: 'class_instance', path: 'a', says: 'Stamp' },
    ],
    ['a class instance', { 'the-money': new Money() }, { kind: 'class_instance', path: '["the-money"]', says: 'Money' }],
    ['a subclass of Map', [new Ledger()], { kind: 'class_instance', path: '[0]', says: 'Ledger' }],
    ['a class that extends null', { a: Nothing.make() }, { kind: 'class_instance', path: 'a' }],
    ['an object on another', { a: Object.create({ b: 1 }) as unknown }, { kind: 'class_instance', path: 'a' }],
    ['a boxed number', [new Number(1)], { kind: 'class_instance', path: '[0]', says: 'Number' }],
    ['a symbol', { a: Symbol('s') }, { kind: 'symbol', path: 'a' }],
    ['a symbol key', { a: { [Symbol('s')]: 1 } }, { kind: 'symbol_key', path: 'a[Symbol(s)]' }],
    ['a promise', new Set([Promise.resolve()]), { kind: 'promise', path: '<Set>[0]' }],
    ['a WeakMap', { a: new WeakMap() }, { kind: 'weak_collection', path: 'a' }],
    ['a WeakSet as a key', new Map([[new WeakSet(), 1]]), { kind: 'weak_collection', path: '<Map>{0}.key' }],
    ['a Buffer', { a: Buffer.from('x') }, { kind: 'buffer', path: 'a', says: 'base64' }],
    ['an ArrayBuffer', { a: new ArrayBuffer(1) }, { kind: 'array_buffer', path: 'a' }],
    ['a DataView', { a: new DataView(new ArrayBuffer(1)) }, { kind: 'array_buffer', path: 'a' }],
    ['a BigInt64Array', { a: new BigInt64Array(1) }, { kind: 'typed_array', path: 'a', says: 'BigInt64Array' }],
    ['-0 in a typed array', { a: new Float64Array([-0]) }, { kind: 'typed_array_number', path: 'a[0]' }],
    ['Infinity in a typed array', { a: new Float32Array([Infinity]) }, { kind: 'typed_array_number', path: 'a[0]' }],
    ['a BigUint64Array', { a: new BigUint64Array(1) }, { kind: 'typed_array', path: 'a', says: 'BigUint64Array' }],
    ['a SharedArrayBuffer', { a: new SharedArrayBuffer(1) }, { kind: 'array_buffer', path: 'a' }],
    ['NaN in a typed array', { a: new Float64Array([1, Number.NaN]) }, { kind: 'typed_array_number', path: 'a[1]' }],
    ['-0 in a typed array', { a: new Float32Array([-0]) }, { kind: 'typed_array_number', path: 'a[0]' }],
    ['a stream', { a: new Readable() }, { kind: 'stream', path: 'a' }],
    ['a web stream', { a: new ReadableStream() }, { kind: 'stream', path: 'a' }],
    ['an AbortSignal', { a: AbortSignal.abort() }, { kind: 'abort_signal', path: 'a' }],
    ['an invalid Date', { a: new Date(Number.NaN) }, { kind: 'invalid_date', path: 'a' }],
    // oxlint-disable-next-line no-sparse-arrays
    ['a hole', { a: [1, , 2] }, { kind: 'sparse_array', path: 'a[1]' }],
    ['a long hole', Object.assign([], { length: 4e9 }), { kind: 'sparse_array', path: '[0]' }],
    ['a match of a RegExp', { a: 'ab'.match(/b/) }, { kind: 'array_property', path: 'a.index' }],
    ['a property of a Map', { a: Object.assign(new Map(), { b: 1 }) }, { kind: 'extra_property', path: 'a.b' }],
    [
      'a getter',
      {
        a: {
          get b() {
            return 1
          },
        },
      },
      { kind: 'accessor', path: 'a.b' },
    ],
    ['a setter', { a: { set b(_: number) {} } }, { kind: 'accessor', path: 'a.b' }],
    ['a cycle', cyclic, { kind: 'cycle', path: 'deep.list[1]<Map>["k"]', says: 'back to deep' }],
    ['constructor beside a Date', { a: { constructor: 1 }, d: new Date() }, { kind: 'reserved_key', path: 'a.constructor' }],
    ['__proto__ beside a Date', [new Date(), JSON.parse('{"__proto__":1}')], { kind: 'reserved_key', path: '[1].__proto__' }],
    ['prototype beside a Map', { prototype: new Map() }, { kind: 'reserved_key', path: 'prototype' }],
    ['a function at the root', () => 1, { kind: 'function', path: '', says: 'it is a function' }],
  ])('%s is refused with its path', (_name, value, { kind, path, says }) => {
    const refused = refusalOf(value)
    expect(refused).toMatchObject({ kind, path })
    expect(refused.message).toContain(`Cannot store the ${at.what} of ${at.id}`)
    expect(refused.message).toContain(path)
    if (says !== undefined) expect(refused.message).toContain(says)
  })

  test('a cycle of any length is refused without an overflow', () => {
    for (const length of [1, 2, 63, 65, 900]) {
      const start: Record<string, unknown> = {}
      let last = start
      for (let index = 1; index < length; index++) last = last['n'] = {}
      last['n'] = start
      expect(refusalOf({ start })).toMatchObject({ kind: 'cycle', path: `start${'.n'.repeat(length)}` })
    }
    const long: Record<string, unknown> = {}
    let last = long
    for (let index = 0; index < 50_000; index++) last = last['n'] = {}
    last['n'] = long
    expect(refusalOf(long)).toMatchObject({ kind: 'too_deep' })
  })

  test('a value nested too deeply is refused with a typed error, one at the limit is stored', () => {
    const nest = (depth: number, leaf: unknown) => {
      let value = leaf
      for (let index = 0; index < depth; index++)
        value = index % 3 === 0 ? [value] : index % 3 === 1 ? { n: value } : new Map([['k', value]])
      return value
    }
    const plain = (depth: number) => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown
    expect(refusalOf(plain(1_001)).kind).toBe('too_deep')
    expect(refusalOf(plain(100_000)).kind).toBe('too_deep')
    expect(refusalOf(nest(100_000, new Date(0))).kind).toBe('too_deep')
    expect(JSON.stringify(roundTrip(plain(1_000)))).toBe(JSON.stringify(plain(1_000)))
    expect(refusalOf(nest(251, 1n)).kind).toBe('too_deep')
    expect(encode(roundTrip(nest(250, 1n)), at)).toBe(encode(nest(250, 1n), at))
    const shared = nest(200, 1n)
    expect(refusalOf([shared, nest(51, shared)]).kind).toBe('too_deep')
    expect(refusalOf([shared, nest(51, shared)]).path).toMatch(/^\[1\]/)
  })

  test('a graph that would grow out of all bounds is refused before it does', () => {
    for (const leaf of [1, new Date(1)]) {
      let value: unknown = { leaf }
      for (let index = 0; index < 200; index++) value = { a: value, b: value }
      expect(refusalOf(value).kind).toBe('too_large')
    }
  })

  test('a value that cannot even be read is refused with the cause', () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    expect(refusalOf({ a: proxy })).toMatchObject({ kind: 'unreadable' })
  })

  test('any value that holds something unstorable is refused, and the path leads to it', () => {
    fc.assert(
      fc.property(unstorable, wrappings, ({ make, kind }, steps) => {
        const culprit = make()
        const value = wrap(culprit, steps)
        const refused = refusalOf(value)
        expect(refused.kind).toBe(kind)
        expect(resolvePath(value, refused.path)).toBe(culprit)
      }),
      { numRuns: 300 },
    )
  })
})

describe('reading', () => {
  test('a newer format is told from a broken text', () => {
    const failure = failureOf('{"f":2,"v":1}')
    expect(failure).toMatchObject({ code: 'unknown_format', details: { id: at.id, what: at.what, format: 2 } })
    expect(failure.message).toMatch(/snapshot of e1 has format 2/)
  })

  test.each([
    '',
    'x',
    'null',
    '1',
    '[]',
    '{}',
    '{"f":"1","v":1}',
    '{"f":1}',
    '{"f":1,"v":1,"s":{}}',
    '{"f":1,"v":1',
    '{"f":1,"s":1}',
    '{"f":1,"s":{"json":1}}',
    '{"f":1,"s":{"json":1,"meta":{"v":0}}}',
    '{"f":1,"v":1,"u":1}',
    '{"f":1,"v":1,"u":[1]}',
    '{"f":1,"v":{},"u":["/a/b"]}',
    '{"f":1,"v":[],"u":["/0"]}',
    '{"f":1,"v":[],"u":["/length"]}',
    '{"f":1,"v":1,"u":["/a"]}',
    '{"f":1,"s":{"json":"x","meta":{"values":["bigint"],"v":1}}}',
    '{"f":1,"s":{"json":{},"meta":{"values":["Dote"],"v":1}}}',
    '{"f":1,"s":{"json":{},"meta":{"values":[["class","X"]],"v":1}}}',
    '{"f":1,"s":{"json":{},"meta":{"values":[["custom","error"]],"v":1}}}',
    '{"f":1,"s":{"json":null,"meta":{"values":[["custom","error"]],"v":1}}}',
    '{"f":1,"s":{"json":[1],"meta":{"values":[["typed-array","Buffer"]],"v":1}}}',
  ])('%s is corrupt', (text) => {
    expect(failureOf(text)).toMatchObject({ code: 'corrupt', details: at, message: 'The stored snapshot of e1 is unreadable' })
  })

  test.each([
    '{"f":1,"v":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}',
    '{"f":1,"v":{},"u":["/__proto__/polluted","/constructor/prototype/polluted"]}',
    '{"f":1,"v":{},"u":["/__proto__"]}',
    '{"f":1,"v":{"__proto__":{}},"u":["/__proto__/polluted"]}',
    '{"f":1,"__proto__":{"v":1},"s":{"json":{"polluted":1},"meta":{"v":1}}}',
    '{"f":1,"s":{"json":{"__proto__":{"polluted":1}},"meta":{"values":{"__proto__.polluted":["Date"]},"v":1}}}',
    '{"f":1,"s":{"json":{},"meta":{"values":{"__proto__.polluted":["undefined"]},"v":1}}}',
    '{"f":1,"s":{"json":{},"meta":{"values":{"constructor.prototype.polluted":["undefined"]},"v":1}}}',
    '{"f":1,"s":{"json":{},"meta":{"values":{"toString.constructor.prototype.polluted":["undefined"]},"v":1}}}',
    '{"f":1,"s":{"json":{"a":{"polluted":1}},"meta":{"referentialEqualities":{"a":["__proto__"]},"v":1}}}',
    '{"f":1,"s":{"json":{"a":{"__proto__":{"polluted":1}}},"meta":{"values":{"a":["set"]},"v":1}}}',
    '{"f":1,"s":{"json":[[["a",{}]]],"meta":{"values":{"0":["map",{"0.0.__proto__":["undefined"]}]},"v":1}}}',
    '{"f":1,"s":{"json":{"type":"__proto__","name":"n","message":"m","props":{"__proto__":{"polluted":1}}},"meta":{"values":[["custom","error"]],"v":1}}}',
    '{"f":1,"s":{"json":{"type":"constructor","name":"n","message":"m"},"meta":{"values":[["custom","error"]],"v":1}}}',
  ])('the hostile text %s reaches no prototype', (text) => {
    const before = prototypes.map((prototype) => Reflect.ownKeys(prototype))
    try {
      decode(text, at)
    } catch (error) {
      expect(isStatewardError(error, 'corrupt')).toBe(true)
    }
    expect(prototypes.map((prototype) => Reflect.ownKeys(prototype))).toEqual(before)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  const prototypes = [Object, Array, Function, Map, Set, Error, Date].map((Type) => Type.prototype as object)

  test('a text that was tampered with is read or corrupt, never anything else', () => {
    fc.assert(
      fc.property(storable, fc.nat(), fc.string({ maxLength: 3 }), (value, where, put) => {
        const text = encode(value, at)
        const cut = where % text.length
        try {
          decode(text.slice(0, cut) + put + text.slice(cut + 1), at)
        } catch (error) {
          expect(isStatewardError(error, 'corrupt') || isStatewardError(error, 'unknown_format')).toBe(true)
        }
      }),
    )
  })
})
