/** The contexts of old snapshots, held against the schemas of now. */
import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { z } from 'zod'
import { checkCompatibility } from '../../../src/testing/index.js'
import { brief, flow, stored } from './old-and-new.js'

describe('the context', () => {
  const order = z.object({ items: z.array(z.object({ price: z.number() })) })
  const shop = (schemas?: object) =>
    setup({ types: { context: {} as { items: { price: unknown }[] } }, ...(schemas ? { schemas } : {}) }).createMachine({
      id: 'shop',
      context: { items: [{ price: 1 }, { price: '2 €' }] },
      initial: 'open',
      states: { open: {} },
    })

  test('must meet a schema that is given, and the place of what does not is said', async () => {
    const report = await checkCompatibility(await stored(shop()), shop(), { context: order })
    expect(brief(report.misfits)).toEqual(['context_invalid at context.items[1].price'])
    expect(report.misfits[0]?.message).toMatch(/^the context does not meet its schema: .*expected number/)
  })

  test('must meet the schema of its machine, which may answer later', async () => {
    const later = z.object({ items: z.array(z.unknown()).refine(async (items) => items.length < 2, 'too many') })
    const report = await checkCompatibility(await stored(shop()), shop({ context: later }))
    expect(brief(report.misfits)).toEqual(['context_invalid at context.items'])
    expect(report.misfits[0]?.message).toContain('too many')
  })

  test('of an inner machine must meet its schema as well', async () => {
    const outer = (schemas?: object) =>
      setup({ actors: { shop: shop(schemas) } }).createMachine({ id: 'mall', invoke: { id: 'shop', src: 'shop' } })
    const report = await checkCompatibility(await stored(outer()), outer({ context: order }))
    expect(brief(report.misfits)).toEqual(['context_invalid at children.shop.snapshot.context.items[1].price'])
  })

  test('is checked though the state is gone', async () => {
    const other = setup({ schemas: { context: order } }).createMachine({ id: 'shop', initial: 'shut', states: { shut: {} } })
    expect(brief((await checkCompatibility(await stored(shop()), other)).misfits)).toEqual([
      'state_gone at value',
      'context_invalid at context.items[1].price',
    ])
  })

  test('may hold what JSON can not, and live refs', async () => {
    const rich = setup({
      types: { context: {} as { at: Date; tags: Map<string, number>; ref: unknown } },
      actors: { clerk: flow('idle') },
    }).createMachine({
      id: 'rich',
      context: ({ spawn }) => ({ at: new Date(7), tags: new Map([['a', 1]]), ref: spawn('clerk', { id: 'clerk' }) }),
    })
    const schema = z.object({
      at: z.date(),
      tags: z.map(z.string(), z.number()),
      ref: z.custom((ref) => typeof (ref as { send?: unknown }).send === 'function'),
    })
    expect((await checkCompatibility(await stored(rich), rich, { context: schema })).ok).toBe(true)
  })

  test('is invalid if its schema throws, and what is no Standard Schema is not asked', async () => {
    const broken = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: () => {
          throw new Error('no idea')
        },
      },
    } as const
    const report = await checkCompatibility(await stored(shop()), shop({ context: { type: 'object' } }), { context: broken })
    expect(report.misfits).toMatchObject([{ reason: 'context_invalid', path: 'context' }])
    expect((await checkCompatibility(await stored(shop()), shop({ context: { type: 'object' } }))).ok).toBe(true)
  })
})
