/**
 * Holds a store to its contract, and the runtime on it to its laws.
 *
 * Owns: what is looked at in which order, and the verdict. The contract is `store-suite.ts`; the runs under faults are
 * trials (`trial.ts`), each on a store of its own.
 */
import { AssertionError } from 'node:assert'
import { inspect } from 'node:util'
import { StatewardError } from '../../errors.js'
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import { boundedStore, LostCall } from './bounded-store.js'
import { gone, type StoreFactory } from './store-case.js'
import { StoreReport, type BrokenPromise, type SkippedPromise } from './store-report.js'
import { storeSuite } from './store-suite.js'
import { Trial } from './trial.js'
import { trialLaws } from './trial-laws.js'
import { trialPlans, type TrialPlan } from './trial-plan.js'

/** How thoroughly a store is verified. */
export interface VerifyStoreOptions {
  /** A whole number that decides which calls fail when; the same one gives the same faults. Default 1. */
  readonly seed?: number
  /** How many runs there are for each kind of fault, each with other faults. Default 3. */
  readonly rounds?: number
  /** How long a call of the store may take, in ms of real time, before it counts as one that never comes back. Default 5,000. */
  readonly patience?: number
}

const unbroken = 'the laws are looked at once the contract is kept'
const impatient = 'a run before this one did not come to its end'
const unanswered = 'a call before this one never came back'

/**
 * Verifies a store: the contract suite first, then real runtimes on it while its calls throw, hang, are torn, arrive
 * twice or answer late, at times that the seed decides; afterwards every law of the runtime must hold.
 *
 * Time is simulated, so it takes a few seconds at most on a local store. The store is made anew for each promise and each
 * run, one at a time. Resolves with a report, in which each skipped promise has its reason: without `second()`, what
 * needs two connections is skipped, and the runs have all runtimes on one connection. Rejects with `store_broken`, which
 * names every promise that is broken (`details.broken`: `{ promise, message }`), and with `invalid_option`.
 *
 * @example
 * ```ts
 * const report = await verifyStore({
 *   create: async () => {
 *     const store = myStore()
 *     return { store, second: async () => store, destroy: async () => undefined }
 *   },
 * })
 * console.log(report.broken.length, report.skipped[0]?.reason) // prints 0 the factory of this store has no reopen()
 * ```
 */
export async function verifyStore(factory: StoreFactory, options: VerifyStoreOptions = {}): Promise<StoreReport> {
  const seed = whole('seed', options.seed ?? 1, Number.MIN_SAFE_INTEGER)
  const rounds = whole('rounds', options.rounds ?? 3, 1)
  const patience = whole('patience', options.patience ?? 5_000, 1)
  const found = new Findings()
  let store = 'unknown'
  const named: StoreFactory = {
    async create() {
      const made = await factory.create()
      store = made.store.name
      return made
    },
  }
  const bounded = boundedFactory(named, patience)
  let isLost = false
  for (const { name, run } of storeSuite) {
    if (isLost) {
      found.skipped.push({ promise: name, reason: unanswered })
      continue
    }
    try {
      const result = await run(bounded)
      if (result) found.skipped.push({ promise: name, reason: result.skipped })
      else found.passed.push(name)
    } catch (error) {
      isLost = error instanceof LostCall
      found.broken.push({ promise: name, message: messageOf(error) })
    }
  }
  const isKept = found.broken.length === 0
  for (const plan of trialPlans) {
    const reason = isKept ? (found.stuck ? impatient : undefined) : unbroken
    if (reason === undefined) await tryOut(named, plan, { seed, rounds, patience, found })
    else for (const { name } of trialLaws) found.skipped.push({ promise: promiseOf(plan, name), reason })
  }
  const report = new StoreReport({ store, seed, passed: found.passed, skipped: found.skipped, broken: found.broken })
  if (report.broken.length === 0) return report
  throw new StatewardError('store_broken', String(report), { details: { store, seed, broken: report.broken } })
}

class Findings {
  readonly passed: string[] = []
  readonly skipped: SkippedPromise[] = []
  readonly broken: BrokenPromise[] = []
  stuck = false
}

const promiseOf = ({ name }: TrialPlan, law: string) => `while ${name}: ${law}`

/** Every law after every round of a plan. */
async function tryOut(
  factory: StoreFactory,
  plan: TrialPlan,
  { seed, rounds, patience, found }: { seed: number; rounds: number; patience: number; found: Findings },
): Promise<void> {
  const broken = new Map<string, string>()
  for (let round = 0; round < rounds; round++) {
    await onFresh(factory, async (store, connect) => {
      if (found.stuck) return
      const trial = new Trial({ plan, seed: seed + round, store, connect, patience })
      const failure = await trial.run().then(
        () => [],
        (error: unknown) => [`the run failed: ${messageOf(error)}`],
      )
      if (trial.stuck !== undefined) found.stuck = true
      for (const law of trialLaws) {
        const [first, ...more] =
          failure.length > 0 ? failure : await Promise.resolve(law.broken(trial, store)).catch((error) => [messageOf(error)])
        if (first === undefined || broken.has(law.name)) continue
        broken.set(law.name, more.length === 0 ? first : `${first} (and ${more.length} more)`)
      }
    })
  }
  for (const { name } of trialLaws) {
    const promise = promiseOf(plan, name)
    const message = broken.get(name)
    if (message === undefined) found.passed.push(promise)
    else found.broken.push({ promise, message })
  }
}

/** Makes the same stores; no call of them is waited for any longer than `patience` ms. */
function boundedFactory(factory: StoreFactory, patience: number): StoreFactory {
  return {
    async create() {
      const made = await factory.create()
      const further = (name: 'reopen' | 'second') =>
        made[name] ? { [name]: async () => boundedStore((await made[name]?.()) as SnapshotStore, patience) } : {}
      const store = boundedStore(made.store, patience)
      return { store, ...further('reopen'), ...further('second'), destroy: () => made.destroy() }
    },
  }
}

/** A fresh, open store; `connect` gives a further connection where the factory can, else the same one. */
async function onFresh(
  factory: StoreFactory,
  use: (store: SnapshotStore, connect: () => Promise<SnapshotStore>) => Promise<void>,
): Promise<void> {
  const made = await factory.create()
  const opened = [made.store]
  try {
    await made.store.open()
    await use(made.store, async () => {
      const store = (await made.second?.()) ?? made.store
      if (!opened.includes(store)) opened.push(store)
      await store.open()
      return store
    })
  } finally {
    await gone(opened, () => made.destroy())
  }
}

/** What an assertion saw and what it wanted, on one line; whatever else was thrown, in its own words. */
function messageOf(error: unknown): string {
  if (!(error instanceof AssertionError)) return error instanceof Error ? error.message : String(error)
  const shown = (value: unknown) => {
    const text = inspect(value, { depth: 4, breakLength: Infinity, maxStringLength: 60 })
    return text.length > 300 ? `${text.slice(0, 300)} …` : text
  }
  const where = error.generatedMessage ? '' : `${error.message}: `
  return `${where}expected ${shown(error.expected)}, and got ${shown(error.actual)}`
}

function whole(option: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value
  throw new StatewardError(
    'invalid_option',
    `\`${option}\` is ${value}; it must be a whole number${least < 0 ? '' : ` from ${least}`}.`,
    {
      details: { option, value: String(value) },
    },
  )
}
