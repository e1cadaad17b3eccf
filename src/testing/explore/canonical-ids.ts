/**
 * Executions by names that are the same in every run.
 *
 * Owns: the names. An execution that a scenario triggered keeps its id; one that a step started is called after that step, since
 * a crash may leave ids unused. Its id is replaced by its name wherever it stands in a text.
 */
import type { ObservedExecution } from './exploration-host.js'

/** Executions by name, and what renames everything else that was told of them. */
export interface CanonicalExecutions {
  readonly executions: Readonly<Record<string, ObservedExecution>>
  rename<T>(value: T): T
}

/** The same executions, by name. */
export function canonical(executions: readonly ObservedExecution[]): CanonicalExecutions {
  const byId = new Map(executions.map((execution) => [execution.id, execution]))
  const names = new Map<string, string>()
  const nameOf = (id: string): string => {
    const known = names.get(id)
    if (known !== undefined) return known
    const { parentId = null, key = null } = byId.get(id) ?? {}
    const isOfStep = parentId !== null && key !== null && byId.has(parentId)
    const name = isOfStep ? `${nameOf(parentId)}${key.slice(key.indexOf('/'))}` : id
    names.set(id, name)
    return name
  }
  for (const { id } of executions) nameOf(id)
  const changes = [...names].filter(([id, name]) => id !== name)
  const rename = <T>(value: T): T => (changes.length === 0 ? value : replaced(value, changes))
  const sorted = executions.toSorted((a, b) => (nameOf(a.id) < nameOf(b.id) ? -1 : 1))
  return { executions: Object.fromEntries(sorted.map((execution) => [nameOf(execution.id), rename(execution)])), rename }
}

/** What a program keeps may go in a circle. */
const DEEPEST = 50

function replaced<T>(value: T, changes: readonly (readonly [string, string])[]): T {
  const names = new Map(changes)
  // `execution-2` is no part of `execution-20`
  const anyId = new RegExp(`(?<![A-Za-z0-9])(?:${[...names.keys()].map(escaped).join('|')})(?![A-Za-z0-9])`, 'g')
  return walk(value, 0) as T
  function walk(part: unknown, depth: number): unknown {
    const inside = (inner: unknown) => walk(inner, depth + 1)
    if (typeof part === 'string') return part.replace(anyId, (id) => names.get(id) ?? id)
    if (typeof part !== 'object' || part === null || depth > DEEPEST) return part
    if (Array.isArray(part)) return part.map(inside)
    if (part instanceof Map) return new Map([...part].map(([key, inner]) => [inside(key), inside(inner)]))
    if (part instanceof Set) return new Set([...part].map(inside))
    if (Object.getPrototypeOf(part) !== Object.prototype) return part
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, inside(inner)]))
  }
}

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
