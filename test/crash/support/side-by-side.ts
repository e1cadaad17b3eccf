/** What tests of processes that live side by side do again and again. Owns: ending them, and finding an order's id. */
import { expect } from 'vitest'
import type { RealProcess } from './real-process.js'

/** Asks each to stop; all end well. */
export async function quit(...processes: readonly RealProcess[]): Promise<void> {
  for (const process of processes) await process.get({ call: 'quit' })
  for (const process of processes) expect(await process.ended, process.story()).toEqual({ code: 0, signal: null })
}

/** The id under which a process has accepted an order. */
export function idOf(process: RealProcess, n: number): string {
  const line = process.said('accepted').find((said) => said.startsWith(`${n} `))
  if (line === undefined) throw new Error(`Order ${n} was not accepted.\n${process.story()}`)
  return line.split(' ')[1] as string
}
