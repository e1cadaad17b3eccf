/**
 * The actors of one program: what each is called, and where a restoration finds it.
 *
 * Owns: the ids of children that were spawned without one, which are the program's own and durable; addresses, under which
 * timers, steps and refs are stored. Talks to nobody; the program system tells it of each actor that is made or has ended.
 * Does not know: what is stored of an actor, and when.
 */
import { isStopped, pathOf, placeKey, type ActorPlace, type InnerActor } from './hidden-members.js'

/** Ids as they are made for children without one; also those of older versions, which were a process's own. */
const numbered = /^p:(\d+)$/

/** The path of a child: ids from the root down, each escaped, joined by `/`. */
const childPath = (parent: string, id: string) => (parent === '' ? escaped(id) : `${parent}/${escaped(id)}`)

/** An empty id would be no step of a path; no other id is escaped like it. */
const empty = '%'
const escaped = (id: string) => (id === '' ? empty : encodeURIComponent(id))
const unescaped = (step: string) => (step === empty ? '' : decodeURIComponent(step))

/** The id of the actor at an address. */
export const idOf = (address: string) => unescaped(address.slice(address.lastIndexOf('/') + 1))

/** The part of a persisted snapshot that names actors. */
interface NamedSnapshot {
  readonly children?: Readonly<Record<string, { readonly snapshot?: NamedSnapshot } | undefined>>
}

/** Knows every actor of one program. */
export class ProgramActors {
  /** The number in the last id that was made up. Invariant: only grows, also over restarts. */
  lastNumber: number
  /** What stands above the root. */
  readonly #above: InnerActor
  #root: InnerActor | undefined

  /** `snapshot`: what the program is restored from; no id in it is given again. */
  constructor(above: InnerActor, lastNumber: number, snapshot: unknown) {
    this.#above = above
    this.lastNumber = Math.max(lastNumber, greatestNumber((snapshot ?? {}) as NamedSnapshot))
  }

  /** An actor was made, and has no state yet. Gives it an id if it was spawned without one. */
  adopt(ref: InnerActor): ActorPlace {
    const parent = ref._parent === this.#above ? undefined : ref._parent
    const above = parent?.[placeKey]
    if (parent && ref.options.id === undefined) this.#name(ref, parent)
    const place: ActorPlace = { program: this, path: above ? childPath(above.path, ref.id) : '' }
    ref[placeKey] = place
    if (above) (above.children ??= new Map()).set(ref.id, ref)
    else this.#root = ref
    return place
  }

  /** An actor has ended, or is about to. */
  left(ref: InnerActor): void {
    const siblings = ref._parent?.[placeKey]?.children
    if (siblings?.get(ref.id) === ref) siblings.delete(ref.id)
  }

  /** True for an actor of this program, living or not. */
  owns(ref: InnerActor): boolean {
    return ref[placeKey]?.program === this
  }

  /** Where a restoration from what the program is now finds this very actor; undefined if it does not. */
  addressOf(ref: InnerActor): string | undefined {
    if (ref === this.#root) return ''
    const parent = ref._parent
    if (!parent || !this.owns(ref) || parent._snapshot?.children?.[ref.id] !== ref) return undefined
    const above = this.addressOf(parent)
    return above === undefined ? undefined : childPath(above, ref.id)
  }

  /** The actor at an address, the empty one being the root's. */
  find(address: string): InnerActor | undefined {
    if (address === '') return this.#root
    const step = (ref: InnerActor | undefined, id: string) => ref?._snapshot.children?.[unescaped(id)]
    return address.split('/').reduce(step, this.#root)
  }

  /** Why an actor could not be restored, this one or any below it; undefined if all were. */
  unrestored(ref: InnerActor): string | undefined {
    const { status, error } = ref.getSnapshot()
    const stored = ref.options.snapshot as { readonly status?: string } | undefined
    if (stored && status === 'error' && stored.status !== 'error')
      return `${pathOf(ref) || 'the program'} can not be restored: ${error instanceof Error ? error.message : String(error)}`
    for (const child of Object.values(ref._snapshot.children ?? {})) {
      const reason = this.unrestored(child)
      if (reason !== undefined) return reason
    }
    return undefined
  }

  /** XState makes up an id that is a process's own: after a restart another child would get it again. */
  #name(ref: InnerActor, parent: InnerActor): void {
    let id: string
    do id = `p:${++this.lastNumber}`
    while (parent._snapshot?.children?.[id] ?? parent[placeKey]?.children?.has(id))
    ref.id = id
    ref._actorScope.id = id
    // `spawnChild` keeps every child without an id under the key `undefined`, of which the next one takes it
    parent._actorScope.defer(() => {
      const { children } = parent._snapshot
      if (!children) return
      if (children['undefined'] === ref) delete children['undefined']
      if (!isStopped(ref)) children[id] = ref
    })
  }
}

function greatestNumber({ children = {} }: NamedSnapshot): number {
  let greatest = 0
  for (const id in children) {
    greatest = Math.max(greatest, Number(numbered.exec(id)?.[1] ?? 0), greatestNumber(children[id]?.snapshot ?? {}))
  }
  return greatest
}
