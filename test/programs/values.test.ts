/** What a context may hold comes back as what it was; what can't be stored is refused by its path, the last good snapshot kept. */
import { assign, createMachine, fromCallback, sendParent, sendTo, setup, type AnyActorRef } from 'xstate'
import { describe, expect, test } from 'vitest'
import { crashEverywhere } from '../support/crash-everywhere.js'
import { played } from '../support/playthrough.js'
import { places } from '../support/store-place.js'

const values = () => ({
  date: new Date(86_400_000),
  map: new Map<unknown, unknown>([['a', new Set([1])]]),
  set: new Set(['x', 2]),
  big: 2n ** 70n,
  url: new URL('https://example.org/a?b=1'),
  nothing: undefined,
  list: [undefined, null, NaN, -0],
  pattern: /a+/gi,
  error: new TypeError('kept'),
  plain: { text: 'ü', yes: true },
})

/** What only the right types can answer. */
const asked = (context: ReturnType<typeof values>) => ({
  year: context.date.getFullYear(),
  nested: (context.map.get('a') as Set<number>).has(1),
  has: context.set.has(2),
  big: context.big * 2n,
  host: context.url.host,
  undefinedIsThere: 'nothing' in context && context.nothing === undefined,
  nan: Number.isNaN(context.list[2]),
  pattern: context.pattern.test('caat'),
  error: context.error instanceof TypeError && context.error.message,
})

describe('a program with', () => {
  crashEverywhere(
    'Date, Map, Set, BigInt, URL, undefined in its context finds them again',
    {
      program: () =>
        createMachine({
          id: 'values',
          context: values(),
          initial: 'a',
          states: { a: { on: { GO: 'b' } }, b: { on: { GO: 'c' } }, c: { type: 'final' } },
          output: ({ context }) => asked(context),
        }),
      events: [{ type: 'GO' }, { type: 'GO' }],
    },
    (ended) => {
      expect(ended).toMatchObject({ status: 'completed', output: asked(values()) })
      expect(ended.context).toEqual(values())
    },
  )

  crashEverywhere(
    'actor refs in its context speaks to the same actors after a restart',
    {
      program: () =>
        setup({
          types: { context: {} as { refs: AnyActorRef[]; heard: string[] } },
          actors: {
            counter: createMachine({
              id: 'counter',
              context: { n: 0 },
              on: {
                ADD: {
                  actions: [
                    assign({ n: ({ context }) => context.n + 1 }),
                    sendParent(({ context, self }) => ({ type: 'COUNTED', word: `${self.id} ${context.n}` })),
                  ],
                },
              },
            }),
          },
        }).createMachine({
          id: 'refs',
          context: ({ spawn }) => ({ refs: [spawn('counter', { id: 'one' }), spawn('counter', { id: 'two' })], heard: [] }),
          on: {
            ADD: {
              actions: sendTo(({ context }) => context.refs[context.heard.length % 2] as AnyActorRef, { type: 'ADD' }),
            },
            COUNTED: { actions: assign({ heard: ({ context, event }) => [...context.heard, event.word as string] }) },
          },
          always: { guard: ({ context }) => context.heard.length === 4, target: '.end' },
          initial: 'on',
          states: { on: {}, end: { type: 'final' } },
          output: ({ context }) => context.heard,
        }),
      events: ['ADD', 'ADD', 'ADD', 'ADD'].map((type) => ({ type })),
    },
    ({ output }) => expect(output).toEqual(['one 1', 'two 1', 'one 2', 'two 2']),
  )
})

class Money {
  cents = 5
}

const refused = {
  'a function': ['context.deep.it', () => () => 1],
  'a class instance': ['context.deep.it', () => new Money()],
  'a Promise': ['context.deep.it', () => Promise.resolve(1)],
  'a symbol': ['context.deep.it', () => Symbol('x')],
  'a cycle': [
    'context.deep.it',
    () => {
      const round: Record<string, unknown> = {}
      round['round'] = round
      return round
    },
  ],
} as const

describe.each(places)('on %s', (_, place) => {
  test.each(Object.entries(refused))(
    '%s in the context is refused with its path, the last good snapshot is kept',
    async (_what, [path, make]) => {
      const program = createMachine({
        id: 'refused',
        context: { deep: { it: 'good' as unknown } },
        initial: 'a',
        states: { a: { on: { GO: { target: 'b', actions: assign({ deep: () => ({ it: make() }) }) } } }, b: {} },
      })
      const { status, error, context, value } = await played(place(), program, { events: [{ type: 'GO' }] })
      expect({ status, code: error?.code }).toEqual({ status: 'failed', code: 'not_storable' })
      expect({ context, value }).toEqual({ context: { deep: { it: 'good' } }, value: 'a' })
      expect(String(error?.details?.['path'])).toContain(path)
      expect(error?.message).toContain(path)
    },
  )

  test('an inline spawned actor is refused with its path', async () => {
    const program = createMachine({
      id: 'inline',
      initial: 'a',
      context: {},
      states: {
        a: {
          on: {
            GO: {
              target: 'b',
              actions: assign(({ spawn }) => ({
                ref: spawn(
                  fromCallback(() => undefined),
                  { id: 'kid' },
                ),
              })),
            },
          },
        },
        b: {},
      },
    })
    const { status, error, value } = await played(place(), program, { events: [{ type: 'GO' }] })
    expect({ status, code: error?.code, value }).toEqual({ status: 'failed', code: 'not_storable', value: 'a' })
    expect(String(error?.details?.['path'])).toContain('children.kid')
  })
})
