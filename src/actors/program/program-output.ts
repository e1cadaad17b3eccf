/**
 * Everything of a program that the outside can see, and when it wants to be woken. Owns no behaviour: the program system
 * (`xstate/program-system.ts`) makes them and tells its host.
 */
import type { AnyActorLogic, AnyEventObject } from 'xstate'

/** Who asked for an output, and whether it is still to happen. */
interface Asked {
  /** Absent if it is asked for again after a crash, and its actor is found by its path. */
  readonly actor?: ProgramActor
  readonly path: string
  /** True once the actor that asked, or one above it, has failed at an earlier output: XState would not have come to this one. */
  isVoid(): boolean
}

/** A custom action that a machine asked for; `name` is set if it can be found again by it after a crash. */
export interface ActionOutput extends Asked {
  readonly kind: 'action'
  readonly name: string | undefined
  /** The `src` names from the root down to the actor that asked. */
  readonly via: readonly string[]
  readonly params: unknown
  readonly event: AnyEventObject
  readonly context: unknown
  /** Runs it; a promise if it is asynchronous. Throws what the actor that asked can't take for its own end. */
  run(): unknown
}

/** A step that wants to start; `run` starts it, unless it was left in the meantime. */
export interface StepOutput {
  readonly kind: 'step'
  readonly actor: ProgramActor
  readonly path: string
  /** True if the step stood in the restored snapshot: it may have been in flight before. */
  readonly restored: boolean
  /** A promise ends by itself; callbacks and observables run until they are left. */
  readonly ends: boolean
  readonly logic: AnyActorLogic
  isActive(): boolean
  run(extras?: object): void
  fail(error: unknown): void
}

/** An emitted event, or a log line: told to those who listen. */
export interface NoticeOutput extends Asked {
  readonly kind: 'emit' | 'log'
  readonly value: unknown
  /** True if the same actor has asked for an action before that has not run: it would not be told if that threw. */
  readonly waits: boolean
  run(): void
}

/** The end of an actor whose actions have not all run: told to whoever is above it once they have, unless one of them throws. */
export interface EndOutput extends Asked {
  readonly kind: 'end'
  run(): void
}

/** Anything of a program that the outside can see. */
export type ProgramOutput = ActionOutput | StepOutput | NoticeOutput

/** An actor of a program itself, where a name would not tell it from one that comes after it. Only the program system looks into it. */
export type ProgramActor = object

/** How the actors of a program are stored. */
export interface ActorNaming {
  /** Where a restoration finds this very actor; undefined for one that has ended, or is none of the program. */
  addressOf(actor: ProgramActor): string | undefined
  /** Another number after each change of an address. */
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

/** What a program system tells its host. */
export interface ProgramSystemHost {
  /** Some actor's snapshot changed, or something that is persisted beside it. */
  changed(): void
  /** An actor of the program sends something by itself, such as a step that ends. */
  stirred(path: string): void
  output(output: ProgramOutput): void
  /** Something has ended, and is told of in its turn, behind all that was asked for before. */
  ending(end: EndOutput): void
  /** True while an action waits that any actor of the program has asked for. */
  hasUnfinishedActions(): boolean
  /** Code of the program has thrown, or its promise has rejected, where no actor is left that could fail with it. */
  failedAside(what: string, error: unknown): void
  /** An action has thrown while the program was silenced; true if its actor fails with that once the program is restored. */
  failedMuted(actor: ProgramActor, path: string, error: unknown): boolean
  /** The promise behind a step has come to its end, whether or not anybody still wants its result. */
  stepGone(step: StepOutput): void
  /** A step's actor is no longer active: it ended, failed or was left. `hasFailed`: it has ended by itself, with an error. */
  stepLeft(step: StepOutput, hasFailed: boolean): void
  schedule(timer: Omit<ProgramTimer, 'id'> & { id: string | undefined }): void
  cancel(source: ProgramActor, id: string): void
  cancelAll(source: ProgramActor): void
  settled(outcome: { status: 'done'; output: unknown } | { status: 'error'; error: unknown }): void
}
