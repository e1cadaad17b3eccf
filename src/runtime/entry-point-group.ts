/**
 * Groups: entry points under one name, such as those of a plug-in or of a tenant.
 *
 * Owns: the ids that they have in their group, which are stored with executions and so never depend on who adds them where.
 */
import type { AnyActorLogic } from 'xstate'
import { isProgramMachine } from '../actors/program/xstate/program-logic.js'
import { checkDefinitions } from '../actors/supervisor/entry-point-set.js'
import { StatewardError } from '../errors.js'
import { isId } from '../ids.js'
import { shownById, type EntryPoint } from './entry-point.js'

/** An entry point as it is in a group: its id begins with the group's name. */
export type Grouped<TGroup extends string, TEntryPoint> =
  TEntryPoint extends EntryPoint<infer TProgram extends AnyActorLogic, infer TId extends string>
    ? EntryPoint<TProgram, `${TGroup}/${TId}`>
    : never

/** A list of entry points as they are in a group. */
export type EntryPointGroup<TGroup extends string, TEntryPoints extends readonly EntryPoint[]> = {
  readonly [TIndex in keyof TEntryPoints]: Grouped<TGroup, TEntryPoints[TIndex]>
}

/**
 * Puts entry points under one name: `invoices` of the group `billing` has the id `billing/invoices`, wherever an id is asked for. The
 * list goes to `createRuntime`, `createClient` or `runtime.add`; `runtime.group('billing')` commands what is in it.
 *
 * The id is stored with each execution: call it the same in every process and after each restart. Programs name each other by whole
 * ids too: `fromExecution('billing/dunning')`.
 *
 * Errors: `invalid_definition` for a name that is no id, for an empty list, and for an entry point that is in a group already;
 * `duplicate_entry_point`.
 *
 * @example
 * ```ts
 * const [invoices] = defineGroup('billing', [defineEntryPoint({ id: 'invoices', program: fromPromise(async () => 'sent') })])
 * console.log(invoices.id) // prints billing/invoices
 * ```
 */
export function defineGroup<const TGroup extends string, const TEntryPoints extends readonly EntryPoint[]>(
  group: TGroup,
  entryPoints: TEntryPoints,
): EntryPointGroup<TGroup, TEntryPoints> {
  if (!isId(group)) throw refusal('group', group, '1 to 128 letters, digits, or . _ : - inside, never two dots in a row')
  checkDefinitions(`The group ${group}:`, entryPoints)
  if (entryPoints.length === 0) throw refusal('entryPoints', 'an empty list', 'a list of at least one')
  return entryPoints.map((entryPoint: EntryPoint) => {
    const { id, program, programId } = entryPoint
    if (!isId(id)) throw refusal('entryPoints', id, 'in no other group')
    const own = `${group}/${id}`
    return shownById({ ...entryPoint, id: own, programId: isProgramMachine(program) ? programId : own })
  }) as unknown as EntryPointGroup<TGroup, TEntryPoints>
}

function refusal(option: string, value: unknown, wanted: string): StatewardError {
  const shown = String(value)
  return new StatewardError('invalid_definition', `A group's \`${option}\` is ${JSON.stringify(shown)}; it must be ${wanted}.`, {
    details: { option, value: shown },
  })
}
