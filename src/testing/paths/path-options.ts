/** What a test tells `pathsOf` beyond the program. Owns: the options, typed by the machine's own events and actors. */
import type { AnyActorLogic, EventFromLogic, InputFrom, OutputFrom } from 'xstate'
import type { ProvidedBy } from '../world/actor-names.js'
import type { ContextOf } from './execution-path.js'

type Outputs<TProgram> = {
  readonly [TName in ProvidedBy<TProgram>['src']]?: readonly OutputFrom<Extract<ProvidedBy<TProgram>, { src: TName }>['logic']>[]
} & Readonly<Record<string, readonly unknown[]>>

/** What `pathsOf` is told beyond the program. */
export interface PathOptions<TProgram extends AnyActorLogic = AnyActorLogic> {
  /** What the program is triggered with. */
  readonly input?: InputFrom<TProgram>
  /** The events to try of each type; default: the type alone. An empty list: that type is never sent. Types that a wildcard takes are tried only if they are here. */
  readonly events?: {
    readonly [TType in EventFromLogic<TProgram>['type']]?: readonly Extract<EventFromLogic<TProgram>, { type: TType }>[]
  }
  /** What each step may end with, by its `src` or its id; default `undefined`. An empty list: it never ends well. */
  readonly outputs?: Outputs<TProgram>
  /** What each step may fail with, by its `src` or its id; default: one error, where the machine handles it. */
  readonly errors?: Readonly<Record<string, readonly unknown[]>>
  /** `shortest`: through every transition of every state, each as early as it can be. `simple`: every way to every state that meets none twice. Default `shortest`. */
  readonly kind?: 'shortest' | 'simple'
  /** How many states may be found; default 1,000. */
  readonly limit?: number
  /** Which part of the context tells two states apart, and is compared when a path is run: all of it, none, or what a function picks. Default `true`. */
  readonly context?: boolean | ((context: ContextOf<TProgram>) => unknown)
}

/** The options, which may be left out unless the program needs an input. */
export type PathArguments<TProgram extends AnyActorLogic> =
  undefined extends InputFrom<TProgram>
    ? [options?: PathOptions<TProgram>]
    : [options: PathOptions<TProgram> & { readonly input: InputFrom<TProgram> }]
