/** The actors of one program that bear a `systemId`. Owns: that no two bear the same at a time. */
import type { InnerActor } from './xstate-internals.js'

/** Actors by `systemId`; most programs have none. */
export class SystemIds {
  #actors: Map<string, InnerActor> | undefined
  #ids: Map<InnerActor, string> | undefined

  /** Throws if another actor bears it. */
  set(systemId: string, ref: InnerActor): void {
    const existing = this.#actors?.get(systemId)
    if (existing && existing !== ref) throw new Error(`Actor with system ID '${systemId}' already exists.`)
    ;(this.#actors ??= new Map()).set(systemId, ref)
    ;(this.#ids ??= new Map()).set(ref, systemId)
  }

  get(systemId: string): InnerActor | undefined {
    return this.#actors?.get(systemId)
  }

  all(): Record<string, InnerActor> {
    return Object.fromEntries(this.#actors ?? [])
  }

  /** An actor has ended, or is about to: another one may bear its id. */
  left(ref: InnerActor): void {
    const id = this.#ids?.get(ref)
    if (id === undefined) return
    this.#ids?.delete(ref)
    this.#actors?.delete(id)
  }
}
