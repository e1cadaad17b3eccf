/** Keyed concurrency: each tenant imports two files at a time, and a tenant with a thousand files delays no other. */
import { defineEntryPoint, fromStep } from 'stateward'

/** A file that a tenant uploaded. */
export interface Upload {
  readonly tenant: string
  readonly rows: readonly string[]
}

const importRows = fromStep<number, Upload>(async ({ input, progress }) => {
  for (const [done] of input.rows.entries()) progress({ done })
  return input.rows.length
})

/** Ends with the number of rows. */
export const imports = defineEntryPoint({
  id: 'imports',
  program: importRows,
  maxConcurrent: 4,
  concurrency: { key: ({ tenant }) => tenant, limit: 2 },
})
