/**
 * The strays of a program, stored and restored: children that live although they are not among their parents' children.
 *
 * Owns: that a restart keeps them as they are, where XState's persisted snapshot leaves them out. Which there are is known to
 * `program-actors.ts`.
 */
import { createActor, type AnyActorRef } from 'xstate'
import { isMachineSnapshot } from './program-logic.js'
import type { PersistedProgram, StrayRecord } from '../program-record.js'
import { childLogic } from './implementations.js'
import type { ActorRefs } from './actor-refs.js'
import type { InnerActor } from './xstate-internals.js'
import { idOf, type ProgramActors } from './program-actors.js'

/** Those of one program. */
export class Strays {
  /** Why one could not be restored. */
  unrestored: string | undefined
  readonly #actors: ProgramActors
  readonly #refs: ActorRefs
  readonly #restored: InnerActor[] = []

  /** Restores those that were stored, not started. */
  constructor(actors: ProgramActors, refs: ActorRefs, stored: readonly StrayRecord[] = []) {
    this.#actors = actors
    this.#refs = refs
    for (const record of stored) this.#restore(record)
    for (const ref of this.#restored) refs.restore(ref)
  }

  start(): void {
    for (const ref of this.#restored.splice(0)) ref.start()
  }

  records(): StrayRecord[] {
    return this.#actors.strays().map(({ ref, address, parent }) => {
      const snapshot = ref.getPersistedSnapshot({ __unsafeAllowInlineActors: true }) as PersistedProgram
      this.#refs.name(ref, snapshot)
      const { systemId, _syncSnapshot: syncSnapshot } = ref
      return {
        address,
        parent,
        src: ref.src,
        snapshot,
        ...(systemId === undefined ? {} : { systemId }),
        ...(syncSnapshot ? { syncSnapshot } : {}),
      }
    })
  }

  #restore({ address, parent: above, src, snapshot, systemId, syncSnapshot }: StrayRecord): void {
    const parent = this.#actors.find(above)
    const made = parent?._snapshot as object | undefined
    const logic = made && isMachineSnapshot(made) ? childLogic(made.machine, String(src)) : undefined
    if (!parent || !logic) {
      this.unrestored ??= `${address}: there is no actor source '${String(src)}' any more`
      return
    }
    const given = { id: idOf(address), parent: parent as unknown as AnyActorRef, src, snapshot, systemId, syncSnapshot }
    const ref = createActor(logic, given as never) as unknown as InnerActor
    this.#actors.restored(ref, address)
    this.#restored.push(ref)
  }
}
