/**
 * The entry points of one runtime, which come and go while it runs.
 *
 * Owns: which there are, in the order in which they came; which of them serve, and which are being removed; the routes of their
 * triggers; that no two have one id. Does not know: streams, executions.
 */
import { StatewardError } from '../../errors.js'
import type { RemoveTarget } from '../../events/requests.js'
import { groupOf } from '../../ids.js'
import { definitionFormat, formatKey, type StreamDefinition } from '../stream/stream-definition.js'
import { RouteTable } from '../trigger/route-table.js'

/** The entry points of one runtime. */
export class EntryPointSet {
  readonly routes: RouteTable
  readonly #all = new Map<string, StreamDefinition>()
  /** Those that accept nothing more. */
  readonly #leaving = new Set<string>()
  #serving: readonly StreamDefinition[] = []
  #ids: readonly string[] = []

  /** Throws `duplicate_route`. `definitions` are checked before. */
  constructor(definitions: readonly StreamDefinition[], healthPath: string | false) {
    this.routes = new RouteTable(healthPath)
    this.routes.claim(definitions)
    this.insert(definitions)
  }

  /** Those that serve, in the order in which they came. */
  get serving(): readonly StreamDefinition[] {
    return this.#serving
  }

  /** The ids of those that serve. */
  get ids(): readonly string[] {
    return this.#ids
  }

  /** Those that serve, and those that are being removed. */
  get all(): readonly StreamDefinition[] {
    return [...this.#all.values()]
  }

  get(id: string): StreamDefinition | undefined {
    return this.#all.get(id)
  }

  /** True if new work is accepted, and stored work taken up. */
  serves(id: string): boolean {
    return this.#all.has(id) && !this.#leaving.has(id)
  }

  isLeaving(id: string): boolean {
    return this.#leaving.has(id)
  }

  /** Those of a list that do not serve yet. Throws `duplicate_entry_point` if another one has the id. */
  fresh(definitions: readonly StreamDefinition[]): readonly StreamDefinition[] {
    return definitions.filter((definition) => {
      if (!this.serves(definition.id)) return true
      if (isSame(definition, this.get(definition.id) as StreamDefinition)) return false
      throw duplicate(definition.id, `There is another entry point with the id ${definition.id}; remove that one first.`)
    })
  }

  /** They serve from now on. Their routes are claimed before. */
  insert(definitions: readonly StreamDefinition[]): void {
    for (const definition of definitions) {
      this.#leaving.delete(definition.id)
      // one that was not removed to the end comes last as well
      this.#all.delete(definition.id)
      this.#all.set(definition.id, definition)
    }
    this.#changed()
  }

  /** They accept nothing more, and another one may have their routes. */
  leave(ids: readonly string[]): void {
    for (const id of ids) {
      this.#leaving.add(id)
      this.routes.leave(id)
    }
    this.#changed()
  }

  delete(ids: readonly string[]): void {
    for (const id of ids) {
      this.#all.delete(id)
      this.#leaving.delete(id)
      this.routes.delete(id)
    }
    this.#changed()
  }

  #changed(): void {
    this.#serving = this.all.filter(({ id }) => !this.#leaving.has(id))
    this.#ids = this.#serving.map(({ id }) => id)
  }
}

/** Whether a target names an entry point. */
export const namedBy = (target: RemoveTarget) => (id: string) =>
  // entry points that are in no group are not a group
  typeof target === 'string' ? id === target : typeof target.group === 'string' && groupOf(id) === target.group

/** Throws `invalid_definition`, `duplicate_entry_point`, for a list that is not one of definitions with ids of their own. `subject`: the call, for the message. */
export function checkDefinitions(subject: string, definitions: unknown): asserts definitions is readonly StreamDefinition[] {
  if (!Array.isArray(definitions)) throw invalid(subject, definitions, 'a list made with defineEntryPoint')
  const seen = new Set<string>()
  for (const definition of definitions as readonly StreamDefinition[]) {
    if (typeof definition?.hash !== 'string') throw invalid(subject, definition, 'made with defineEntryPoint')
    refuseStranger(definition)
    const { id } = definition
    if (seen.has(id)) throw duplicate(id, `There are two entry points with the id ${id}.`)
    seen.add(id)
  }
}

/** Another copy of the package may have made it, if its definitions are like ours. */
function refuseStranger(entryPoint: StreamDefinition): void {
  const format = entryPoint[formatKey]
  if (format === definitionFormat) return
  throw new StatewardError(
    'invalid_definition',
    `Entry point ${entryPoint.id} was made by another version of stateward: let both use one copy of the package.`,
    { details: { option: 'entryPoints', entryPoint: entryPoint.id, format: format ?? null, known: [definitionFormat] } },
  )
}

/** True for the same object, and for one that `defineGroup` has made of the same. */
function isSame(a: StreamDefinition, b: StreamDefinition): boolean {
  const [some, others] = [a, b] as unknown as readonly Readonly<Record<PropertyKey, unknown>>[]
  const keys = Reflect.ownKeys(a).filter((key) => key !== 'toJSON')
  return a === b || keys.every((key) => Object.is(some?.[key], others?.[key]))
}

function duplicate(entryPoint: string, message: string): StatewardError {
  return new StatewardError('duplicate_entry_point', message, { details: { entryPoint } })
}

function invalid(subject: string, value: unknown, wanted: string): StatewardError {
  const shown = typeof value === 'object' || typeof value === 'function' ? typeof value : String(value as number)
  return new StatewardError('invalid_definition', `${subject} \`entryPoints\` is ${shown}; it must be ${wanted}.`, {
    details: { option: 'entryPoints', value: shown },
  })
}
