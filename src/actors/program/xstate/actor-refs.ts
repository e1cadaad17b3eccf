/**
 * Translates actor refs between a live program and its stored form.
 *
 * Owns: in which form each ref is stored, which actor a stored ref means, and what takes the place of an actor that has
 * ended. Talks to: `program-actors.ts`, which knows where each actor is. Does not know: what else is stored.
 */
import { createActor, fromTransition, type AnyActorRef } from 'xstate'
import { isActorRef, refAt, refOfChild, refsByName, refsFound, refThatWas, type StoredRef } from './stored-refs.js'
import { placeKey, type InnerActor } from './xstate-internals.js'
import { hosted } from './hosted-actor.js'
import type { ProgramActors } from './program-actors.js'

/** A persisted snapshot, as far as refs may be in it. */
interface Persisted {
  context?: unknown
  readonly children?: Readonly<Record<string, { readonly snapshot: Persisted } | undefined>>
}

const nothing = fromTransition(() => undefined, undefined)

/** Stores and finds the refs of one program. */
export class ActorRefs {
  readonly #actors: ProgramActors
  /** What stands for actors that have ended, by the paths that they had. */
  #ended: Map<string, InnerActor> | undefined

  constructor(actors: ProgramActors) {
    this.#actors = actors
  }

  /** The stored form of an actor of the program; undefined for anything else. */
  readonly named = (value: object): StoredRef | undefined => {
    if (!isActorRef(value)) return undefined
    const ref = value as unknown as InnerActor
    const place = this.#actors.owns(ref) ? ref[placeKey] : undefined
    if (!place) return undefined
    const at = this.#actors.addressOf(ref)
    return at === undefined ? refThatWas(ref.id, place.path) : refAt(ref.id, at)
  }

  /** Names the refs in the contexts of an actor's persisted snapshot, its children's included: XState takes each for an own child. */
  name(ref: InnerActor, persisted: Persisted): void {
    const { context, children } = ref._snapshot
    // XState copies a context only if there is a ref in it
    if (persisted.context !== context) {
      let hasRefs = false
      const named = refsByName(context, (part) => ((hasRefs = true), this.#inContextOf(ref, part)))
      if (hasRefs) persisted.context = named
    }
    for (const id in persisted.children) {
      const [child, entry] = [children?.[id], persisted.children[id]]
      // logic of the user's own may call something else its children
      if (child && entry && this.#actors.owns(child)) this.name(child, entry.snapshot)
    }
  }

  /** Gives a restored actor, and all below it, the actors that their snapshots name. */
  restore(ref: InnerActor): void {
    const snapshot = ref._snapshot as InnerActor['_snapshot'] & Record<string, unknown>
    const changed: Record<string, unknown> = {}
    for (const key in snapshot) {
      if (inner.has(key)) continue
      const found = refsFound(snapshot[key], this.#found)
      if (found !== snapshot[key]) changed[key] = found
    }
    if (Object.keys(changed).length > 0) ref._snapshot = { ...snapshot, ...changed }
    for (const child of hosted(ref)?.below ?? []) this.restore(child)
  }

  /** A decoded value, with actors in the places of its refs; refs in XState's form name children of `holder`. */
  found(value: unknown, holder: InnerActor | undefined): unknown {
    const child = (id: string) => holder?._snapshot.children?.[id] as AnyActorRef | undefined
    return refsFound(value, this.#found, child)
  }

  /** What stands for an actor that has ended: it takes no events, as in XState. */
  ended(id: string, path: string): InnerActor {
    const known = (this.#ended ??= new Map())
    let ref = known.get(path)
    if (ref) return ref
    ref = createActor(nothing, { id }).stop() as unknown as InnerActor
    ref._snapshot = { status: 'stopped' }
    ref[placeKey] = { program: this.#actors, path, hasEnded: true }
    Object.assign(ref, { _parent: this.#actors.find(path.slice(0, Math.max(0, path.lastIndexOf('/')))) })
    known.set(path, ref)
    return ref
  }

  readonly #found = ({ id, at, was }: StoredRef): AnyActorRef =>
    ((at === undefined ? undefined : this.#actors.find(at)) ?? this.ended(id, was ?? at ?? '')) as unknown as AnyActorRef

  /** A value that the codec refuses stays as it is, so that the refusal names its place. */
  #inContextOf(holder: InnerActor, value: AnyActorRef): unknown {
    const ref = value as unknown as InnerActor
    return holder._snapshot.children?.[ref.id] === ref ? refOfChild(ref) : (this.named(value) ?? value)
  }
}

/** Of a machine's snapshot: XState's own, in which no ref of the program's can be, and the children, which have snapshots of their own. */
const inner = new Set(['children', 'machine', '_nodes', 'historyValue', 'tags', 'value'])
