/** Every `@example` of the sources compiles, runs, and prints what it says; every export says in a sentence what it is. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'oxc-parser'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fastFolder } from '../support/store-place.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { runCodeBlock, type CodeBlock } from './code-blocks.js'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** What examples take for granted. */
const before = `
import { createClient, createRuntime, defineEntryPoint, defineGroup, fromExecution, fromStep, isStatewardError, supervisorMachine, type StepArguments } from 'stateward'
import { memoryStore } from 'stateward/memory'
import { sqliteStore } from 'stateward/sqlite'
import { serve } from 'stateward/server'
import { fromGraph } from 'stateward/graphs'
import { cron, every, header, hmac, on, token, webhook } from 'stateward/triggers'
import { z } from 'zod'
import {
  checkCompatibility, checkGolden, createTestRuntime, delayed, executionSerializer, executionSnapshot, exploreCancels,
  exploreCrashes, explorePauses, exploreRestarts, fails, formatExecution, matchers, pathsOf, readGolden, recordGolden, returns,
  SimulatedClock, snapshotOf, snapshotOfRecord, storeSuite,
  faultyStore, verifyStore,
} from 'stateward/testing'
import { assign, fromPromise, setup } from 'xstate'
const ticketMachine = setup({
  types: { input: {} as { id: number }, context: {} as { id: number }, events: {} as { type: 'APPROVE' }, output: {} as string },
}).createMachine({
  id: 'ticket',
  context: ({ input }) => input,
  initial: 'open',
  states: { open: { on: { APPROVE: 'approved' } }, approved: { type: 'final' } },
  output: ({ context }) => 'approved ' + context.id,
})
const tickets = defineEntryPoint({ id: 'tickets', program: ticketMachine })
const renamedMachine = setup({}).createMachine({ id: 'ticket', initial: 'new', states: { new: {}, approved: { type: 'final' } } })
const renamedTickets = defineEntryPoint({ id: 'tickets', program: renamedMachine, version: '2' })
const runtime = createRuntime({ store: memoryStore(), entryPoints: [tickets] })
await runtime.start()
const execution = await runtime.trigger('tickets', { id: 123 })
const pay = async (amount: number, options: { idempotencyKey: string; signal: AbortSignal }) => ({ amount, ...options })
const myStore = memoryStore
const paymentMachine = setup({
  types: { input: {} as { amount: number }, context: {} as { amount: number; receipt: string }, output: {} as string },
  actors: { charge: fromStep<string, number>(async ({ input }) => input + ' paid', { retry: { maxAttempts: 3 } }) },
}).createMachine({
  id: 'payment',
  context: ({ input }) => ({ ...input, receipt: '' }),
  initial: 'charging',
  states: {
    charging: {
      invoke: { src: 'charge', input: ({ context }) => context.amount, onDone: { target: 'paid', actions: assign({ receipt: ({ event }) => event.output }) } },
    },
    paid: { type: 'final' },
  },
  output: ({ context }) => context.receipt,
})
const payments = defineEntryPoint({ id: 'payments', program: paymentMachine })
const test = (_name: string, run: (context: { skip(reason: string): void }) => Promise<void>) => run({ skip: () => undefined })
`

const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path: `src/${path}`, text: readFileSync(join(root, 'src', path), 'utf8') }))

/** The examples in the comments of a module, each in a scope of its own. */
function examplesOf({ path, text }: { path: string; text: string }): CodeBlock[] {
  return [...text.matchAll(/@example\n[ *]*```ts\n([^]*?)\n[ *]*```/g)].map(([, code = ''], index) => ({
    page: path,
    heading: `${path}, example ${index + 1}`,
    line: index,
    code: `{\n${code.replaceAll(/^ *\* ?/gm, '')}\n}\nawait runtime.stop()`,
  }))
}

const examples = sources.flatMap(examplesOf)

describe('the examples', () => {
  it('are there for what people use most', () => {
    const places = examples.map(({ page }) => page)
    for (const page of [
      'runtime/runtime',
      'runtime/entry-point',
      'runtime/execution-handle',
      'errors',
      'actors/program/step',
      'graphs/from-graph',
      'triggers/cron',
      'triggers/every',
      'triggers/on',
      'runtime/supervisor-logic',
    ])
      expect(places).toContain(`src/${page}.ts`)
  })

  it.each(examples.map((example) => [example.heading, example] as const))(
    '%s runs and prints what it says',
    { timeout: 60_000 },
    async (_, example) => {
      const folder = temporaryFolder(fastFolder)
      const places = { "'app.db'": JSON.stringify(join(folder, 'app.db')), 'test/golden': folder }
      const replace = Object.fromEntries(Object.entries(places).filter(([place]) => example.code.includes(place)))
      const { printed } = await runCodeBlock(example, { before, replace })
      expect(printed).toEqual([...example.code.matchAll(/\/\/ prints (.*)$/gm)].map(([, text]) => text))
    },
  )

  it('compile', { timeout: 60_000 }, () => {
    mkdirSync(join(root, 'test/docs/.generated'), { recursive: true })
    const folder = mkdtempSync(join(root, 'test/docs/.generated/examples-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    for (const [index, { code }] of examples.entries()) writeFileSync(join(folder, `example-${index}.ts`), `${before}${code}\n`)
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: '../../../../tsconfig.json', include: ['*.ts'], exclude: [] }),
    )
    expect(compile(folder)).toBe('')
  })
})

function compile(folder: string): string {
  try {
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], {
      cwd: folder,
      encoding: 'utf8',
    })
    return ''
  } catch (error) {
    return String((error as { stdout?: string }).stdout)
  }
}

describe('every export', () => {
  it('has a comment that says what it is', () => {
    const silent = sources.flatMap(({ path, text }) => {
      let overloaded: string | undefined
      if (/^src\/(index|sqlite|memory|triggers|graphs|testing\/index)\.ts$/.test(path)) return []
      return parseSync(path, text).program.body.flatMap((node) => {
        if (node.type !== 'ExportNamedDeclaration' || !node.declaration) return []
        // the first overload has the comment of all
        const { type } = node.declaration
        const name = type === 'TSDeclareFunction' || type === 'FunctionDeclaration' ? node.declaration.id?.name : undefined
        const isOverload = name !== undefined && name === overloaded
        overloaded = type === 'TSDeclareFunction' ? name : undefined
        return isOverload || /\*\/\s*(\/\/.*\s*)*$/.test(text.slice(0, node.start))
          ? []
          : [`${path}: ${text.slice(node.start, node.end).split('\n')[0]}`]
      })
    })
    expect(silent).toEqual([])
  })
})
