/** `verifyStore` passes what keeps its promises, and finds and names what does not. */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isStatewardError, type StatewardError } from '../../../src/index.js'
import { memoryStore } from '../../../src/persistence/memory/memory-store.js'
import { sqliteStore } from '../../../src/persistence/sqlite/sqlite-store.js'
import { storeSuite, type StoreFactory } from '../../../src/testing/index.js'
import type { BrokenPromise } from '../../../src/testing/store/store-report.js'
import { trialLaws } from '../../../src/testing/store/trial-laws.js'
import { trialPlans } from '../../../src/testing/store/trial-plan.js'
import { verifyStore } from '../../../src/testing/store/verify-store.js'
import { fastFolder } from '../../support/store-place.js'
import { brokenContracts, brokenLaws, wrongStores } from './broken-stores.js'
import { carelessStores } from './careless-stores.js'

const everything = storeSuite.length + trialPlans.length * trialLaws.length
const good = wrongStores(() => ({}))

const sqlite: StoreFactory = {
  create: async () => {
    const folder = await mkdtemp(join(fastFolder, 'stateward-verify-'))
    const another = () => sqliteStore(join(folder, 'store.db'))
    const store = another()
    const reopen = async () => {
      await store.close()
      return another()
    }
    return { store, reopen, second: async () => another(), destroy: () => rm(folder, { recursive: true }) }
  },
}

async function refusal(factory: StoreFactory, options?: Parameters<typeof verifyStore>[1]): Promise<StatewardError> {
  const error = await verifyStore(factory, options).then(
    (report) => new Error(`it passes: ${String(report)}`),
    (reason: unknown) => reason,
  )
  if (!isStatewardError(error, 'store_broken')) throw error
  return error
}

const brokenOf = ({ details }: StatewardError) => details['broken'] as readonly BrokenPromise[]

describe('a store that keeps its promises passes', () => {
  test.each([
    ['memory', good, 1],
    ['sqlite', sqlite, 1],
  ] as const)('%s', { timeout: 60_000 }, async (name, factory, rounds) => {
    const report = await verifyStore(factory, { rounds })
    expect([report.store, report.skipped, report.broken]).toEqual([name, [], []])
    expect(report.passed).toHaveLength(everything)
    expect(String(report)).toContain(`The ${name} store keeps ${everything} of ${everything} promises (seed 1).`)
  })

  test('and each promise that could not be looked at says why', async () => {
    const create = async () => ({ store: memoryStore(), destroy: async () => undefined })
    const report = await verifyStore({ create }, { rounds: 1 })
    expect(new Set(report.skipped.map(({ reason }) => reason))).toEqual(
      new Set(['the factory of this store has no second()', 'the factory of this store has no reopen()']),
    )
    expect(report.skipped.length + report.passed.length).toBe(everything)
    for (const { promise, reason } of report.skipped) expect(String(report)).toContain(`  skipped  ${promise}: ${reason}`)
    for (const promise of report.passed) expect(String(report)).toContain(`  kept     ${promise}`)
  })

  test('however its own errors look, and closes and destroys what it has made', async () => {
    const alive = new Set<object>()
    const create = async () => {
      const inner = memoryStore()
      const store = {
        ...inner,
        open: () => (alive.add(store), inner.open()),
        close: () => (alive.delete(store), inner.close()),
      }
      const made = { store, second: async () => store, destroy: async () => void alive.delete(made) }
      alive.add(made)
      return made
    }
    await verifyStore({ create }, { rounds: 1 })
    expect(alive.size).toBe(0)
  })
})

describe('a store that breaks the contract is refused, and the promise is named', () => {
  test.each([...brokenContracts, ...carelessStores])('one that %s', async (_, wrong, promise) => {
    const error = await refusal(wrongStores(wrong))
    const found = brokenOf(error).find((each) => each.promise === promise)
    expect(brokenOf(error).map((each) => each.promise)).toContain(promise)
    expect(found?.message).toBeTruthy()
    expect(error.message).toContain(`  broken   ${promise}: ${found?.message}`)
    expect(error.message).toContain('the laws are looked at once the contract is kept')
    expect(error.retryable).toBe(false)
    expect(JSON.parse(JSON.stringify(error.details))).toEqual(error.details)
  })
})

describe('a store that keeps the contract where the suite looks, and not elsewhere, is refused by the law that it breaks', () => {
  test.each(brokenLaws)('one that %s', { timeout: 60_000 }, async (_, wrong, law) => {
    const error = await refusal(wrongStores(wrong), { rounds: 3, patience: 1_000 })
    expect(brokenOf(error).map(({ promise }) => promise)).toContain(law)
    for (const { promise } of brokenOf(error)) expect(promise).toMatch(/^while /)
  })
})

describe('a store that never answers is refused', () => {
  test.each(['open', 'load', 'lastSeq', 'close'] as const)('with what is left of the promises skipped: %s', async (call) => {
    const made = { created: 0, destroyed: 0 }
    const wrong = wrongStores(() => ({ [call]: () => new Promise<never>(() => undefined) }))
    const create = async () => {
      const { destroy: _, ...stores } = await wrong.create()
      made.created++
      return { ...stores, destroy: async () => void made.destroyed++ }
    }
    const error = await refusal({ create }, { patience: 50 })
    expect(brokenOf(error).at(-1)?.message).toBe(`${call} did not come back within 50 ms`)
    expect(error.message).toContain(': a call before this one never came back')
    expect(made.destroyed).toBe(made.created)
  })

  test('and what was made is destroyed although it could not be closed', async () => {
    let destroyed = 0
    const close = () => Promise.reject(new Error('it does not close'))
    const create = async () => ({ store: { ...memoryStore(), close }, destroy: async () => void destroyed++ })
    const error = await refusal({ create })
    expect(new Set(brokenOf(error).map(({ message }) => message))).toEqual(new Set(['it does not close']))
    expect(destroyed).toBe(brokenOf(error).length)
  })
})

describe('an option that makes no sense is refused', () => {
  test.each([
    ['seed', { seed: 0.5 }],
    ['seed', { seed: NaN }],
    ['rounds', { rounds: 0 }],
    ['rounds', { rounds: 1.5 }],
    ['patience', { patience: 0 }],
  ])('%s in %o', async (option, options) => {
    await expect(verifyStore(good, options)).rejects.toMatchObject({ code: 'invalid_option', details: { option } })
  })
})
