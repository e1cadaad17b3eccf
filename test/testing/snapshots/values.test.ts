/** Values in snapshots: they stay what they are, lose what differs from run to run, and read well as text and as JSON. */
import 'stateward/testing/vitest'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fromTransition } from 'xstate'
import { defineEntryPoint, StatewardError } from '../../../src/index.js'
import { createTestRuntime, formatExecution, snapshotOf } from '../../../src/testing/index.js'
import { randomIds } from '../../../src/ids.js'
import { StandIns } from '../../../src/testing/snapshots/stand-ins.js'

/** The snapshot of an execution whose context is the given value. */
async function snapshotWith(context: unknown, id = 'order-7') {
  const program = fromTransition((state: unknown) => state, context)
  const runtime = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'values', program })] })
  onTestFinished(() => runtime.stop())
  return snapshotOf(await runtime.trigger('values', undefined, { id }), { since: Infinity })
}

const contextOf = async (context: unknown, id?: string) => (await snapshotWith(context, id)).context

const rich = () => ({
  url: new URL('https://example.com/a?b'),
  when: new Date(0),
  by: new Map<unknown, unknown>([
    ['ann', 1],
    [{ key: 2 }, new Set([1n, 'two'])],
  ]),
  big: 12n,
  nothing: undefined,
  numbers: [NaN, Infinity, -0, 1.5],
  pattern: /a+/g,
  bytes: new Uint8Array([1, 2]),
  failure: Object.assign(new TypeError('no amount', { cause: new Error('why') }), { code: 'E_AMOUNT' }),
})

describe('a value', () => {
  it('of any kind that can be stored stays what it is, and reads well', async () => {
    const snapshot = await snapshotWith(rich())
    const context = snapshot.context as ReturnType<typeof rich>
    expect(context).toEqual(rich())
    expect(context.failure).toBeInstanceOf(TypeError)
    expect(context.by).toBeInstanceOf(Map)
    expect(snapshot).toMatchInlineSnapshot(`
      execution <id> of values: waiting
        context: {
          big: 12n,
          by: Map { "ann" => 1, { key: 2 } => Set { 1n, "two" } },
          bytes: Uint8Array [1, 2],
          failure: TypeError: no amount { code: "E_AMOUNT", cause: Error: why },
          nothing: undefined,
          numbers: [NaN, Infinity, -0, 1.5],
          pattern: /a+/g,
          url: URL https://example.com/a?b,
          when: Date 1970-01-01T00:00:00.000Z,
        }
    `)
  })

  it('reads well as JSON, too', async () => {
    expect(JSON.parse(JSON.stringify(await snapshotWith(rich())))).toEqual({
      id: '<id>',
      entryPoint: 'values',
      status: 'waiting',
      attempt: 1,
      context: {
        big: '12n',
        by: [
          ['ann', 1],
          [{ key: 2 }, ['1n', 'two']],
        ],
        bytes: [1, 2],
        failure: { name: 'TypeError', message: 'no amount', code: 'E_AMOUNT' },
        numbers: ['NaN', 'Infinity', 0, 1.5],
        pattern: '/a+/g',
        url: 'https://example.com/a?b',
        when: '1970-01-01T00:00:00.000Z',
      },
    })
  })

  it('keeps its keys in order, whatever the order in which they were set', async () => {
    expect(Object.keys((await contextOf({ b: 1, a: { d: 1, c: 2 } })) as object)).toEqual(['a', 'b'])
    expect(formatExecution(await snapshotWith({ b: 1, a: { d: 1, c: 2 } }))).toContain('context: { a: { c: 2, d: 1 }, b: 1 }')
  })

  it('loses the stacks of its errors, and of their records', async () => {
    const error = new StatewardError('queue_full', 'full', { details: { queued: 3 }, cause: new Error('why') })
    const context = (await contextOf({ error, record: error.toJSON() })) as { error: StatewardError; record: object }
    expect(context.error).toMatchObject({ code: 'queue_full', message: 'full', details: { queued: 3 } })
    expect(context.error.stack).toBeUndefined()
    expect((context.error.cause as Error).stack).toBeUndefined()
    expect(JSON.stringify(context.record)).not.toContain('stack')
  })

  it("has its execution's id replaced in texts, keys, Maps and errors, and nowhere inside of another word", async () => {
    expect(
      await contextOf({
        key: 'order-7/charge#1',
        'of order-7': new Map([['order-7', ['order-7.']]]),
        others: ['order-77', 'preorder-7', 'order-7x'],
        error: new Error('order-7 is closed'),
      }),
    ).toEqual({
      key: '<id>/charge#1',
      'of <id>': new Map([['<id>', ['<id>.']]]),
      others: ['order-77', 'preorder-7', 'order-7x'],
      error: new Error('<id> is closed'),
    })
    expect(await contextOf('a.b*', 'a.b')).toBe('<id>*')
    expect(await contextOf('axb', 'a.b')).toBe('axb')
    expect(new StandIns(new Map([['a(b', '<id>']])).in('of a(b')).toBe('of <id>')
  })

  it('takes several lines where one would be too long', async () => {
    const long = { list: ['a'.repeat(60), 'b'.repeat(60)], name: 'x', nested: { ['key with spaces']: 'line\nbreak' } }
    expect(await snapshotWith(long)).toMatchInlineSnapshot(`
      execution <id> of values: waiting
        context: {
          list: [
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
          ],
          name: "x",
          nested: { "key with spaces": "line\\nbreak" },
        }
    `)
  })

  it('has its place in a larger snapshot', async () => {
    expect({ orders: [await snapshotWith({ n: 1 })] }).toMatchInlineSnapshot(`
      {
        "orders": [
          execution <id> of values: waiting
            context: { n: 1 },
        ],
      }
    `)
  })
})

describe('an id that the runtime made', () => {
  const made = randomIds().execution(1_767_225_600_000)

  it('is found wherever it stands, also in a URL and within a word; one that was chosen is not', async () => {
    const about = (id: string) => ({
      url: new URL(`https://example.com/${id}?of=${id}`),
      text: `cart${id}th of ${id}`,
      [`_${id}`]: 1,
    })
    expect(await contextOf(about(made), made)).toEqual({
      url: new URL('https://example.com/<id>?of=<id>'),
      text: 'cart<id>th of <id>',
      '_<id>': 1,
    })
    expect(await contextOf(about('7'), '7')).toMatchObject({ text: 'cart7th of <id>' })
  })

  it('that begins as another one is not taken for it', async () => {
    const names = new StandIns(
      new Map([
        [made, '<id>'],
        [`${made}1`, '<id:2>'],
      ]),
    )
    expect(names.in(`${made} ${made}1 ${made}2`)).toBe('<id> <id:2> <id>2')
  })
})
