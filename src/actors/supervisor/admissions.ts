/**
 * Executions on their way into the store, for commands that come meanwhile.
 *
 * Owns: which executions were asked for before a command and which after it, in this process. A command concerns the executions that
 * were asked for before it, even if they are not stored yet. It does not concern later ones, even if they are stored by then.
 * Does not know: how an execution is accepted, or what a command does.
 */
import type { Admitted } from '../stream/accepted-before.js'
import type { AdmissionRequest } from '../stream/admission.js'

/** An admission under way. Its outcome is undefined if it was refused or the store failed. */
interface Admission {
  outcome: Promise<Admitted | undefined>
}

/** The admissions under way when a command to many was given, and those that came after it. */
export interface AdmissionsAround {
  /** Resolves with the ids of those that were accepted; undefined: none was under way. */
  before(entryPoint: string): Promise<readonly string[]> | undefined
  /** Resolves with whether that execution was asked for after the command; undefined: it was not. */
  isLater(this: void, id: string): Promise<boolean> | undefined
  /** The command has its answer. */
  over(): void
}

const none: Promise<undefined> = Promise.resolve(undefined)

/** The admissions of one supervisor. */
export class Admissions {
  readonly #byEntryPoint = new Map<string, Set<Admission>>()
  readonly #byId = new Map<string, Admission>()
  /** For each command to many without an answer yet: the admissions since then, by id. */
  readonly #since = new Set<Map<string, Admission>>()

  /**
   * Accepts an execution. `isAsked`: by a call, which has its place in the order of commands. The child of a step has none of its own:
   * it came after a command if the execution that starts it did.
   */
  during(
    entryPoint: string,
    request: AdmissionRequest,
    admit: (request: AdmissionRequest) => Promise<Admitted>,
    isAsked = true,
  ): Promise<Admitted> {
    const own: Admission = { outcome: none }
    const { parentId } = request
    const since = [...this.#since].filter((later) => isAsked || (parentId !== undefined && later.has(parentId)))
    const ids: string[] = []
    const named = (id: string) => {
      ids.push(id)
      this.#byId.set(id, own)
      for (const later of since) later.set(id, own)
    }
    if (request.id !== undefined) named(request.id)
    const here = this.#byEntryPoint.get(entryPoint) ?? new Set()
    this.#byEntryPoint.set(entryPoint, here.add(own))
    const admitted = admit({ ...request, named })
    own.outcome = admitted
      .catch(() => undefined)
      .finally(() => {
        here.delete(own)
        if (here.size === 0 && this.#byEntryPoint.get(entryPoint) === here) this.#byEntryPoint.delete(entryPoint)
        for (const id of ids) if (this.#byId.get(id) === own) this.#byId.delete(id)
      })
    return admitted
  }

  /** Resolves once the execution that is being accepted here under that id is accepted or refused; undefined: there is none. */
  naming(id: string): Promise<unknown> | undefined {
    return this.#byId.get(id)?.outcome
  }

  /** Begins to follow admissions for a command to many that is given now. */
  around(): AdmissionsAround {
    const later = new Map<string, Admission>()
    const before = new Map([...this.#byEntryPoint].map(([entryPoint, all]) => [entryPoint, [...all]]))
    this.#since.add(later)
    return {
      before: (entryPoint) => {
        const all = before.get(entryPoint) ?? []
        if (all.length === 0) return undefined
        return Promise.all(all.map(({ outcome }) => outcome)).then((outcomes) =>
          outcomes.flatMap((admitted) => (admitted?.status === 'accepted' ? [admitted.id] : [])),
        )
      },
      // an execution that existed before keeps its id
      isLater: (id) => later.get(id)?.outcome.then((admitted) => admitted?.status !== 'duplicate'),
      over: () => void this.#since.delete(later),
    }
  }
}
