/**
 * The named custom actions that a program asked for and that are not acknowledged yet.
 *
 * Owns: their stored form, and running them again after a crash: at least once. Inline actions, and those whose
 * parameters or event can't be stored, are not owed and run at most once.
 */
import type { AnyActorLogic, AnyActorRef } from 'xstate'
import { isStatewardError } from '../errors.js'
import { decode, encode } from '../persistence/snapshot-codec.js'
import type { ActionOutput } from './program-output.js'
import { actionAt, type OwedAction } from './program-record.js'
import { refsByName, refsFound } from './stored-refs.js'

/** An action that is to be run again; `run` is undefined if the program has no such action any more. */
export interface RepeatedAction extends Omit<ActionOutput, 'run'> {
  readonly n: number
  readonly name: string
  readonly run: (() => void) | undefined
}

/** What one program owes, oldest first. */
export class ProgramOutbox {
  readonly #id: string
  #owed: { readonly n: number; readonly text: string }[] = []
  #last = 0

  constructor(id: string, stored: readonly string[] = []) {
    this.#id = id
    for (const text of stored) this.#owed.push({ n: ++this.#last, text })
  }

  get isEmpty(): boolean {
    return this.#owed.length === 0
  }

  get texts(): string[] {
    return this.#owed.map(({ text }) => text)
  }

  /** Takes an action in; the number under which it is acknowledged, or 0 if it is not owed. */
  owe({ path, via, name, params, event, context }: ActionOutput): number {
    if (name === undefined) return 0
    const n = ++this.#last
    try {
      const kept = refsByName(context)
      const owed: OwedAction = { n, path, via, name, event, context: kept, ...(params === undefined ? {} : { params }) }
      this.#owed.push({ n, text: encode(owed, { id: this.#id, what: 'action' }) })
      return n
    } catch (error) {
      // a context that goes in a circle; the commit refuses it, by its path
      if (isStatewardError(error, 'not_storable') || error instanceof RangeError) return 0
      throw error
    }
  }

  acknowledge(n: number): void {
    this.#owed = this.#owed.filter((owed) => owed.n !== n)
  }

  /** Everything that is owed, ready to run in the program that `find` and `root` reach. */
  *repeated(logic: AnyActorLogic, root: AnyActorRef, find: (path: string) => AnyActorRef | undefined): Iterable<RepeatedAction> {
    for (const { n, text } of [...this.#owed]) {
      const { path, via, name, params, event, context } = decode<OwedAction>(text, { id: this.#id, what: 'action' })
      const exec = actionAt(logic, via, name)
      const self = find(path) ?? root
      yield {
        kind: 'action',
        n,
        path,
        via,
        name,
        params,
        event,
        context,
        run: exec && (() => exec({ context: refsFound(context, self), event, self, system: self.system }, params)),
      }
    }
  }
}
