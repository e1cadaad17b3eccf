/**
 * The entry points that a test runtime gets and loses while it runs.
 *
 * Owns: that each process that begins has those that are there by then, as an application adds them again at its start; and the names
 * of their actors.
 */
import type { EntryPoint } from '../../runtime/entry-point.js'
import { actorNames } from './actor-names.js'

/** What came and went since a test runtime was made. */
export class AddedEntryPoints {
  /** Of the actors of all that were ever there. */
  readonly names: Set<string>
  #added: readonly EntryPoint[] = []
  readonly #removed = new Set<string>()

  constructor(first: readonly EntryPoint[]) {
    this.names = actorNames(first)
  }

  /** Those of a process that begins now; `first`: those that the runtime was made with. */
  over(first: readonly EntryPoint[]): readonly EntryPoint[] {
    const isOver = (id: string) => this.#removed.has(id) || this.#added.some((each) => each.id === id)
    return [...first.filter(({ id }) => !isOver(id)), ...this.#added]
  }

  add(entryPoints: readonly EntryPoint[]): void {
    const ids = new Set(entryPoints.map(({ id }) => id))
    this.#added = [...this.#added.filter(({ id }) => !ids.has(id)), ...entryPoints]
    for (const name of actorNames(entryPoints)) this.names.add(name)
  }

  remove(ids: readonly string[]): void {
    this.#added = this.#added.filter(({ id }) => !ids.includes(id))
    for (const id of ids) this.#removed.add(id)
  }
}
