/** A run of orders that nobody kills, for others to be held against. Owns: nothing else. */
import { expect } from 'vitest'
import type { OrderSettings } from '../processes/order-settings.js'
import { CrashFolder } from './crash-folder.js'
import { OrderAudit } from './order-audit.js'

/** What such a run came to. */
export interface Uninterrupted {
  readonly outcomes: ReadonlyMap<number, unknown>
  /** How many commits all orders took. */
  readonly commits: number
}

/** Runs it; every order completes, and no step runs twice. */
export async function uninterrupted(settings: Partial<OrderSettings> & { readonly to: number }): Promise<Uninterrupted> {
  const folder = new CrashFolder()
  const audit = new OrderAudit(folder)
  const process = folder.start(settings)
  expect(await process.ended, process.story()).toEqual({ code: 0, signal: null })
  await audit.ended(process)
  await audit.whole(settings.to, audit.outcomes)
  expect(audit.repeated).toBe(0)
  for (const outcome of audit.outcomes.values()) expect(outcome).toMatchObject({ status: 'completed' })
  return { outcomes: audit.outcomes, commits: Number(process.said('commits')[0]) }
}
