/**
 * The actors that programs invoke and spawn, by name.
 *
 * Owns: which names there are, in the types and in the machines: a `src` of `setup({ actors })`, of a child machine's too,
 * the id of an inline invoke, and the entry point's own id where its program is a bare step.
 */
import type { AnyActorLogic, StateMachine } from 'xstate'
import { actorsOf, childLogic } from '../../actors/program/xstate/implementations.js'
import { isProgramMachine, type MachineNode, type ProgramMachine } from '../../actors/program/xstate/program-logic.js'
import type { StreamDefinition } from '../../actors/stream/stream-definition.js'
import type { EntryPoint } from '../../runtime/entry-point.js'
import { isInlineSource } from '../../actors/program/xstate/xstate-events.js'

/** The actors that a machine's types name, as `{ src, logic }`; never for other logic. */
export type ProvidedBy<TProgram> =
  TProgram extends StateMachine<
    infer _Context,
    infer _Event,
    infer _Children,
    infer TActor,
    infer _Action,
    infer _Guard,
    infer _Delay,
    infer _Value,
    infer _Tag,
    infer _Input,
    infer _Output,
    infer _Emitted,
    infer _Meta,
    infer _Schema
  >
    ? TActor
    : never

/** Of child machines too, three levels deep. */
type ActorsOf<TProgram, TDepth extends readonly unknown[] = []> = TDepth['length'] extends 3
  ? never
  : ProvidedBy<TProgram> | (ProvidedBy<TProgram> extends { logic: infer TLogic } ? ActorsOf<TLogic, [...TDepth, 0]> : never)

type ByName<TActor, TName> = TActor extends { src: infer TSrc; logic: infer TLogic }
  ? TName extends TSrc
    ? TLogic
    : never
  : never

type OwnLogic<TEntryPoint> = TEntryPoint extends { id: infer TId; program: infer TProgram }
  ? [ProvidedBy<TProgram>] extends [never]
    ? { src: TId; logic: TProgram }
    : never
  : never

type Actors<TEntryPoints extends readonly EntryPoint[]> =
  | ActorsOf<TEntryPoints[number]['program']>
  | OwnLogic<TEntryPoints[number]>

/** The names of all actors of some entry points; any text where their machines don't say. */
export type ActorName<TEntryPoints extends readonly EntryPoint[]> =
  Actors<TEntryPoints> extends infer TActor ? (TActor extends { src: infer TSrc extends string } ? TSrc : never) : never

/** The logic that such a name stands for. */
export type NamedLogic<TEntryPoints extends readonly EntryPoint[], TName> = ByName<Actors<TEntryPoints>, TName>

/** Under which name an actor is known: its `src`, the id of an inline one, the program's for a root. */
export function actorName({ src, id }: { readonly src: string; readonly id: string }, programId: string): string {
  if (src === '') return programId
  return isInlineSource(src) ? id : src
}

/** Every name that the programs of these definitions know. */
export function actorNames(definitions: readonly StreamDefinition[]): Set<string> {
  const names = new Set<string>()
  const seen = new Set<unknown>()
  const add = (logic: AnyActorLogic) => {
    if (!isProgramMachine(logic) || seen.has(logic)) return
    seen.add(logic)
    for (const [name, child] of Object.entries(actorsOf(logic))) {
      names.add(name)
      add(child)
    }
    addInvoked(logic, logic.root)
  }
  const addInvoked = (machine: ProgramMachine, node: MachineNode) => {
    for (const { id, src } of node.invoke) {
      names.add(typeof src === 'string' && !isInlineSource(src) ? src : id)
      const inline = typeof src === 'string' ? childLogic(machine, src) : undefined
      if (inline) add(inline)
    }
    for (const child of Object.values(node.states)) addInvoked(machine, child)
  }
  for (const { id, program } of definitions) {
    if (isProgramMachine(program)) add(program)
    else names.add(id)
  }
  return names
}
