/** A user's file, as README shows it: compiled against the packed package, never run. */
import { createRuntime, defineEntryPoint, isStatewardError } from 'stateward'
import { memoryStore } from 'stateward/memory'
import { sqliteStore } from 'stateward/sqlite'
import { createTestRuntime, executionSnapshot, type ExecutionSnapshot } from 'stateward/testing'
import 'stateward/testing/vitest'
import { expect } from 'vitest'
import { assign, fromPromise, setup } from 'xstate'

const ticketMachine = setup({
  types: {
    input: {} as { id: number },
    context: {} as { id: number; approved: boolean },
    events: {} as { type: 'APPROVE' } | { type: 'REJECT'; reason: string },
    output: {} as { approved: boolean },
  },
  actors: {
    fetchTicket: fromPromise(({ input }: { input: { id: number } }) => Promise.resolve({ title: `Ticket ${input.id}` })),
  },
}).createMachine({
  context: ({ input }) => ({ id: input.id, approved: false }),
  initial: 'fetching',
  states: {
    fetching: { invoke: { src: 'fetchTicket', input: ({ context }) => ({ id: context.id }), onDone: 'open' } },
    open: { on: { APPROVE: { target: 'closed', actions: assign({ approved: true }) }, REJECT: 'closed' } },
    closed: { type: 'final' },
  },
  output: ({ context }) => ({ approved: context.approved }),
})

const tickets = defineEntryPoint({ id: 'tickets', program: ticketMachine, version: '3' })

export async function main(): Promise<boolean | undefined> {
  const runtime = createRuntime({ store: process.argv[2] ? sqliteStore(process.argv[2]) : memoryStore(), entryPoints: [tickets] })
  await runtime.start()
  try {
    const execution = await runtime.trigger('tickets', { id: 123 })
    await execution.send({ type: 'APPROVE' })
    const outcome = await execution.result({ timeout: 5_000 })
    return outcome.status === 'completed' ? outcome.output.approved : undefined
  } catch (error) {
    if (isStatewardError(error, 'queue_full')) return undefined
    throw error
  } finally {
    await runtime.stop()
  }
}

export async function test(): Promise<ExecutionSnapshot> {
  const runtime = createTestRuntime({ entryPoints: [tickets] })
  runtime.mock('fetchTicket', ({ input }) => ({ title: `Ticket ${input.id}` }))
  const ticket = await runtime.trigger('tickets', { id: 123 })
  await expect(ticket).toBeInState('open')
  const awaited: Promise<void> = expect(ticket).toHaveRun('fetchTicket', 1)
  await awaited
  const snapshot = await executionSnapshot(runtime, ticket)
  expect(snapshot).toHaveStatus('waiting')
  return snapshot
}
