/**
 * Which trigger answers which request over HTTP.
 *
 * Owns: the routes of all entry points of a runtime, that no two of them claim the same requests, and what a path may be. Does not
 * know how a request is answered.
 */
import { StatewardError } from '../../errors.js'
import type { Trigger, TriggerRoute } from './trigger.js'

/** What a request is for. */
export type RouteFound =
  | { readonly kind: 'route'; readonly entryPoint: string; readonly route: TriggerRoute }
  | { readonly kind: 'health' }
  | { readonly kind: 'not_allowed'; readonly allowed: readonly string[] }
  | { readonly kind: 'not_found' }

/** What a path must be, if it is not; undefined: it is one. */
export function pathProblem(path: unknown): string | undefined {
  if (typeof path !== 'string' || !path.startsWith('/')) return "a path that begins with '/'"
  const url = URL.canParse(path, 'http://host') ? new URL(path, 'http://host') : undefined
  if (url?.host !== 'host' || url.search !== '' || url.hash !== '' || /[?#\s]/.test(path)) return 'a path, without query and host'
  if (/\/(:|[^/]*\*)/.test(path))
    return 'one path, without parameters and wildcards: what varies belongs into the query or the body'
  return url.pathname === path ? undefined : `written as it stands in a URL: ${url.pathname}`
}

type Owner = Exclude<RouteFound, { readonly kind: 'not_allowed' | 'not_found' }>

/** The routes of one runtime. */
export class RouteTable {
  /** Path → method → who answers it. */
  readonly #paths = new Map<string, Map<string, Owner>>()
  /** Entry points that are being removed: their routes are theirs until another one claims them. */
  readonly #leaving = new Set<string>()

  constructor(healthPath: string | false) {
    if (healthPath !== false) this.#claim(claimsOf(healthPath, ['GET', 'HEAD'], { kind: 'health' }))
  }

  /** Claims the routes of these entry points, all or none. Throws `duplicate_route` if two routes have the same path and method. */
  claim(entryPoints: readonly RoutedEntryPoint[]): void {
    this.#claim(
      entryPoints.flatMap(({ id, trigger }) =>
        (trigger.routes ?? []).flatMap((route) => claimsOf(route.path, route.methods, { kind: 'route', entryPoint: id, route })),
      ),
    )
    for (const { id } of entryPoints) this.#leaving.delete(id)
  }

  /** The entry point is being removed: another one may claim its routes. */
  leave(entryPoint: string): void {
    this.#leaving.add(entryPoint)
  }

  /** The entry point is gone, with the routes that it still has. */
  delete(entryPoint: string): void {
    this.#leaving.delete(entryPoint)
    for (const [path, methods] of this.#paths) {
      for (const [method, owner] of methods) if (owner.kind === 'route' && owner.entryPoint === entryPoint) methods.delete(method)
      if (methods.size === 0) this.#paths.delete(path)
    }
  }

  /** Finds who answers a request. */
  find(path: string, method: string): RouteFound {
    const methods = this.#paths.get(path)
    if (!methods) return { kind: 'not_found' }
    return methods.get(method) ?? { kind: 'not_allowed', allowed: [...methods.keys()] }
  }

  #claim(claims: readonly Claim[]): void {
    const asked = new Map<string, Owner>()
    for (const { path, method, owner } of claims) {
      const key = `${method} ${path}`
      const other = asked.get(key) ?? this.#paths.get(path)?.get(method)
      const isFree = !other || (!asked.has(key) && other.kind === 'route' && this.#leaving.has(other.entryPoint))
      if (!isFree) throw duplicateRoute(path, method, [other, owner])
      asked.set(key, owner)
    }
    for (const { path, method, owner } of claims) {
      const known = this.#paths.get(path) ?? new Map<string, Owner>()
      this.#paths.set(path, known.set(method, owner))
    }
  }
}

/** An entry point, as far as its routes go. */
export interface RoutedEntryPoint {
  readonly id: string
  readonly trigger: Trigger
}

interface Claim {
  readonly path: string
  readonly method: string
  readonly owner: Owner
}

const claimsOf = (path: string, methods: readonly string[], owner: Owner): readonly Claim[] =>
  methods.map((method) => ({ path, method, owner }))

function duplicateRoute(path: string, method: string, owners: readonly Owner[]): StatewardError {
  const names = owners.map((owner) => (owner.kind === 'route' ? owner.entryPoint : 'healthPath'))
  return new StatewardError('duplicate_route', `${method} ${path} is claimed twice: by ${names.join(' and by ')}.`, {
    details: { path, method, entryPoints: names },
  })
}
