/**
 * The actors of one program: what each is called, and where a restoration finds it.
 *
 * Owns: the ids of children that were spawned without one, which are the program's own and durable; addresses, under which
 * timers, steps and refs are stored; strays, which live and are not among their parents' children: XState keeps one child an
 * id, and forgets one that is replaced without being stopped, or whose namesake is stopped. Talks to nobody; the program system tells it of each actor that is made or has ended.
 * Does not know: what is stored of an actor, and when.
 */
import { isStopped, pathOf, placeKey, type ActorPlace, type InnerActor } from './xstate-internals.js'
import { hosted } from './hosted-actor.js'

/** Ids as they are made for children without one; also those of older versions, which were a process's own. */
const numbered = /^p:(\d+)$/

/** The path of a child: ids from the root down, each escaped, joined by `/`. */
const childPath = (parent: string, id: string) => (parent === '' ? escaped(id) : `${parent}/${escaped(id)}`)

/** An empty id would be no step of a path; no other id is escaped like it. */
const empty = '%'
const escaped = (id: string) => (half.test(id) ? id.split(half).map(escapedPart).join('') : encodeURIComponent(id) || empty)
const unescaped = (step: string) => (step === empty ? '' : step.split(escapedHalf).map(unescapedPart).join(''))

/** Half a surrogate pair, which is no character that could be escaped as others are. */
const half = /(\p{Cs})/u
const escapedHalf = /%u([0-9a-f]{4})/
// what was split off stands at every second place
const escapedPart = (part: string, at: number) =>
  at % 2 === 0 ? encodeURIComponent(part) : `%u${part.charCodeAt(0).toString(16)}`
const unescapedPart = (part: string, at: number) =>
  at % 2 === 0 ? decodeURIComponent(part) : String.fromCharCode(Number.parseInt(part, 16))

/** Stands before the number of a stray in its address; no escaped id has it. */
const strayMark = '+'

/** The id of the actor at an address. */
export const idOf = (address: string) => unescaped(address.slice(address.lastIndexOf('/') + 1).split(strayMark)[0] ?? '')

/** False for an actor that is restored as having ended. */
const startsActive = (ref: InnerActor) =>
  ((ref.options.snapshot as { readonly status?: string } | undefined)?.status ?? 'active') === 'active'

/** The part of a persisted snapshot that names actors. */
interface NamedSnapshot {
  readonly children?: Readonly<Record<string, { readonly snapshot?: NamedSnapshot } | undefined>>
}

/** Knows every actor of one program. */
export class ProgramActors {
  /** The number in the last id that was made up. Invariant: only grows, also over restarts. */
  lastNumber: number
  /** Another number after each change of an address. */
  version = 0
  /** What stands above the root. */
  readonly #above: InnerActor
  #root: InnerActor | undefined
  /** Whoever had a living namesake. */
  #suspects: Set<InnerActor> | undefined

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
    const path = above ? childPath(above.path, ref.id) : ''
    const place: ActorPlace = { program: this, path, hasEnded: !startsActive(ref) }
    ref[placeKey] = place
    if (!above) this.#root = ref
    else if (!place.hasEnded) {
      const namesake = above.children?.get(ref.id)
      if (namesake) this.#suspect(namesake)
      if (namesake) this.version++
      ;(above.children ??= new Map()).set(ref.id, ref)
    }
    return place
  }

  /** An actor has ended, or is about to. */
  left(ref: InnerActor): void {
    this.version++
    const place = ref[placeKey]
    if (place?.hasEnded) place.isDropped = true
    else if (place) place.hasEnded = true
    const siblings = ref._parent?.[placeKey]?.children
    const namesake = siblings?.get(ref.id)
    if (namesake === ref) siblings?.delete(ref.id)
    else if (namesake) this.#suspect(namesake)
  }

  /** False once its parent has stopped an actor that had ended: nobody waits for its end any more. */
  isWanted(ref: InnerActor): boolean {
    return !ref[placeKey]?.isDropped
  }

  /** True for an actor of this program, living or not. */
  owns(ref: InnerActor): boolean {
    return ref[placeKey]?.program === this
  }

  /** Where a restoration from what the program is now finds this very actor; undefined if it does not. */
  addressOf(ref: InnerActor): string | undefined {
    if (ref === this.#root) return ''
    const parent = ref._parent
    if (!parent || !this.owns(ref)) return undefined
    const isStray = parent._snapshot?.children?.[ref.id] !== ref
    if (isStray && !this.#isStray(ref)) return undefined
    const above = this.addressOf(parent)
    if (above === undefined) return undefined
    const address = childPath(above, ref.id)
    return isStray ? `${address}${strayMark}${(ref[placeKey] as ActorPlace).stray}` : address
  }

  /** Those that live and that no snapshot holds, parents before their children. */
  strays(): { readonly ref: InnerActor; readonly address: string; readonly parent: string }[] {
    const suspects = this.#suspects
    if (!suspects) return []
    const strays = [...suspects].flatMap((ref) => {
      const [address, parent] = [this.addressOf(ref), ref._parent && this.addressOf(ref._parent)]
      const isStray = address !== undefined && parent !== undefined && this.#isStray(ref)
      if (!isStray) suspects.delete(ref)
      return isStray ? [{ ref, address, parent }] : []
    })
    return strays.toSorted((a, b) => a.address.split('/').length - b.address.split('/').length)
  }

  /** An actor was restored that is not among its parent's children. */
  restored(ref: InnerActor, address: string): void {
    const place = ref[placeKey]
    if (place) place.stray = Number(address.slice(address.lastIndexOf(strayMark) + 1))
    this.#suspect(ref)
    // it was made before its namesake among the children
    const parent = ref._parent
    const namesake = parent?._snapshot.children?.[ref.id]
    if (namesake && !namesake[placeKey]?.hasEnded) parent?.[placeKey]?.children?.set(ref.id, namesake)
  }

  /** The actor at an address, the empty one being the root's. */
  find(address: string): InnerActor | undefined {
    if (address === '') return this.#root
    const step = (ref: InnerActor | undefined, part: string) => {
      const [id = '', number] = part.split(strayMark)
      if (number === undefined) {
        const child = ref?._snapshot.children?.[unescaped(id)]
        // logic of the user's own may call something else its children
        return child && this.owns(child) ? child : undefined
      }
      return [...(this.#suspects ?? [])].find((stray) => stray._parent === ref && stray[placeKey]?.stray === Number(number))
    }
    return address.split('/').reduce(step, this.#root)
  }

  #isStray(ref: InnerActor): boolean {
    const place = ref[placeKey]
    if (!place || !this.#suspects?.has(ref) || isStopped(ref) || ref._snapshot.status !== 'active') return false
    if (ref._parent?._snapshot?.children?.[ref.id] === ref) return false
    place.stray ??= ++this.lastNumber
    return true
  }

  #suspect(ref: InnerActor): void {
    ;(this.#suspects ??= new Set()).add(ref)
  }

  /** Why an actor could not be restored, this one or any below it; undefined if all were. */
  unrestored(ref: InnerActor): string | undefined {
    const { status, error } = ref.getSnapshot()
    const stored = ref.options.snapshot as { readonly status?: string } | undefined
    if (stored && status === 'error' && stored.status !== 'error')
      return `${pathOf(ref) || 'the program'} can not be restored: ${error instanceof Error ? error.message : String(error)}`
    for (const child of hosted(ref)?.below ?? []) {
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
