/** What an entry point's `versions` and `migrate` make of old snapshots. */
import { describe, expect, test, vi } from 'vitest'
import { createMachine } from 'xstate'
import { z } from 'zod'
import { defineEntryPoint, type EntryPointOptions, type ExecutionRecord, type PersistedProgram } from '../../../src/index.js'
import { memoryStore } from '../../../src/memory.js'
import { checkCompatibility, createTestRuntime } from '../../../src/testing/index.js'
import { brief, flow, stored } from './old-and-new.js'

describe('an entry point', () => {
  const [before, after] = [flow('open', 'approval'), flow('open', 'review')]
  const orders = (options: Partial<Parameters<typeof defineEntryPoint>[0]> = {}) =>
    defineEntryPoint({ id: 'orders', program: after, version: '2', ...options })

  test('holds what its structure has no place for', async () => {
    const report = await checkCompatibility(await stored(before, ['GO']), orders())
    expect(brief(report.misfits)).toEqual(['state_gone at value'])
  })

  test('holds every structure that it was not told of, though it could be restored', async () => {
    const report = await checkCompatibility(await stored(before), orders())
    expect(brief(report.misfits)).toEqual(['structure_changed at '])
    expect(report.misfits[0]?.message).toContain('a runtime would pause it; say `migrate: (snapshot) => snapshot`')
    expect((await checkCompatibility(await stored(before), after)).ok).toBe(true)
  })

  test('keeps an old version', async () => {
    const old = await stored(before, ['GO'])
    expect((await checkCompatibility(old, orders({ versions: { '1': before } }))).ok).toBe(true)
    const other = flow('open', 'approval', 'paid')
    expect(brief((await checkCompatibility(old, orders({ versions: { '1': other } }))).misfits)).toEqual(['state_gone at value'])
  })

  test('does not hold an old version against the schema of the new one', async () => {
    const old = await stored(before)
    const context = z.object({ paid: z.boolean() })
    expect((await checkCompatibility(old, orders({ versions: { '1': before } }), { context })).ok).toBe(true)
    expect(brief((await checkCompatibility(old, orders({ migrate: (snapshot) => snapshot }), { context })).misfits)).toEqual([
      'context_invalid at context.paid',
    ])
  })

  test('takes what `migrate` mends', async () => {
    const old = await stored(before, ['GO'])
    const migrate = vi.fn<NonNullable<EntryPointOptions['migrate']>>((snapshot) => Object.assign(snapshot, { value: 'review' }))
    expect((await checkCompatibility(old, orders({ migrate }))).ok).toBe(true)
    expect(migrate.mock.calls[0]?.[1]).toEqual({ version: '1', hash: old.program.hash })
    expect(old.value).toBe('approval')
  })

  test('says that `migrate` threw, or did not mend it', async () => {
    const old = await stored(before, ['GO'])
    const fails = orders({
      migrate: () => {
        throw new Error('no idea')
      },
    })
    expect((await checkCompatibility(old, fails)).misfits).toEqual([
      { name: old.id, reason: 'migrate_failed', path: '', message: '`migrate` threw: no idea; mend `migrate`.' },
    ])
    const report = await checkCompatibility(old, orders({ migrate: (snapshot) => snapshot }))
    expect(brief(report.misfits)).toEqual(['state_gone at value'])
    expect(report.misfits[0]?.message).toContain("after `migrate`, there is no state 'approval' any more")
  })

  test('says that a timer of a renamed state would do nothing', async () => {
    const late = (state: string) =>
      createMachine(
        { id: 'm', initial: state, states: { [state]: { after: { wait: 'end' } }, end: {} } },
        { delays: { wait: 1_000 } },
      )
    const old = await stored(late('open'))
    const migrate = (snapshot: object) => ({ ...snapshot, value: 'new' }) as never
    const report = await checkCompatibility(old, defineEntryPoint({ id: 'orders', program: late('new'), version: '2', migrate }))
    expect(brief(report.misfits)).toEqual(['timer_missing at value', 'timer_gone at timers[0]'])
  })

  test('takes a snapshot that says no version for its own, or for the one that is told', async () => {
    const bare = { status: 'active', value: 'approval', context: {}, historyValue: {}, children: {} }
    const migrate = (snapshot: object, from: { version: string }) =>
      (from.version === '1' ? { ...snapshot, value: 'review' } : snapshot) as never
    expect(brief((await checkCompatibility(bare, orders({ migrate }))).misfits)).toEqual(['state_gone at value'])
    expect((await checkCompatibility(bare, orders({ migrate }), { version: '1' })).ok).toBe(true)
    expect((await checkCompatibility(bare, orders({ versions: { '1': before } }), { version: '1' })).ok).toBe(true)
  })

  test('refuses the executions of another one', async () => {
    const old = await stored(before)
    await expect(checkCompatibility(old, orders({ id: 'payments' }))).rejects.toMatchObject({ code: 'invalid_option' })
  })
})

describe('a real runtime', () => {
  const [before, after] = [flow('open', 'approval'), flow('open', 'review')]
  const rename = (snapshot: PersistedProgram) => (snapshot.value === 'approval' ? { ...snapshot, value: 'review' } : snapshot)
  const programs: readonly [string, Partial<EntryPointOptions>][] = [
    ['the same program', { program: before }],
    ['other code', { program: flow('open', 'approval'), version: '2' }],
    ['another structure', { program: after }],
    ['another structure and version', { program: after, version: '2' }],
    ['a migration', { program: after, version: '2', migrate: rename }],
    ['a migration that does nothing', { program: after, version: '2', migrate: (snapshot) => snapshot }],
    ['a kept version', { program: after, version: '2', versions: { '1': before } }],
    ['a kept version that is another one', { program: after, version: '2', versions: { '1': flow('open') } }],
  ]
  const cases = programs.flatMap(([name, options]) => [['open', name, options] as const, ['approval', name, options] as const])

  test.each(cases)('agrees on an execution in %s: %s', async (state, _, options) => {
    const store = memoryStore()
    const old = await stored(before, state === 'open' ? [] : ['GO'], { store })
    expect(old.value).toBe(state)
    const entryPoint = defineEntryPoint({ id: 'orders', program: before, ...options })
    const { ok } = await checkCompatibility(old, entryPoint)

    const runtime = createTestRuntime({ entryPoints: [entryPoint], store })
    const misfits: string[] = []
    for await (const { id } of runtime.misfits()) misfits.push(id)
    expect(misfits).toEqual(ok ? [] : [old.id])
    await runtime.execution(old.id).send({ type: 'GO' })
    await runtime.settle()
    expect(((await runtime.execution(old.id).get()) as ExecutionRecord).status).toBe(ok ? 'waiting' : 'paused')
    await runtime.stop()
  })
})
