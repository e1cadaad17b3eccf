/**
 * The pending actions of a program: actions that it has asked for, that are not acknowledged, and that must happen after a crash as well.
 *
 * Owns: their stored form, and how they run again. Named custom actions run at least once. Inline actions, and actions whose
 * parameters or event can't be stored, are not kept and run at most once. The outbox also holds what waits behind a pending action
 * (an emitted event, the end of an actor), and actors that must fail with an error which their action threw while the program was silenced.
 */
import type { AnyActorLogic, AnyEventObject } from 'xstate'
import { isStatewardError, toErrorRecord } from '../../errors.js'
import { decode, encode, type Naming } from '../../codec/snapshot-codec.js'
import type { ActionOutput, ActorNaming, EndOutput, ProgramActor, ProgramOutput } from './program-output.js'
import type { PendingOutput, PendingAction, ProgramRecord } from './program-record.js'
import { actionAt, actionOf, hidden } from './xstate/implementations.js'
import type { ProgramSystem } from './xstate/program-system.js'

/** An action to run again; `run` is undefined if the program has no such action any more. */
export interface RepeatedAction extends Omit<ActionOutput, 'run' | 'isVoid' | 'actor'> {
  readonly n: number
  /** True if its actor had ended before the crash: an actor of the same name is another one now. */
  readonly hasEnded: boolean
  readonly name: string
  readonly run: (() => unknown) | undefined
}

/** An event to emit, an end to report, or an error to fail with, after the restoration. */
export type RepeatedNotice = { readonly n: number; readonly path: string; readonly hasEnded: boolean } & (
  | { readonly kind: 'emit'; readonly value: unknown }
  | { readonly kind: 'end' }
  | { readonly kind: 'fail'; readonly error: unknown }
)

interface Entry {
  readonly n: number
  /** Undefined: it had ended before the restoration. */
  readonly actor: ProgramActor | undefined
  /** The entry, without context and event if they are stored with another entry of the same transition. */
  readonly pending: Unnumbered
  readonly cause: Cause | undefined
  /** The whole entry, encoded; undefined if its context and event are in another entry's text. */
  readonly text: string | undefined
}

/** The context and the event that the actions of one transition saw: stored with the first action, for all. */
interface Cause {
  readonly event: AnyEventObject | undefined
  readonly context: unknown
  /** The text of an action that holds them. */
  readonly text: string
  /** True if it must be encoded anew each time: the actors that it names may have ended since. */
  readonly namesActors: boolean
}

/** Stands for the actor of an entry that was stored, until it is run again. */
const restored = {}

/** The outbox of one program, oldest entry first. */
export class ProgramOutbox {
  readonly #id: string
  #entries: Entry[] = []
  #last = 0
  /** Entries that threw while the program was silenced, and the entries behind them. */
  #kept: Set<number> | undefined
  /** Of the action that was taken in last. */
  #cause: Cause | undefined

  constructor(id: string, { outbox = [], outlived = [] }: Pick<ProgramRecord, 'outbox' | 'outlived'> = {}) {
    this.#id = id
    for (const [place, text] of outbox.entries()) {
      const pending = decode<PendingOutput>(text, this.#place)
      const as = 'as' in pending ? this.#entries[pending.as ?? 0] : undefined
      const cause = as
        ? as.cause
        : 'name' in pending
          ? { event: undefined, context: undefined, text, namesActors: false }
          : undefined
      const actor = outlived.includes(place) ? undefined : restored
      this.#entries.push({ n: ++this.#last, actor, pending, cause, text: as ? undefined : text })
    }
  }

  /** The numbers of the pending entries, in the order in which they are stored. */
  get numbers(): readonly number[] {
    return this.#entries.map(({ n }) => n)
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  /** The part that goes into a commit. */
  record(naming: Pick<ActorNaming, 'addressOf' | 'named'>): Pick<ProgramRecord, 'outbox' | 'outlived'> {
    if (this.isEmpty) return {}
    const hasEnded = ({ actor }: Entry) => !actor || (actor !== restored && naming.addressOf(actor) === undefined)
    const outlived = this.#entries.flatMap((pending, place) => (hasEnded(pending) ? [place] : []))
    return { outbox: this.#texts(naming.named), ...(outlived.length > 0 ? { outlived } : {}) }
  }

  get hasMoreThanEnds(): boolean {
    return this.#entries.some((entry) => !this.#waits(entry))
  }

  /** True if an entry moves the program only after a restoration. */
  get isAwaited(): boolean {
    return this.#entries.some((entry) => this.#waits(entry))
  }

  #waits({ n, pending }: Entry): boolean {
    return 'end' in pending || 'fail' in pending || this.#kept?.has(n) === true
  }

  /** Keeps an entry for the restoration: it has thrown, or is behind an entry that has. */
  keep(n: number): void {
    if (n > 0) (this.#kept ??= new Set()).add(n)
  }

  /** An action that is not kept has thrown: its actor fails with the error once the program is restored, and does not reach entry `next`. */
  failsLater(actor: ProgramActor, path: string, error: unknown, next: number | undefined): void {
    try {
      this.#add(actor, { path, fail: error })
    } catch {
      this.#add(actor, { path, fail: toErrorRecord(error) })
    }
    const place = this.#entries.findIndex(({ n }) => n === next)
    if (place >= 0) this.#entries.splice(place, 0, this.#entries.pop() as Entry)
  }

  /** Its stored form, oldest first. */
  #texts(named: Naming): string[] {
    const holders = new Map<Cause, number>()
    return this.#entries.map(({ n, pending, cause, text }, index) => {
      const as = cause && holders.get(cause)
      if (as !== undefined) return this.#encode({ n, ...withoutCause(pending), as })
      if (cause) holders.set(cause, index)
      if (cause?.namesActors) return this.#encode(whole(n, pending, cause), named)
      return text ?? this.#encode(whole(n, pending, decode<PendingAction>(cause?.text ?? '', this.#place)))
    })
  }

  /** Takes an output in: the number under which it is acknowledged, or 0 if it is not kept. Throws `not_storable` for an emitted event. */
  put(output: ProgramOutput | EndOutput, named: Naming): number {
    const { kind, path, actor = restored } = output
    if (kind === 'action') return this.#putAction(output, named)
    if (kind === 'end') return this.#add(actor, { path, end: true })
    return kind === 'emit' && output.waits ? this.#add(actor, { path, emit: output.value }) : 0
  }

  acknowledge(n: number): void {
    if (this.#kept?.has(n)) return
    this.#entries = this.#entries.filter((pending) => pending.n !== n)
  }

  /** The actors whose end or failure is pending: their parents have not heard of it. */
  get unheard(): string[] {
    return this.#entries.flatMap(({ pending }) => ('end' in pending || 'fail' in pending ? [pending.path] : []))
  }

  /** All pending entries, ready to run in a restored program. */
  *repeated(logic: AnyActorLogic, program: Restored): Iterable<RepeatedAction | RepeatedNotice> {
    for (const { n, actor: asked, pending, cause } of [...this.#entries]) {
      const { path } = pending
      const hasEnded = asked === undefined
      if ('end' in pending) yield { kind: 'end', n, path, hasEnded }
      else if ('fail' in pending) yield { kind: 'fail', n, path, hasEnded, error: pending.fail }
      else if ('emit' in pending) yield { kind: 'emit', n, path, hasEnded, value: pending.emit }
      else {
        const { via, name } = pending
        // a copy for each action, since an action may change its arguments
        const saw = cause ? decode<PendingAction>(cause.text, this.#place) : pending
        const { event, context, params } = program.found({ event: saw.event, context: saw.context, params: pending.params }, path)
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

  #putAction({ actor = restored, path, via, name, params, event, context }: ActionOutput, actorNamed: Naming): number {
    if (name === undefined) return 0
    const pending = { path, via, name, ...(params === undefined ? {} : { params }) }
    let namesActors = false
    const named = (value: object) => {
      const ref = actorNamed(value)
      namesActors ||= ref !== undefined
      return ref
    }
    try {
      if (this.#cause?.event === event && this.#cause.context === context) {
        // the user's code may change its params
        const kept = params === undefined ? pending : decode<typeof pending>(this.#encode(pending, named), this.#place)
        return this.#push(actor, kept, this.#cause, undefined)
      }
      const text = this.#encode(whole(this.#last + 1, pending, { event, context }), named)
      this.#cause = { event, context, text, namesActors }
      return this.#push(actor, pending, this.#cause, text)
    } catch (error) {
      // a context with a cycle; the commit refuses it, and names the path
      if (isStatewardError(error, 'not_storable') || error instanceof RangeError) return 0
      throw error
    }
  }

  #add(actor: ProgramActor, pending: Unnumbered): number {
    return this.#push(actor, pending, undefined, this.#encode({ n: this.#last + 1, ...pending }))
  }

  #push(actor: ProgramActor, pending: Unnumbered, cause: Cause | undefined, text: string | undefined): number {
    const n = ++this.#last
    this.#entries.push({ n, actor, pending, cause, text })
    return n
  }

  #encode(pending: object, named?: Naming): string {
    return encode(pending, this.#place, named)
  }

  get #place() {
    return { id: this.#id, what: 'action' }
  }
}

/** A stored outbox without errors: the actors that failed with them must not fail again. */
export function withoutErrors(outbox: readonly string[], id: string): string[] {
  return outbox.map((text) => {
    const pending = decode<PendingOutput>(text, { id, what: 'action' })
    return 'fail' in pending ? encode({ n: pending.n, path: pending.path, fail: null }, { id, what: 'action' }) : text
  })
}

/** A stored outbox without the entries at these places. */
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

/** The names of the pending actions of a stored program, oldest first. */
export function pendingActions({ outbox = [] }: Pick<ProgramRecord, 'outbox'>): string[] {
  return outbox.flatMap((text) => {
    const pending = decode<PendingOutput>(text, { id: '', what: 'action' })
    return 'name' in pending ? [pending.name] : []
  })
}

type Restored = Pick<ProgramSystem, 'root' | 'find' | 'found' | 'ended'>

type Unnumbered = PendingOutput extends infer T ? (T extends unknown ? Omit<T, 'n'> : never) : never

function withoutCause(pending: Unnumbered): object {
  const { event: _event, context: _context, as: _as, n: _n, ...rest } = pending as Partial<PendingAction>
  return rest
}

/** An action with what it saw, in the order in which it has always been stored. */
function whole(
  n: number,
  pending: Unnumbered,
  { event, context }: { readonly event?: unknown; readonly context?: unknown },
): object {
  const { params, ...rest } = withoutCause(pending) as Partial<PendingAction>
  return { n, ...rest, event, context, ...(params === undefined ? {} : { params }) }
}

function outOfReach(path: string, name: string): never {
  throw new Error(`The actor ${path} is gone, and its own logic hides the machine that has the action '${name}'.`)
}
