/** Values as people read them in a line. Owns: state values, durations, events and short forms of data. */

/** `charging`, `paid.in full`, `{ left: a, right: b }`; a region without states of its own is its name. */
export function stateText(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) return String(value)
  const parts = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const [only] = parts
  if (parts.length === 1 && only) return isEmpty(only[1]) ? only[0] : `${only[0]}.${stateText(only[1])}`
  return `{ ${parts.map(([name, inner]) => (isEmpty(inner) ? name : `${name}: ${stateText(inner)}`)).join(', ')} }`
}

const isEmpty = (value: unknown) => typeof value === 'object' && value !== null && Object.keys(value).length === 0

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const

/** `1d 2h`, `1m 30s`, `0s`. */
export function durationText(ms: number): string {
  let left = Math.round(Math.abs(ms))
  const parts: string[] = []
  for (const [unit, size] of units) {
    const count = Math.floor(left / size)
    if (count > 0) parts.push(`${count}${unit}`)
    left -= count * size
  }
  return `${ms < 0 ? '-' : ''}${parts.join(' ') || '0s'}`
}

/** An event's type as its machine's author would say it. */
export function eventText(type: string): string {
  const [, kind, id] = /^xstate\.(done|error)\.actor\.(.*)$/.exec(type) ?? []
  if (kind) return `${id} ${kind === 'done' ? 'done' : 'failed'}`
  const [, delay] = /^xstate\.after\.(.*?)\./.exec(type) ?? []
  if (delay !== undefined) return /^\d+$/.test(delay) ? `after ${durationText(Number(delay))}` : `after ${delay}`
  return type === 'xstate.init' ? 'start' : type
}

/** A value in one line, shortened past `most` characters. */
export function valueText(value: unknown, most = 80): string {
  const text = textOf(value, 0)
  return text.length > most ? `${text.slice(0, most - 1)}…` : text
}

function textOf(value: unknown, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return 'function'
  if (typeof value !== 'object' || value === null) return String(value)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (value instanceof Error) return `${value.name}: ${value.message}`
  if ('sessionId' in value && 'send' in value) return `actor ${String((value as { id?: unknown }).id)}`
  if (depth > 4) return '…'
  const inner = (part: unknown) => textOf(part, depth + 1)
  if (Array.isArray(value)) return `[${value.map(inner).join(', ')}]`
  if (value instanceof Map)
    return `Map(${value.size}) {${[...value].map(([key, part]) => `${inner(key)} => ${inner(part)}`).join(', ')}}`
  if (value instanceof Set) return `Set(${value.size}) {${[...value].map(inner).join(', ')}}`
  const parts = Object.entries(value).filter(([, part]) => part !== undefined)
  return parts.length === 0 ? '{}' : `{ ${parts.map(([name, part]) => `${name}: ${inner(part)}`).join(', ')} }`
}
