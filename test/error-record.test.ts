/** What is kept of an error: its own fields, the errors inside, the chain of causes; and nothing thrown can break that. */
import { describe, expect, test } from 'vitest'
import { StatewardError, toErrorRecord, type ErrorRecord } from '../src/index.js'

const fail = () => {
  throw new Error('not to be read')
}

class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly statusCode = 503
  readonly body = { reason: 'busy', tags: ['a', null] }
  readonly retryAfter = 7
}

function chain(length: number): Error {
  let error = new Error('level 1')
  for (let level = 2; level <= length; level++) error = new Error(`level ${level}`, { cause: error })
  return error
}

const lastOf = (record: ErrorRecord): ErrorRecord => (record.cause ? lastOf(record.cause) : record)

describe('own fields', () => {
  const details = { statusCode: 503, body: { reason: 'busy', tags: ['a', null] }, retryAfter: 7 }

  test('of any error are its details, also of a cause and of an error inside', () => {
    expect(toErrorRecord(new HttpError('503'))).toMatchObject({ name: 'HttpError', message: '503', details })
    expect(toErrorRecord(new Error('outer', { cause: new HttpError('503') })).cause).toMatchObject({ details })
    const both = new AggregateError([new Error('A down'), new HttpError('B down')], 'all down')
    expect(toErrorRecord(both)).toMatchObject({
      name: 'AggregateError',
      errors: [{ message: 'A down' }, { name: 'HttpError', message: 'B down', details }],
    })
  })

  test('of a cause that is an object are kept as such', () => {
    expect(toErrorRecord(new Error('outer', { cause: { code: 'E1', detail: 5 } })).cause).toMatchObject({
      details: { code: 'E1', detail: 5 },
    })
  })

  test('that are no JSON are kept as far as they can be', () => {
    const circle: unknown[] = []
    circle.push(circle)
    const unread = new Proxy({}, { get: fail, ownKeys: fail, getPrototypeOf: fail })
    const error = Object.assign(new Error('odd'), { at: new Date(0), big: 10n, not: NaN, circle, fail, symbol: Symbol('s') })
    Object.assign(error, {
      unread,
      map: new Map([['a', 1]]),
      inner: new TypeError('x'),
      socket: new (class Socket {
        readonly fd = 3
      })(),
    })
    Object.defineProperty(error, 'getter', { get: fail, enumerable: true })
    expect(toErrorRecord(error).details).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      big: '10',
      not: 'NaN',
      circle: ['[a circle]'],
      unread: '[can not be read]',
      map: [['a', 1]],
      inner: 'TypeError: x',
      socket: '[Socket]',
      getter: '[can not be read]',
    })
  })

  test('have a bound, and what is left out is said', () => {
    const error = Object.assign(new Error('big'), {
      page: 'x'.repeat(1e6),
      rows: Array.from({ length: 1e5 }, (_, id) => ({ id })),
    })
    const text = JSON.stringify(toErrorRecord(error).details)
    expect(text.length).toBeLessThan(20_000)
    expect(text).toContain('…')
  })

  test('of a StatewardError are its details alone, as far as they are JSON', () => {
    expect(toErrorRecord(new StatewardError('stuck', 'x', { details: { a: 1, big: 1n } }))).toMatchObject({
      code: 'stuck',
      details: { a: 1, big: '1' },
    })
  })
})

describe('the chain of causes', () => {
  test('of five is whole', () => {
    expect(lastOf(toErrorRecord(chain(5)))).toMatchObject({ message: 'level 1' })
  })

  test.each([
    [6, '… 1 further cause'],
    [9, '… 4 further causes'],
  ])('of %i ends with %j, also once it was recorded', (length, message) => {
    const record = toErrorRecord(chain(length))
    expect(lastOf(record)).toEqual({ name: 'Error', message })
    expect(toErrorRecord(record)).toEqual(record)
  })

  test('that goes round in a circle says so', () => {
    const error = new Error('self')
    error.cause = error
    expect(toErrorRecord(error).cause).toEqual({ name: 'Error', message: '… the causes go round in a circle' })
  })
})

test('errors in errors in errors have a bound', () => {
  const nested = (depth: number): Error =>
    depth === 0
      ? new Error('leaf')
      : new AggregateError(
          Array.from({ length: 30 }, () => nested(depth - 1)),
          `depth ${depth}`,
        )
  expect(JSON.stringify(toErrorRecord(nested(3))).length).toBeLessThan(200_000)
})
