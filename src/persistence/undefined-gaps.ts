/**
 * Puts undefined back where JSON has no word for it.
 *
 * Owns: the reading of the JSON pointers (RFC 6901) that the codec writes beside plain JSON. It walks own properties only,
 * so that no text reaches a prototype, and talks to nobody.
 */

/** `value` with undefined at each of `pointers`; throws a TypeError if one leads nowhere. */
export function fillGaps(value: unknown, pointers: unknown): unknown {
  if (!Array.isArray(pointers)) throw new TypeError('not a list of pointers')
  let root = value
  for (const pointer of pointers) {
    if (pointer === '') root = undefined
    else if (typeof pointer === 'string' && pointer.startsWith('/')) fill(root, pointer)
    else throw new TypeError('not a pointer')
  }
  return root
}

function fill(root: unknown, pointer: string): void {
  const keys = pointer.slice(1).split('/').map(unescapeKey)
  const last = keys.pop() ?? ''
  const holder = keys.reduce(own, root)
  if (typeof holder !== 'object' || holder === null) throw new TypeError(`nothing at ${pointer}`)
  if (Array.isArray(holder) && !Object.hasOwn(holder, last)) throw new TypeError(`no item at ${pointer}`)
  Object.defineProperty(holder, last, { value: undefined, enumerable: true, writable: true, configurable: true })
}

function own(holder: unknown, key: string): unknown {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, key)) throw new TypeError(`no ${key}`)
  return (holder as Record<string, unknown>)[key]
}

const unescapeKey = (key: string) => (key.includes('~') ? key.replaceAll('~1', '/').replaceAll('~0', '~') : key)
