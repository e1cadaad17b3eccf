/**
 * Executions that are on their way into the store, as commands see them that come meanwhile.
 *
 * Owns: which of them were asked for before a command and which after it, in this process. What was asked for before is
 * concerned by it although the store does not know of it yet; what came after it is not, although the store may know of it by then.
 * Does not know: how an execution is accepted, or what a command does.
 */
import type { Admitted } from '../stream/accepted-before.js'
import type { AdmissionRequest } from '../stream/admission.js'

/** One that is on its way. Its outcome is undefined if it was refused, or the store failed. */
interface Admission {
  outcome: Promise<Admitted | undefined>
}

/** What was on its way when a command to many was given, and what came after that. */
export interface AdmissionsAround {
  /** Resolves with the ids of what was accepted of what was on its way then; undefined: nothing was. */
  before(entryPoint: string): Promise<readonly string[]> | undefined
  /** Resolves with whether that execution was asked for after the command; undefined: it was not. */
  isLater(this: void, id: string): Promise<boolean> | undefined
  /** The command has its answer. */
  over(): void
}

const none: Promise<undefined> = Promise.resolve(undefined)

/** Those of one supervisor. */
export class Admissions {
  readonly #byEntryPoint = new Map<string, Set<Admission>>()
  readonly #byId = new Map<string, Admission>()
  /** Of each command to many that has no answer yet: what was asked for since, by id. */
  readonly #since = new Set<Map<string, Admission>>()

  /** Accepts an execution. `isAsked`: by a call, which has its place among the commands; a step's child has none. */
  during(
    entryPoint: string,
    request: AdmissionRequest,
    admit: (request: AdmissionRequest) => Promise<Admitted>,
    isAsked = true,
  ): Promise<Admitted> {
    const own: Admission = { outcome: none }
    const since = isAsked ? [...this.#since] : []
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
        for (const id of ids) if (this.#byId.get(id) === own) this.#byId.delete(id)
      })
    return admitted
  }

  /** Resolves once what is accepted here under that id is there, or refused; undefined: nothing is. */
  naming(id: string): Promise<unknown> | undefined {
    return this.#byId.get(id)?.outcome
  }

  /** Around a command to many that is given now. */
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
      // one that was there before keeps its id
      isLater: (id) => later.get(id)?.outcome.then((admitted) => admitted?.status !== 'duplicate'),
      over: () => void this.#since.delete(later),
    }
  }
}
