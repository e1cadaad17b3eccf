/**
 * A client: a process that triggers, commands and asks, but runs nothing; for example a web server beside its workers.
 *
 * Owns: how it is made and closed, and that an execution which it accepts has no owner until a worker claims it. Its calls are those of
 * `runtime-calls.ts`; it holds no lease, hosts no stream and takes nothing up.
 */
import { acceptDirectly } from '../actors/commands/direct-acceptance.js'
import { unknownEntryPoint } from '../actors/supervisor/refusals.js'
import { makeParts, type SupervisorParts } from './supervisor-parts.js'
import type { SupervisorOptions } from '../actors/supervisor/supervisor-options.js'
import type { EntryPoint } from './entry-point.js'
import { refuseUnknown, type OptionNames } from '../known-options.js'
import { RuntimeCalls } from './runtime-calls.js'

/** The options of a client. Times are milliseconds. */
export interface ClientOptions<TEntryPoints extends readonly EntryPoint[] = readonly EntryPoint[]> extends Pick<
  SupervisorOptions,
  'store' | 'pollInterval' | 'healthPath' | 'logger' | 'clock' | 'ids'
> {
  /** The workers' own definitions: inputs, outputs and events are typed by them, and what is accepted takes their defaults. */
  readonly entryPoints: TEntryPoints
}

const optionNames: OptionNames<ClientOptions> = {
  store: true,
  entryPoints: true,
  pollInterval: true,
  healthPath: true,
  logger: true,
  clock: true,
  ids: true,
}

/**
 * The calls of a runtime, for a process that runs nothing.
 *
 * What it triggers stands in the store as queued, and runs once a worker looks (its `pollInterval`); the queue's limit is
 * each worker's own and holds nobody up here. Commands go by the inbox to whoever holds the execution; where nobody does
 * they are carried out on what is stored, but for a cancel whose program is to compensate: that waits for a worker.
 */
export class Client<TEntryPoints extends readonly EntryPoint[] = readonly EntryPoint[]> extends RuntimeCalls<TEntryPoints> {
  readonly #parts: SupervisorParts

  constructor(parts: SupervisorParts) {
    const { supervisor, router } = parts
    const { settings } = supervisor
    super({
      parts: () => parts,
      admit: (entryPoint, request) =>
        supervisor.admissions.during(entryPoint, request, async (named) => {
          const definition = settings.entryPoints.get(entryPoint)
          if (!definition) throw unknownEntryPoint(entryPoint, supervisor.entryPointIds)
          supervisor.refuseStopped()
          await supervisor.open()
          // what a pause before it keeps from starting is not to be found before that pause
          await supervisor.streams.ordered(entryPoint)
          const accepted = await (supervisor.gatherings.admit(definition, named) ??
            acceptDirectly({ ...settings, commits: router.direct }, definition, named))
          supervisor.feed.wake()
          return accepted
        }),
      checkAccepting: () => supervisor.refuseStopped(),
      closed: () => (supervisor.phase === 'idle' ? undefined : supervisor.phase),
    })
    this.#parts = parts
  }

  /** Closes the store, unless another one of this process has it open. Calls that wait reject with `already_stopped`; what was accepted goes on. */
  close(): Promise<void> {
    return this.#parts.supervisor.stop()
  }
}

/**
 * Makes a client; the store is opened by the first call.
 *
 * Errors: `invalid_definition`, `duplicate_entry_point`, `duplicate_route`.
 *
 * @example
 * ```ts
 * const client = createClient({ store: sqliteStore('app.db'), entryPoints: [tickets] })
 * const execution = await client.trigger('tickets', { id: 123 }, { idempotencyKey: 'delivery-9' })
 * console.log((await execution.get()).status) // prints queued
 * await client.close()
 * ```
 */
export function createClient<const TEntryPoints extends readonly EntryPoint[]>(
  options: ClientOptions<TEntryPoints>,
): Client<TEntryPoints> {
  refuseUnknown('invalid_definition', 'The client', options, optionNames)
  return new Client<TEntryPoints>(makeParts(options))
}
