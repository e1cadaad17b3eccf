/**
 * Texts that an earlier version of the codec wrote, read for ever. A file here is never changed or removed: what users have
 * stored looks like it. A new form gets new files, and its line below.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { isStatewardError, StatewardError } from '../../src/errors.js'
import { decode } from '../../src/codec/snapshot-codec.js'

const folder = new URL('codec/', import.meta.url)

interface Golden {
  readonly file: string
  readonly sha256: string
  readonly value: unknown
}

const withStack = <E extends Error>(error: E, stack = `${error.name}: ${error.message}\n    at somewhere.js:1:2`): E =>
  Object.defineProperty(error, 'stack', { value: stack })

const goldens: readonly Golden[] = [
  {
    file: 'plain.json',
    sha256: '9ea48fd814e9c5c0cb8f0f79cc9436d419832af1b1e436d53dfa19430cab4f55',
    value: {
      text: 'quote " backslash \\ newline \n snowman ☃ lone \ud800',
      numbers: [0, 1, -1, 0.1, 1e300, Number.MAX_SAFE_INTEGER],
      words: [true, false, null],
      empty: { object: {}, list: [], text: '', '': 0 },
      constructor: { prototype: 'data' },
    },
  },
  {
    file: 'undefined.json',
    sha256: '8ca9a86ee839e22348f539c15e704e4998593544cd90dd017a1669d418efaad0',
    value: { output: undefined, list: [undefined, 1, [undefined]], 'a/b~c': { 'say "hi"': undefined }, deep: { er: { error: undefined } } },
  },
  { file: 'undefined-root.json', sha256: '4e2551f24dd2892155dda5249120a1499fd5ab0620d5928a02c8486183673fcc', value: undefined },
  {
    file: 'machine-snapshot.json',
    sha256: '82ed6d0ec63b52fb381e82fc7dc5e8b04a832072e372474c70b6f195fe591200',
    value: {
      status: 'active',
      output: undefined,
      error: undefined,
      value: { paying: 'charging' },
      historyValue: {},
      context: { order: { id: 'o1', amount: 4200 }, payment: { xstate$$type: 1, id: 'charge' } },
      children: {
        charge: {
          snapshot: { status: 'active', output: undefined, error: undefined, input: { orderId: 'o1' } },
          src: 'charge',
          systemId: undefined,
          syncSnapshot: false,
        },
      },
    },
  },
  {
    file: 'built-ins.json',
    sha256: '56b248326081b8b065d4944891fdb692aa4a6c7cda4f77a71aca8e369f9b308f',
    value: {
      numbers: [Number.NaN, Infinity, -Infinity, -0],
      big: [0n, -(2n ** 70n)],
      date: new Date('2024-02-29T12:34:56.789Z'),
      pattern: /^a\/b[/]\n$/giu,
      url: new URL('https://user@example.com:8443/p%20q?a=1#h'),
      map: new Map<unknown, unknown>([['k', 1], [2, 'v'], [{ key: true }, undefined]]),
      set: new Set<unknown>(['a', 1, null, undefined]),
      none: undefined,
    },
  },
  {
    file: 'mixed.json',
    sha256: '73af74dadb7e67dd34c97e9cfdf0109a3a86233615d8881cbc7812708d4b2021',
    value: {
      plain: { list: [1, 'two', { three: true }], none: undefined },
      at: new Date('2024-02-29T12:34:56.789Z'),
      'a/b~c': [new Map([['k', new Set([1])]]), 0, 10n],
      deep: { er: [{ nan: Number.NaN, url: new URL('https://example.com/a') }] },
    },
  },
  {
    file: 'typed-arrays.json',
    sha256: '77c618b0f52dcab1e5689e01cd99b57efebb1382e8c43961ea6d49af5c06b292',
    value: [
      new Int8Array([-128, 127]),
      new Uint8Array([0, 255]),
      new Uint8ClampedArray([255]),
      new Int16Array([-32768]),
      new Uint16Array([65535]),
      new Int32Array([-1]),
      new Uint32Array([4294967295]),
      new Float32Array([1.5]),
      new Float64Array([0.1]),
      new Uint8Array(),
    ],
  },
  {
    file: 'errors.json',
    sha256: '6bf7885fa7f30395b0cbfe8d0d73a3ad0d0a152edde33339ef8ed998fc1f556c',
    value: {
      plain: withStack(new Error('plain')),
      typed: withStack(new TypeError('typed', { cause: withStack(new RangeError('cause', { cause: { plain: [1n] } })) })),
      named: withStack(Object.defineProperty(new Error('named'), 'name', { value: 'PaymentError' })),
      coded: withStack(Object.assign(new Error('coded'), { code: 'ECONNRESET', errno: -104, details: { at: new Date(0) } })),
      many: withStack(new AggregateError([withStack(new SyntaxError('one')), 2], 'many')),
      own: withStack(new StatewardError('step_timeout', 'late', { details: { ms: 50 }, cause: withStack(new Error('slow')) })),
    },
  },
  {
    file: 'nested.json',
    sha256: 'f86379f43ab26bd66ad63c72cf2ec3e5d968c330ddb8d342c30efc97cef10d46',
    value: new Map<unknown, unknown>([
      ['a.b\\c', [new Set([new Map([[new Date(1), new Set([1n])]])]), { '': { 'x.y': Number.NaN } }]],
      [new Set([[undefined]]), { list: [new Map(), new Set(), [], {}] }],
      ['1', { '0': new Date(2), error: withStack(new Error('inside', { cause: new Map([['k', /x/]]) })) }],
    ]),
  },
]

const read = (file: string) => readFileSync(new URL(file, folder), 'utf8')

test.each(goldens)('$file is read as it was meant', ({ file, value }) => {
  expect(isDeepStrictEqual(decode(read(file), { id: 'golden', what: file }), value)).toBe(true)
})

test('the errors of old texts have their types, causes and codes', () => {
  const { typed, named, coded, many, own } = decode<Record<string, Error>>(read('errors.json'), { id: 'golden', what: 'errors' })
  expect(typed).toBeInstanceOf(TypeError)
  expect(typed?.stack).toBe('TypeError: typed\n    at somewhere.js:1:2')
  expect(typed?.cause).toBeInstanceOf(RangeError)
  expect((typed?.cause as Error | undefined)?.cause).toEqual({ plain: [1n] })
  expect(String(named)).toBe('PaymentError: named')
  expect(Object.assign({}, coded)).toEqual({ code: 'ECONNRESET', errno: -104, details: { at: new Date(0) } })
  expect((many as AggregateError).errors).toMatchObject([{ name: 'SyntaxError', message: 'one' }, 2])
  expect(isStatewardError(own, 'step_timeout') && own.retryable && own.details).toEqual({ ms: 50 })
  expect((own?.cause as Error | undefined)?.message).toBe('slow')
})

test('no golden file is missing, changed, or unlisted', () => {
  const found = readdirSync(folder).map((file) => [file, createHash('sha256').update(read(file)).digest('hex')])
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(goldens.map(({ file, sha256 }) => [file, sha256])))
})
