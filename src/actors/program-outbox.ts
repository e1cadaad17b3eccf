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
import { actionAt, actionOf, hidden, type Owed, type OwedAction, type OwedCause, type ProgramRecord } from './program-record.js'
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
  readonly text: string
  readonly cause: Cause | undefined
}

/** What the actions of one transition saw: stored once for all of them; undefined `text`: it can't be. */
interface Cause {
  readonly key: number
  readonly event: AnyEventObject
  readonly context: unknown
  readonly text: string | undefined
}

/** The stored form of an outbox, both parts oldest first. */
export type OutboxTexts = Pick<ProgramRecord, 'outbox' | 'causes'>

/** What one program owes, oldest first. */
export class ProgramOutbox {
  readonly #id: string
  #owed: Entry[] = []
  #last = 0
  #causes = 0
  /** Of the action that was taken in last. */
  #cause: Cause | undefined

  constructor(id: string, { outbox = [], causes = [] }: OutboxTexts = {}) {
    this.#id = id
    const known = new Map<number, Cause>()
    for (const text of causes) {
      const cause: Cause = { ...decode<OwedCause>(text, this.#place), text }
      known.set(cause.key, cause)
      this.#causes = Math.max(this.#causes, cause.key)
    }
    for (const text of outbox) {
      const cause = known.size > 0 ? known.get(decode<OwedAction>(text, this.#place).cause ?? 0) : undefined
      this.#owed.push({ n: ++this.#last, text, cause })
    }
  }

  get isEmpty(): boolean {
    return this.#owed.length === 0
  }

  /** Its stored form; empty if nothing is owed. */
  get texts(): OutboxTexts {
    if (this.isEmpty) return {}
    const causes = new Set<string>()
    for (const { cause } of this.#owed) if (cause?.text !== undefined) causes.add(cause.text)
    const outbox = this.#owed.map(({ text }) => text)
    return causes.size === 0 ? { outbox } : { outbox, causes: [...causes] }
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
    return this.#owed.flatMap(({ text }) => {
      const owed = decode<Owed>(text, this.#place)
      return 'end' in owed ? [owed.path] : []
    })
  }

  /** Everything that is owed, ready to run in the program that `find` and `root` reach. */
  *repeated(
    logic: AnyActorLogic,
    root: AnyActorRef,
    find: (path: string) => AnyActorRef | undefined,
  ): Iterable<RepeatedAction | RepeatedNotice> {
    for (const { n, text, cause } of [...this.#owed]) {
      const owed = decode<Owed>(text, this.#place)
      const { path } = owed
      if ('end' in owed) yield { kind: 'end', n, path }
      else if ('emit' in owed) yield { kind: 'emit', n, path, value: owed.emit }
      else {
        const { via, name, params } = owed
        // each gets its own: one may change what it is given
        const { event, context } = cause?.text === undefined ? owed : decode<OwedCause>(cause.text, this.#place)
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
    const cause = this.#causeOf(event, context)
    if (cause.text === undefined) return 0
    try {
      return this.#add({ path, via, name, cause: cause.key, ...(params === undefined ? {} : { params }) }, cause)
    } catch (error) {
      return refused(error)
    }
  }

  #causeOf(event: AnyEventObject, context: unknown): Cause {
    if (this.#cause?.event === event && this.#cause.context === context) return this.#cause
    const key = ++this.#causes
    return (this.#cause = { key, event, context, text: this.#causeText({ key, event, context }) })
  }

  #causeText({ key, event, context }: OwedCause): string | undefined {
    try {
      return this.#encode({ key, event, context: refsByName(context) })
    } catch (error) {
      refused(error)
      return undefined
    }
  }

  #add(owed: DistributiveOmit<Owed, 'n'>, cause?: Cause): number {
    const n = this.#last + 1
    this.#owed.push({ n, text: this.#encode({ n, ...owed }), cause })
    return (this.#last = n)
  }

  #encode(owed: object): string {
    return encode(owed, this.#place)
  }

  get #place() {
    return { id: this.#id, what: 'action' }
  }
}

type DistributiveOmit<T, K extends keyof never> = T extends unknown ? Omit<T, K> : never

/** What can't be stored is not owed. Of a context that goes in a circle the commit says where. */
function refused(error: unknown): 0 {
  if (isStatewardError(error, 'not_storable') || error instanceof RangeError) return 0
  throw error
}

function outOfReach(path: string, name: string): never {
  throw new Error(`The actor ${path} is gone, and its own logic hides the machine that has the action '${name}'.`)
}
