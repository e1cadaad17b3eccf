/**
 * The outputs of a program (everything that the outside can see), and its timers. Owns no behaviour: the program system
 * (`xstate/program-system.ts`) makes them and hands them to its host.
 */
import type { AnyActorLogic, AnyEventObject } from 'xstate'

/** The actor that asked for an output, and whether the output must still happen. */
interface Asked {
  /** Absent for an output that is repeated after a crash: its actor is found by its path. */
  readonly actor?: ProgramActor
  readonly path: string
  /** True once the actor that asked, or one above it, has failed at an earlier output: XState would not have reached this one. */
  isVoid(): boolean
}

/** A custom action that a machine asked for; `name` is set if the action can be found again by its name after a crash. */
export interface ActionOutput extends Asked {
  readonly kind: 'action'
  readonly name: string | undefined
  /** The `src` names from the root down to the actor that asked. */
  readonly via: readonly string[]
  readonly params: unknown
  readonly event: AnyEventObject
  readonly context: unknown
  /** Runs the action; a promise if it is asynchronous. Throws if the actor that asked can't fail with the error any more. */
  run(): unknown
}

/** A step that wants to start; `run` starts it, unless the program has left it meanwhile. */
export interface StepOutput {
  readonly kind: 'step'
  readonly actor: ProgramActor
  readonly path: string
  /** The name under which its logic was asked for; undefined for logic that has none. */
  readonly name: string | undefined
  /** True if the step is active in the restored snapshot: it may have been in flight before. */
  readonly restored: boolean
  /** A promise ends by itself; callbacks and observables run until they are left. */
  readonly ends: boolean
  /** True once its promise has settled. */
  hasSettled: boolean
  readonly logic: AnyActorLogic
  isActive(): boolean
  run(extras?: object): void
  fail(error: unknown): void
}

/** How a step is no longer active: it ended or failed by itself, or it was left. */
export type StepEnd = { readonly status: 'done' | 'left' } | { readonly status: 'error'; readonly error: unknown }

/** An emitted event or a log line, for listeners. */
export interface NoticeOutput extends Asked {
  readonly kind: 'emit' | 'log'
  readonly value: unknown
  /** True if the same actor asked for an action before that has not run: if that action throws, this output must not happen. */
  readonly waits: boolean
  run(): void
}

/** The end of an actor whose actions have not all run: reported to its parent once they have, unless one of them throws. */
export interface EndOutput extends Asked {
  readonly kind: 'end'
  run(): void
}

/** Anything of a program that the outside can see. */
export type ProgramOutput = ActionOutput | StepOutput | NoticeOutput

/** An actor of a program, where its name could also be a later actor's. Only the program system looks into it. */
export type ProgramActor = object

/** How the actors of a program are stored. */
export interface ActorNaming {
  /** The address at which a restoration finds this very actor; undefined if it has ended or is no actor of the program. */
  addressOf(actor: ProgramActor): string | undefined
  /** Changes with each change of an address. */
  readonly version: number
  /** True for an actor of the program, living or not, and for what stands above its root. */
  owns(actor: ProgramActor): boolean
  /** The stored form of an actor of the program; undefined for anything else. */
  named(value: object): object | undefined
}

/** A delayed event that the program asked for. */
export interface ProgramTimer {
  readonly source: ProgramActor
  readonly target: ProgramActor
  readonly id: string
  readonly event: AnyEventObject
  readonly delay: number
}

/** What a program system reports to its host. */
export interface ProgramSystemHost {
  /** The snapshot of an actor changed, or something that is persisted beside it. */
  changed(): void
  /** An actor of the program sends something by itself: a step that ends, for example. */
  stirred(path: string): void
  output(output: ProgramOutput): void
  /** An actor has ended; that is reported in its order, after all outputs that were asked for before. */
  ending(end: EndOutput): void
  /** True while an action waits that any actor of the program has asked for. */
  hasUnfinishedActions(): boolean
  /** User code has thrown, or its promise has rejected, and no actor is left that could fail with the error. */
  failedAside(what: string, error: unknown): void
  /** An action has thrown while the program was silenced; true if its actor will fail with the error once the program is restored. */
  failedMuted(actor: ProgramActor, path: string, error: unknown): boolean
  /** The promise behind a step has settled, whether or not its result is still wanted. */
  stepGone(step: StepOutput): void
  /** The actor of a step is no longer active. */
  stepLeft(step: StepOutput, end: StepEnd): void
  /** The root machine has taken a transition that leads to a state, by an event of that type. */
  moved(event: string, value: unknown): void
  schedule(timer: Omit<ProgramTimer, 'id'> & { id: string | undefined }): void
  cancel(source: ProgramActor, id: string): void
  cancelAll(source: ProgramActor): void
  settled(outcome: { status: 'done'; output: unknown } | { status: 'error'; error: unknown }): void
}
