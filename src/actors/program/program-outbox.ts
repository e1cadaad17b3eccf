/**
 * What a program has asked for and that has not happened yet, if it is to happen after a crash as well.
 *
 * Owns: its stored form, and what is made of it then. Named custom actions run at least once; inline ones, and those whose
 * parameters or event can't be stored, are not owed and run at most once. What waited behind an action is owed with it: an
 * emitted event, the end of an actor. And an actor that is to fail with what its action has thrown while the program was silenced.
 */
import type { AnyActorLogic, AnyEventObject } from 'xstate'
import { isStatewardError, toErrorRecord } from '../../errors.js'
import { decode, encode, type Naming } from '../../codec/snapshot-codec.js'
import type { ActionOutput, ActorNaming, EndOutput, ProgramActor, ProgramOutput } from './program-output.js'
import type { Owed, OwedAction, ProgramRecord } from './program-record.js'
import { actionAt, actionOf, hidden } from './xstate/implementations.js'
import type { ProgramSystem } from './xstate/program-system.js'

/** An action that is to be run again; `run` is undefined if the program has no such action any more. */
export interface RepeatedAction extends Omit<ActionOutput, 'run' | 'isVoid' | 'actor'> {
  readonly n: number
  /** True if its actor had ended before the crash: what bears its name now is another one. */
  readonly hasEnded: boolean
  readonly name: string
  readonly run: (() => unknown) | undefined
}

/** An event that is to be emitted, an end to be told, or an error to fail with, after all. */
export type RepeatedNotice = { readonly n: number; readonly path: string; readonly hasEnded: boolean } & (
  | { readonly kind: 'emit'; readonly value: unknown }
  | { readonly kind: 'end' }
  | { readonly kind: 'fail'; readonly error: unknown }
)

interface Entry {
  readonly n: number
  /** Undefined: it had ended before the restoration. */
  readonly actor: ProgramActor | undefined
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
  /** True if it is to be encoded anew each time: the actors that it names may have ended since. */
  readonly namesActors: boolean
}

/** Stands for the actor of an entry that was stored, until it is run again. */
const restored = {}

/** What one program owes, oldest first. */
export class ProgramOutbox {
  readonly #id: string
  #owed: Entry[] = []
  #last = 0
  /** Those that have thrown while the program was silenced, and what stands behind them. */
  #kept: Set<number> | undefined
  /** Of the action that was taken in last. */
  #cause: Cause | undefined

  constructor(id: string, { outbox = [], outlived = [] }: Pick<ProgramRecord, 'outbox' | 'outlived'> = {}) {
    this.#id = id
    for (const [place, text] of outbox.entries()) {
      const owed = decode<Owed>(text, this.#place)
      const as = 'as' in owed ? this.#owed[owed.as ?? 0] : undefined
      const cause = as
        ? as.cause
        : 'name' in owed
          ? { event: undefined, context: undefined, text, namesActors: false }
          : undefined
      const actor = outlived.includes(place) ? undefined : restored
      this.#owed.push({ n: ++this.#last, actor, owed, cause, text: as ? undefined : text })
    }
  }

  /** The numbers of what is owed, in the order in which it is stored. */
  get numbers(): readonly number[] {
    return this.#owed.map(({ n }) => n)
  }

  get isEmpty(): boolean {
    return this.#owed.length === 0
  }

  /** What of it goes into a commit. */
  record(naming: Pick<ActorNaming, 'addressOf' | 'named'>): Pick<ProgramRecord, 'outbox' | 'outlived'> {
    if (this.isEmpty) return {}
    const hasEnded = ({ actor }: Entry) => !actor || (actor !== restored && naming.addressOf(actor) === undefined)
    const outlived = this.#owed.flatMap((owed, place) => (hasEnded(owed) ? [place] : []))
    return { outbox: this.#texts(naming.named), ...(outlived.length > 0 ? { outlived } : {}) }
  }

  get owesMoreThanEnds(): boolean {
    return this.#owed.some((entry) => !this.#waits(entry))
  }

  /** True if something of it moves the program only once that is restored. */
  get isAwaited(): boolean {
    return this.#owed.some((entry) => this.#waits(entry))
  }

  #waits({ n, owed }: Entry): boolean {
    return 'end' in owed || 'fail' in owed || this.#kept?.has(n) === true
  }

  /** An entry waits until the program is restored: it has thrown, or stands behind what has. */
  keep(n: number): void {
    if (n > 0) (this.#kept ??= new Set()).add(n)
  }

  /** An action that is not owed has thrown: its actor fails with that once the program is restored, and does not come to entry `next`. */
  failsLater(actor: ProgramActor, path: string, error: unknown, next: number | undefined): void {
    try {
      this.#add(actor, { path, fail: error })
    } catch {
      this.#add(actor, { path, fail: toErrorRecord(error) })
    }
    const place = this.#owed.findIndex(({ n }) => n === next)
    if (place >= 0) this.#owed.splice(place, 0, this.#owed.pop() as Entry)
  }

  /** Its stored form, oldest first. */
  #texts(named: Naming): string[] {
    const holders = new Map<Cause, number>()
    return this.#owed.map(({ n, owed, cause, text }, index) => {
      const as = cause && holders.get(cause)
      if (as !== undefined) return this.#encode({ n, ...withoutCause(owed), as })
      if (cause) holders.set(cause, index)
      if (cause?.namesActors) return this.#encode(whole(n, owed, cause), named)
      return text ?? this.#encode(whole(n, owed, decode<OwedAction>(cause?.text ?? '', this.#place)))
    })
  }

  /** Takes an output in; the number under which it is acknowledged, or 0 if it is not owed. Throws `not_storable` for what is emitted. */
  owe(output: ProgramOutput | EndOutput, named: Naming): number {
    const { kind, path, actor = restored } = output
    if (kind === 'action') return this.#oweAction(output, named)
    if (kind === 'end') return this.#add(actor, { path, end: true })
    return kind === 'emit' && output.waits ? this.#add(actor, { path, emit: output.value }) : 0
  }

  acknowledge(n: number): void {
    if (this.#kept?.has(n)) return
    this.#owed = this.#owed.filter((owed) => owed.n !== n)
  }

  /** The actors whose end is owed, or whose failure: whoever is above them has not heard of either. */
  get unheard(): string[] {
    return this.#owed.flatMap(({ owed }) => ('end' in owed || 'fail' in owed ? [owed.path] : []))
  }

  /** Everything that is owed, ready to run in a restored program. */
  *repeated(logic: AnyActorLogic, program: Restored): Iterable<RepeatedAction | RepeatedNotice> {
    for (const { n, actor: asked, owed, cause } of [...this.#owed]) {
      const { path } = owed
      const hasEnded = asked === undefined
      if ('end' in owed) yield { kind: 'end', n, path, hasEnded }
      else if ('fail' in owed) yield { kind: 'fail', n, path, hasEnded, error: owed.fail }
      else if ('emit' in owed) yield { kind: 'emit', n, path, hasEnded, value: owed.emit }
      else {
        const { via, name } = owed
        // each gets its own: one may change what it is given
        const saw = cause ? decode<OwedAction>(cause.text, this.#place) : owed
        const { event, context, params } = program.found({ event: saw.event, context: saw.context, params: owed.params }, path)
        const actor = hasEnded ? program.ended(path) : program.find(path)
        const self = actor ?? program.root
        const named = actionAt(logic, via, name)
        const exec = named === hidden ? (actionOf(actor, name) ?? hidden) : named
        const args = { context, event: event as AnyEventObject, self, system: program.root.system }
        const run = exec === hidden ? () => outOfReach(path, name) : exec && (() => exec(args, params))
        yield { kind: 'action', n, path, hasEnded, via, name, params, event: args.event, context, run }
      }
    }
  }

  #oweAction({ actor = restored, path, via, name, params, event, context }: ActionOutput, actorNamed: Naming): number {
    if (name === undefined) return 0
    const owed = { path, via, name, ...(params === undefined ? {} : { params }) }
    let namesActors = false
    const named = (value: object) => {
      const ref = actorNamed(value)
      namesActors ||= ref !== undefined
      return ref
    }
    try {
      if (this.#cause?.event === event && this.#cause.context === context) {
        // whoever has the params may change them
        const kept = params === undefined ? owed : decode<typeof owed>(this.#encode(owed, named), this.#place)
        return this.#push(actor, kept, this.#cause, undefined)
      }
      const text = this.#encode(whole(this.#last + 1, owed, { event, context }), named)
      this.#cause = { event, context, text, namesActors }
      return this.#push(actor, owed, this.#cause, text)
    } catch (error) {
      // a context that goes in a circle; the commit refuses it, by its path
      if (isStatewardError(error, 'not_storable') || error instanceof RangeError) return 0
      throw error
    }
  }

  #add(actor: ProgramActor, owed: Unnumbered): number {
    return this.#push(actor, owed, undefined, this.#encode({ n: this.#last + 1, ...owed }))
  }

  #push(actor: ProgramActor, owed: Unnumbered, cause: Cause | undefined, text: string | undefined): number {
    const n = ++this.#last
    this.#owed.push({ n, actor, owed, cause, text })
    return n
  }

  #encode(owed: object, named?: Naming): string {
    return encode(owed, this.#place, named)
  }

  get #place() {
    return { id: this.#id, what: 'action' }
  }
}

/** A stored outbox without the errors that have come: what has failed with them is not to do so again. */
export function withoutErrors(outbox: readonly string[], id: string): string[] {
  return outbox.map((text) => {
    const owed = decode<Owed>(text, { id, what: 'action' })
    return 'fail' in owed ? encode({ n: owed.n, path: owed.path, fail: null }, { id, what: 'action' }) : text
  })
}

/** A stored outbox without what stood at these places. */
export function withoutPlaces(
  stored: { readonly [Part in 'outbox' | 'outlived']: ProgramRecord[Part] | undefined },
  places: readonly number[],
  id: string,
): Pick<ProgramRecord, 'outbox' | 'outlived'> {
  const outbox = new ProgramOutbox(id, { outbox: stored.outbox ?? [], outlived: stored.outlived ?? [] })
  // they are numbered from 1
  for (const place of places) outbox.acknowledge(place + 1)
  return outbox.record({ named: () => undefined, addressOf: () => undefined })
}

/** The names of the actions that a stored program owes, oldest first. */
export function owedActions({ outbox = [] }: Pick<ProgramRecord, 'outbox'>): string[] {
  return outbox.flatMap((text) => {
    const owed = decode<Owed>(text, { id: '', what: 'action' })
    return 'name' in owed ? [owed.name] : []
  })
}

type Restored = Pick<ProgramSystem, 'root' | 'find' | 'found' | 'ended'>

type Unnumbered = Owed extends infer T ? (T extends unknown ? Omit<T, 'n'> : never) : never

function withoutCause(owed: Unnumbered): object {
  const { event: _event, context: _context, as: _as, n: _n, ...rest } = owed as Partial<OwedAction>
  return rest
}

/** An action with what it saw, in the order in which it has always been stored. */
function whole(
  n: number,
  owed: Unnumbered,
  { event, context }: { readonly event?: unknown; readonly context?: unknown },
): object {
  const { params, ...rest } = withoutCause(owed) as Partial<OwedAction>
  return { n, ...rest, event, context, ...(params === undefined ? {} : { params }) }
}

function outOfReach(path: string, name: string): never {
  throw new Error(`The actor ${path} is gone, and its own logic hides the machine that has the action '${name}'.`)
}
