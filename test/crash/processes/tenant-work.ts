/** The entry point of the processes that work for tenants, and of the client that gives them work. */
import { defineEntryPoint, fromStep } from '../../../src/index.js'

/** What is asked for. */
export interface TenantWork {
  readonly tenant: string
  readonly n: number
}

/** One execution of a tenant at a time, and at most 20 starts of one tenant in a second. */
export const limits = { concurrency: 1, rate: { limit: 20, per: 1_000 } } as const

/** Work that is done by `run`. */
export const tenantWork = (run: (work: TenantWork) => Promise<void>) =>
  defineEntryPoint({
    id: 'work',
    program: fromStep<void, TenantWork>(({ input }) => run(input)),
    maxConcurrent: 3,
    concurrency: { key: ({ tenant }) => tenant, limit: limits.concurrency },
    rate: { ...limits.rate, key: ({ tenant }) => tenant },
  })
