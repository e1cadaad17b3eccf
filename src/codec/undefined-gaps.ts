/**
 * Puts back what stands apart from plain JSON: undefined, and parts that are more than JSON.
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
    else if (typeof pointer === 'string' && pointer.startsWith('/')) fill(root, pointer, undefined)
    else throw new TypeError('not a pointer')
  }
  return root
}

/** `value` with each part at its pointer; throws a TypeError if one leads nowhere. */
export function fillPlaces(value: unknown, pointers: unknown, parts: unknown): unknown {
  if (!Array.isArray(pointers) || !Array.isArray(parts) || parts.length !== pointers.length)
    throw new TypeError('not as many parts as places')
  for (const [index, pointer] of pointers.entries()) {
    if (typeof pointer !== 'string' || !pointer.startsWith('/')) throw new TypeError('not a pointer')
    fill(value, pointer, parts[index])
  }
  return value
}

function fill(root: unknown, pointer: string, part: unknown): void {
  let holder = root
  let from = 1
  for (let to = pointer.indexOf('/', from); to >= 0; to = pointer.indexOf('/', from)) {
    const key = unescapeKey(pointer.slice(from, to))
    if (!isHolder(holder) || !Object.hasOwn(holder, key)) throw new TypeError(`nothing at ${pointer}`)
    holder = holder[key]
    from = to + 1
  }
  const last = unescapeKey(pointer.slice(from))
  if (!isHolder(holder)) throw new TypeError(`nothing at ${pointer}`)
  if (Array.isArray(holder) && !Object.hasOwn(holder, last)) throw new TypeError(`no item at ${pointer}`)
  if (last === '__proto__')
    Object.defineProperty(holder, last, { value: part, enumerable: true, writable: true, configurable: true })
  else holder[last] = part
}

function isHolder(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

const unescapeKey = (key: string) => (key.includes('~') ? key.replaceAll('~1', '/').replaceAll('~0', '~') : key)
