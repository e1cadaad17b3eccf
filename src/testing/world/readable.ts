/** What people read in a line: state values, durations, events, and live data at a glance. Owns their forms; those of stored data are in `snapshots/value-text.ts`. */

import { inspect } from 'node:util'
import { delayOf, endOf, startEvent } from '../../actors/program/xstate/xstate-events.js'

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
  const end = endOf(type)
  if (end) return `${end.id} ${end.kind === 'done' ? 'done' : 'failed'}`
  const delay = delayOf(type)
  if (delay !== undefined) return /^\d+$/.test(delay) ? `after ${durationText(Number(delay))}` : `after ${delay}`
  return type === startEvent ? 'start' : type
}

/** How many parts of a value are shown. */
const MANY = 20
const DEEP = 4

/** A live value in one line, whatever it is: cut past `most` characters, past some parts and some depth. */
export function shortText(value: unknown, most = 80): string {
  const text = textOf(value, 0)
  return text.length > most ? `${text.slice(0, most - 1)}…` : text
}

/** A live value with all that is in it, to compare by and not to read. */
export function fullText(value: unknown): string {
  return inspect(value, { depth: Infinity, maxArrayLength: null, maxStringLength: null, breakLength: Infinity, sorted: true })
}

function textOf(value: unknown, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return 'function'
  if (typeof value !== 'object' || value === null) return String(value)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (value instanceof Error) return `${value.name}: ${value.message}`
  if (value instanceof URL || value instanceof RegExp) return String(value)
  if ('sessionId' in value && 'send' in value) return `actor ${String((value as { id?: unknown }).id)}`
  if (depth > DEEP) return '…'
  const listed = (parts: readonly unknown[], text: (part: never) => string) =>
    [...parts.slice(0, MANY).map((part) => text(part as never)), ...(parts.length > MANY ? ['…'] : [])].join(', ')
  const inner = (part: unknown) => textOf(part, depth + 1)
  const pair = ([key, part]: [unknown, unknown]) => `${inner(key)} => ${inner(part)}`
  if (Array.isArray(value)) return `[${listed(value, inner)}]`
  if (value instanceof Map) return `Map(${value.size}) {${listed([...value], pair)}}`
  if (value instanceof Set) return `Set(${value.size}) {${listed([...value], inner)}}`
  const parts = Object.entries(value).filter(([, part]) => part !== undefined)
  return parts.length === 0 ? '{}' : `{ ${listed(parts, ([name, part]: [string, unknown]) => `${name}: ${inner(part)}`)} }`
}
