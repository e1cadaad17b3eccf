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
  return url.pathname === path ? undefined : `written as it stands in a URL: ${url.pathname}`
}

type Owner = Exclude<RouteFound, { readonly kind: 'not_allowed' | 'not_found' }>

/** The routes of one runtime. */
export class RouteTable {
  /** Path → method → who answers it. */
  readonly #paths = new Map<string, Map<string, Owner>>()

  /** Throws `duplicate_route` if two routes have the same path and method. */
  constructor(entryPoints: readonly { readonly id: string; readonly trigger: Trigger }[], healthPath: string | false) {
    if (healthPath !== false) this.#claim(healthPath, ['GET', 'HEAD'], { kind: 'health' })
    for (const { id, trigger } of entryPoints)
      for (const route of trigger.routes ?? []) this.#claim(route.path, route.methods, { kind: 'route', entryPoint: id, route })
  }

  /** Finds who answers a request. */
  find(path: string, method: string): RouteFound {
    const methods = this.#paths.get(path)
    if (!methods) return { kind: 'not_found' }
    return methods.get(method) ?? { kind: 'not_allowed', allowed: [...methods.keys()] }
  }

  #claim(path: string, methods: readonly string[], owner: Owner): void {
    const known = this.#paths.get(path) ?? new Map<string, Owner>()
    this.#paths.set(path, known)
    for (const method of methods) {
      const other = known.get(method)
      if (other) throw duplicateRoute(path, method, [other, owner])
      known.set(method, owner)
    }
  }
}

function duplicateRoute(path: string, method: string, owners: readonly Owner[]): StatewardError {
  const names = owners.map((owner) => (owner.kind === 'route' ? owner.entryPoint : 'healthPath'))
  return new StatewardError('duplicate_route', `${method} ${path} is claimed twice: by ${names.join(' and by ')}.`, {
    details: { path, method, entryPoints: names },
  })
}
