/**
 * Watches how large a folder gets: `every` measures it, and publishes an event when it has passed a limit; `on` takes that up.
 *
 * Owns: the two entry points. What a warning does is given to them.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { defineEntryPoint, fromStep, type PublishOptions } from 'stateward'
import { every, on } from 'stateward/triggers'
import { assign, setup } from 'xstate'

/** The event of a folder that has passed its limit, and what it says. */
export const grown = 'folder.grown'
export interface Grown {
  readonly folder: string
  readonly bytes: number
}

/** What is watched, and who hears of it. */
export interface FolderWatch {
  readonly folder: string
  /** In bytes. */
  readonly limit: number
  /** In milliseconds. */
  readonly interval: number
  /** As `runtime.publish`. */
  publish(type: string, data: Grown, options: PublishOptions): Promise<unknown>
  /** `key` is the same however often it is called for one event. */
  warn(grown: Grown, key: string): Promise<void>
}

/** How many bytes the files of a folder have, those in folders below it too. */
export async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true })
  const sizes = entries.map(async (entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return sizeOf(path)
    return entry.isFile() ? (await stat(path)).size : 0
  })
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

/** Measures and, past the limit, publishes: two steps. */
function measuring({ folder, limit, publish }: FolderWatch) {
  return setup({
    types: { context: {} as { bytes: number }, output: {} as number },
    actors: {
      measure: fromStep<number>(() => sizeOf(folder)),
      // the event has the id of the step's visit: it is published once, however often the step runs
      publish: fromStep<unknown, number>(({ input, idempotencyKey }) =>
        publish(grown, { folder, bytes: input }, { id: idempotencyKey }),
      ),
    },
    guards: { isGrown: ({ context }) => context.bytes > limit },
  }).createMachine({
    id: 'measuring',
    context: { bytes: 0 },
    initial: 'measuring',
    states: {
      measuring: {
        invoke: { src: 'measure', onDone: { target: 'judging', actions: assign({ bytes: ({ event }) => event.output }) } },
      },
      judging: { always: [{ guard: 'isGrown', target: 'publishing' }, { target: 'measured' }] },
      publishing: { invoke: { src: 'publish', input: ({ context }) => context.bytes, onDone: 'measured' } },
      measured: { type: 'final' },
    },
    output: ({ context }) => context.bytes,
  })
}

/** Both entry points. */
export function folderWatch(watch: FolderWatch) {
  const measure = defineEntryPoint({
    id: 'measure',
    program: measuring(watch),
    // a measurement that takes longer than an interval is not joined by a second one
    trigger: every(watch.interval, { immediately: true, overlap: 'skip' }),
    retention: { keep: 100 },
  })
  const warn = defineEntryPoint({
    id: 'warn',
    program: fromStep<void, Grown>(({ input, idempotencyKey }) => watch.warn(input, idempotencyKey), {
      retry: { maxAttempts: 5 },
    }),
    trigger: on(grown, { input: ({ data }) => data as Grown }),
  })
  return [measure, warn] as const
}
