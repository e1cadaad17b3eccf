/**
 * What a program has asked for and that has not happened yet, if it is to happen after a crash as well.
 *
 * Owns: its stored form, and what is made of it then. Named custom actions run at least once; inline ones, and those whose
 * parameters or event can't be stored, are not owed and run at most once. What waited behind an action is owed with it: an
 * emitted event, the end of an actor.
 */
import type { AnyActorLogic, AnyActorRef, AnyEventObject } from 'xstate'
import { isStatewardError } from '../errors.js'
import { decode, encode } from '../persistence/snapshot-codec.js'
import type { ActionOutput, EndOutput, ProgramOutput } from './program-output.js'
import { actionAt, actionOf, hidden, type Owed, type OwedAction } from './program-record.js'
import { refsByName, refsFound } from './stored-refs.js'

/** An action that is to be run again; `run` is undefined if the program has no such action any more. */
export interface RepeatedAction extends Omit<ActionOutput, 'run' | 'isVoid'> {
  readonly n: number
  readonly name: string
  readonly run: (() => unknown) | undefined
}

/** An event that is to be emitted, or an end to be told, after all. */
export type RepeatedNotice = { readonly n: number; readonly path: string } & (
  | { readonly kind: 'emit'; readonly value: unknown }
  | { readonly kind: 'end' }
)

interface Entry {
  readonly n: number
  /** Without what it saw, if that is its cause's. */
  readonly owed: Unnumbered
  readonly cause: Cause | undefined
  /** All of it, encoded; undefined if what it saw is in another's text. */
  readonly text: string | undefined
}

/** What the actions of one transition saw: stored with the first of them, for all. */
interface Cause {
  readonly event: AnyEventObject | undefined
  readonly context: unknown
  /** Of an action that has all of it. */
  readonly text: string
}

/** What one program owes, oldest first. */
export class ProgramOutbox {
  readonly #id: string
  #owed: Entry[] = []
  #last = 0
  /** Of the action that was taken in last. */
  #cause: Cause | undefined

  constructor(id: string, stored: readonly string[] = []) {
    this.#id = id
    for (const text of stored) {
      const owed = decode<Owed>(text, this.#place)
      const as = 'as' in owed ? this.#owed[owed.as ?? 0] : undefined
      const cause = as ? as.cause : 'name' in owed ? { event: undefined, context: undefined, text } : undefined
      this.#owed.push({ n: ++this.#last, owed, cause, text: as ? undefined : text })
    }
  }

  get isEmpty(): boolean {
    return this.#owed.length === 0
  }

  /** Its stored form, oldest first. */
  get texts(): string[] {
    const holders = new Map<Cause, number>()
    return this.#owed.map(({ n, owed, cause, text }, index) => {
      const as = cause && holders.get(cause)
      if (as !== undefined) return this.#encode({ n, ...withoutCause(owed), as })
      if (cause) holders.set(cause, index)
      return text ?? this.#encode({ ...decode<OwedAction>(cause?.text ?? '', this.#place), ...withoutCause(owed), n })
    })
  }

  /** Takes an output in; the number under which it is acknowledged, or 0 if it is not owed. Throws `not_storable` for what is emitted. */
  owe(output: ProgramOutput | EndOutput): number {
    const { kind, path } = output
    if (kind === 'action') return this.#oweAction(output)
    if (kind === 'end') return this.#add({ path, end: true })
    return kind === 'emit' && output.waits ? this.#add({ path, emit: output.value }) : 0
  }

  acknowledge(n: number): void {
    this.#owed = this.#owed.filter((owed) => owed.n !== n)
  }

  /** The actors whose end is owed. */
  get ends(): string[] {
    return this.#owed.flatMap(({ owed }) => ('end' in owed ? [owed.path] : []))
  }

  /** Everything that is owed, ready to run in the program that `find` and `root` reach. */
  *repeated(
    logic: AnyActorLogic,
    root: AnyActorRef,
    find: (path: string) => AnyActorRef | undefined,
  ): Iterable<RepeatedAction | RepeatedNotice> {
    for (const { n, owed, cause } of [...this.#owed]) {
      const { path } = owed
      if ('end' in owed) yield { kind: 'end', n, path }
      else if ('emit' in owed) yield { kind: 'emit', n, path, value: owed.emit }
      else {
        const { via, name, params } = owed
        // each gets its own: one may change what it is given
        const { event, context } = cause ? decode<OwedAction>(cause.text, this.#place) : owed
        const actor = find(path)
        const self = actor ?? root
        const found = actionAt(logic, via, name)
        const exec = found === hidden ? (actionOf(actor, name) ?? hidden) : found
        const args = { context: refsFound(context, self), event: event as AnyEventObject, self, system: self.system }
        const run = exec === hidden ? () => outOfReach(path, name) : exec && (() => exec(args, params))
        yield { kind: 'action', n, path, via, name, params, event: args.event, context, run }
      }
    }
  }

  #oweAction({ path, via, name, params, event, context }: ActionOutput): number {
    if (name === undefined) return 0
    const owed = { path, via, name, ...(params === undefined ? {} : { params }) }
    try {
      if (this.#cause?.event === event && this.#cause.context === context) {
        // whoever has the params may change them
        const kept = params === undefined ? owed : decode<typeof owed>(this.#encode(owed), this.#place)
        return this.#push(kept, this.#cause, undefined)
      }
      const n = this.#last + 1
      const saw = { event, context: refsByName(context) }
      const text = this.#encode({ n, path, via, name, ...saw, ...(params === undefined ? {} : { params }) })
      this.#cause = { event, context, text }
      return this.#push(owed, this.#cause, text)
    } catch (error) {
      // a context that goes in a circle; the commit refuses it, by its path
      if (isStatewardError(error, 'not_storable') || error instanceof RangeError) return 0
      throw error
    }
  }

  #add(owed: Unnumbered): number {
    return this.#push(owed, undefined, this.#encode({ n: this.#last + 1, ...owed }))
  }

  #push(owed: Unnumbered, cause: Cause | undefined, text: string | undefined): number {
    const n = ++this.#last
    this.#owed.push({ n, owed, cause, text })
    return n
  }

  #encode(owed: object): string {
    return encode(owed, this.#place)
  }

  get #place() {
    return { id: this.#id, what: 'action' }
  }
}

type Unnumbered = Owed extends infer T ? (T extends unknown ? Omit<T, 'n'> : never) : never

function withoutCause(owed: Unnumbered): object {
  const { event: _event, context: _context, as: _as, n: _n, ...rest } = owed as Partial<OwedAction>
  return rest
}

function outOfReach(path: string, name: string): never {
  throw new Error(`The actor ${path} is gone, and its own logic hides the machine that has the action '${name}'.`)
}
