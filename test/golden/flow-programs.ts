/**
 * The programs whose executions stand in the golden databases of `flow/`: those that came after the first ones of `database/`.
 *
 * Never to be changed: what is stored there was made by them. A new kind of thing to store gets a program of its own, and a new file.
 */
import { assign, fromPromise, setup } from 'xstate'
import { defineEntryPoint, fromStep, type StepArguments } from '../../src/index.js'
import { every } from '../../src/triggers.js'

/** What the programs ask of the world. */
export interface FlowWorld {
  importFile(file: string): Promise<string>
  say(file: string, attempt: number, stream: StepArguments<unknown>['stream']): Promise<string>
}

/** What an import is given. */
export interface Import {
  readonly tenant: string
  readonly file: string
}

export const hour = 3_600_000

/** Every way in that the golden databases of `flow/` have executions of. */
export function flowEntryPoints(world: FlowWorld) {
  const run = fromPromise(({ input }: { input: Import }) => world.importFile(`${input.tenant}/${input.file}`))
  const speech = setup({
    types: { input: {} as string, context: {} as { file: string }, output: {} as string },
    actors: {
      say: fromStep(({ input, attempt, stream }: StepArguments<string>) => world.say(input, attempt, stream), {
        retry: { maxAttempts: 2, backoff: { initial: 1 } },
      }),
    },
  }).createMachine({
    id: 'golden-speech',
    context: ({ input }) => ({ file: input }),
    initial: 'open',
    states: {
      open: { tags: ['unsaid'], on: { SAY: 'saying' } },
      saying: { invoke: { id: 'say', src: 'say', input: ({ context }) => context.file, onDone: 'said' } },
      said: { type: 'final', output: ({ event }) => event.output },
    },
    output: ({ event }) => event.output as string,
  })
  const reminders = setup({
    types: { context: {} as { rung: number } },
    delays: Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`after${n}`, (n + 1) * hour])),
    actions: { count: assign({ rung: ({ context }) => context.rung + 1 }) },
  }).createMachine({
    id: 'golden-reminders',
    context: { rung: 0 },
    type: 'parallel',
    states: Object.fromEntries(
      Array.from({ length: 200 }, (_, n) => [
        `reminder${n}`,
        { initial: 'set', states: { set: { after: { [`after${n}`]: { target: 'rung', actions: 'count' } } }, rung: { type: 'final' as const } } },
      ]),
    ),
    output: ({ context }) => context.rung,
  })
  return [
    defineEntryPoint({ id: 'reminders', program: reminders, passivateAfter: 60_000 }),
    defineEntryPoint({
      id: 'imports',
      program: run,
      concurrency: { key: ({ tenant }) => tenant, limit: 1 },
      rate: { limit: 2, per: hour, key: ({ tenant }) => tenant },
    }),
    defineEntryPoint({ id: 'reindex', program: run, debounce: { quiet: hour, key: ({ tenant }) => tenant } }),
    defineEntryPoint({
      id: 'lines',
      program: fromPromise(async ({ input }: { input: readonly string[] }) => input.join('+')),
      batch: { size: 3, within: hour },
    }),
    defineEntryPoint({ id: 'speeches', program: speech, history: 'transitions', passivateAfter: 60_000 }),
    defineEntryPoint({ id: 'ticks', program: fromPromise(async () => 'ticked'), trigger: every(24 * hour) }),
  ] as const
}
